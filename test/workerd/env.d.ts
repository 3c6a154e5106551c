/** Types of `import { env, exports } from "cloudflare:workers"` in the tests. */
declare namespace Cloudflare {
  interface Env extends Required<import("../../worker/compose.ts").Env> {}
  interface GlobalProps {
    mainModule: typeof import("../../worker/index.ts");
  }
}
