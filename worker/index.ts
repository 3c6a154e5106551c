import { WorkerEntrypoint } from "cloudflare:workers";
import type { ExecutionContext, ScheduledController } from "@cloudflare/workers-types";
import { type CreateAppOptions, compositionOf, createApp, type Env, servicesWith } from "./app.ts";
import type { Client } from "./client/client.ts";
import type { SearchInput, SearchResponse } from "./client/types.ts";
import { clientOf, type SearchRpc } from "./rpc.ts";
import { runSchedule } from "./scheduled.ts";

export type { Env, ServiceOptions } from "./app.ts";
export { type CreateAppOptions, createApp } from "./app.ts";
export type { Access, Action } from "./core/access/token.ts";
export { AnnoyEdgeError } from "./core/format/errors.ts";
export { restrict } from "./http/access.ts";
export type { App, App as AppType } from "./http/app.ts";
export { shareWith } from "./http/headers.ts";
export { HttpError } from "./http/problems.ts";
export { rateLimit } from "./http/rate-limit.ts";
export type { HttpLimits, Middleware } from "./http/types.ts";
export type { SearchRpc } from "./rpc.ts";
/** The class of the binding SHARDS. */
export { IndexShard } from "./shards/object.ts";

const app = createApp();
const serviceOf = servicesWith();

/** The handler of a Worker that is nothing but the search. */
export interface SearchWorker {
  fetch(request: Request, env: Env, ctx: ExecutionContext): Response | Promise<Response>;
  scheduled(controller: ScheduledController, env: Env, ctx: ExecutionContext): Promise<void>;
  /** Answers `env.SEARCH.search({ … })` of another Worker, without an entrypoint named in its binding. */
  search(input: SearchInput, env: Env, ctx: ExecutionContext): Promise<SearchResponse>;
}

/** Makes the handler that the default export is, with options: `export default createWorker({ mcp: mcp() })`. */
export function createWorker(options: CreateAppOptions = {}): SearchWorker {
  const own = createApp(options);
  const ownServiceOf = servicesWith(options);
  return {
    // Hono's own type of the context has a field that only its servers set.
    fetch: (request, env, ctx) => own.fetch(request, env, ctx as never),
    scheduled: async (controller, env, ctx) =>
      runSchedule({ env, indexes: compositionOf(env, options).indexes, ctx, cron: controller.cron }),
    search: (input, env, ctx) => clientOf(ownServiceOf(env), env, ctx).search(input),
  };
}

export default createWorker();

/** For service bindings with `entrypoint = "SearchService"`: every call of {@link SearchRpc}. */
export class SearchService extends WorkerEntrypoint<Env> implements SearchRpc {
  search(...[input, index]: Parameters<SearchRpc["search"]>): ReturnType<SearchRpc["search"]> {
    return this.#client(index).search(input);
  }

  searchBatch(
    ...[searches, index]: Parameters<SearchRpc["searchBatch"]>
  ): ReturnType<SearchRpc["searchBatch"]> {
    return this.#client(index).searchBatch(searches);
  }

  suggest(...[text, options, index]: Parameters<SearchRpc["suggest"]>): ReturnType<SearchRpc["suggest"]> {
    return this.#client(index).suggest(text, options);
  }

  document(...[id, index]: Parameters<SearchRpc["document"]>): ReturnType<SearchRpc["document"]> {
    return this.#client(index).document(id);
  }

  item(...[item, index]: Parameters<SearchRpc["item"]>): ReturnType<SearchRpc["item"]> {
    return this.#client(index).item(item);
  }

  distance(...[i, j, index]: Parameters<SearchRpc["distance"]>): ReturnType<SearchRpc["distance"]> {
    return this.#client(index).distance(i, j);
  }

  index(...[index]: Parameters<SearchRpc["index"]>): ReturnType<SearchRpc["index"]> {
    return this.#client(index).index();
  }

  indexes(): ReturnType<SearchRpc["indexes"]> {
    return this.#client().indexes();
  }

  override fetch(request: Request): Response | Promise<Response> {
    return app.fetch(request, this.env, this.ctx as never);
  }

  #client(index?: string): Client {
    return clientOf(serviceOf(this.env), this.env, this.ctx, index);
  }
}
