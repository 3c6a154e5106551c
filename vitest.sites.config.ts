import { defineConfig } from "vitest/config";

/** Real sites: built documentation from Debian packages, which apt-get brings. Not part of `npm test`. */
export default defineConfig({
  test: {
    include: ["test/sites/**/*.test.ts"],
    testTimeout: 300_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
