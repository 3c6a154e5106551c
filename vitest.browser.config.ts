import { defineConfig } from "vitest/config";

/** Tests in real Chromium against the real Worker. Apart from `vitest.config.ts`, because they need a browser. */
export default defineConfig({
  test: {
    name: "browser",
    include: ["test/browser/**/*.test.ts"],
    globalSetup: ["test/browser/setup.ts"],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // One Worker and two cores: files one after the other are steadier, and no slower.
    fileParallelism: false,
  },
});
