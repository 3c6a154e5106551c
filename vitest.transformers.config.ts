import { defineConfig } from "vitest/config";

/** Tests through `@huggingface/transformers`. Apart from `vitest.config.ts`, because it is half a gigabyte to fetch. */
export default defineConfig({
  test: {
    name: "transformers",
    include: ["test/transformers/**/*.test.ts"],
    globalSetup: ["test/transformers/setup.ts"],
    // The tests change their directory, which threads cannot.
    pool: "forks",
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
