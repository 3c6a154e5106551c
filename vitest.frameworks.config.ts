import { defineConfig } from "vitest/config";

/** Sites that their own frameworks build, searched in Chromium. npm brings the frameworks, so it is not part of `npm test`. */
export default defineConfig({
  test: {
    include: ["test/frameworks/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 600_000,
    fileParallelism: false,
  },
});
