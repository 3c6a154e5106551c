import type { ExecutionContext } from "@cloudflare/workers-types";
import { compose, type Env } from "./compose.ts";
import type { App } from "./http/app.ts";

/** Bindings are the same objects for every request of an isolate, so the app is composed once. */
let app: App | undefined;

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    app ??= compose(env);
    return app.fetch(request, env, ctx);
  },
};
