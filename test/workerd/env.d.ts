/** Types of `import { env, exports } from "cloudflare:workers"` in the tests. */
declare namespace Cloudflare {
  interface Env extends Required<import("../../worker/app.ts").Env> {
    /** Three calls a minute; see vitest.config.ts. */
    readonly TEST_RATE_LIMITER: import("../../worker/http/rate-limit.ts").RateLimiter;
  }
  interface GlobalProps {
    mainModule: typeof import("../../worker/main.ts");
  }
}
