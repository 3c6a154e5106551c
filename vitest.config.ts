import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Half of these tests wait for workerd, a compiler or a child: one file at a time would leave a core idle.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: "node",
          include: ["{worker,build,scripts,test}/**/*.test.ts"],
          exclude: [
            "test/workerd/**",
            "test/browser/**",
            "test/transformers/**",
            "test/peers/**",
            "test/sites/**",
            "test/frameworks/**",
            "node_modules/**",
          ],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: { LOG: "off" },
              ratelimits: { TEST_RATE_LIMITER: { namespace_id: "1", simple: { limit: 3, period: 60 } } },
            },
          }),
        ],
        test: {
          name: "workerd",
          include: ["test/workerd/**/*.test.ts"],
          globalSetup: ["./test/seed/global-setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
