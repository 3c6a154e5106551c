import type { ExecutionContext, ScheduledController } from "@cloudflare/workers-types";
import { type Composition, composeWorker, type Env } from "./compose.ts";
import { runSchedule } from "./scheduled.ts";

/** The class of the binding SHARDS. */
export { IndexShard } from "./shards/object.ts";

/** Bindings are the same objects for every request of an isolate, so the rooms are put together once. */
let composition: Composition | undefined;

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    composition ??= composeWorker(env);
    return composition.app.fetch(request, env, ctx);
  },

  async scheduled(controller: ScheduledController, env: Env, ctx: ExecutionContext): Promise<void> {
    composition ??= composeWorker(env);
    await runSchedule({ env, source: composition.source, ctx, cron: controller.cron });
  },
};
