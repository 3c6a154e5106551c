import { defineConfig } from "vitest/config";

/** Tests against Annoy and LangChain for Python. Apart from `vitest.config.ts`, because they fetch and compile both. */
export default defineConfig({
  test: {
    name: "peers",
    include: ["test/peers/**/*.test.ts"],
    globalSetup: ["test/peers/setup.ts"],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
