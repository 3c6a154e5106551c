import type { Context } from "hono";
import { openSearcher } from "../../core/search/open-searcher.ts";
import { countShards, type Searcher } from "../../core/search/searcher.ts";
import { regionOf } from "../../core/search/shards/regions.ts";
import type { SearchPhase } from "../../core/search/timing.ts";
import { answerTag, isFresh, markCacheable } from "../caching.ts";
import { answerKey, keepAnswer, readAnswer } from "../edge-cache.ts";
import { addTiming } from "../headers.ts";
import { HttpError } from "../problems.ts";
import type { App, AppEnv } from "../state.ts";
import type { AppOptions } from "../types.ts";

export type Handler = (c: Context<AppEnv>) => Response | Promise<Response>;

/** Registers a path with the methods it takes; any other method gets a 405 that names them. */
export function route(app: App, path: string, handlers: { get?: Handler; post?: Handler }): void {
  const name = path.replace(/:(\w+)(\{[^}]*\})?/g, "{$1}");
  const named =
    (handler: Handler): Handler =>
    (c) => {
      c.get("state").route = name;
      return handler(c);
    };
  if (handlers.get) app.get(path, named(handlers.get));
  if (handlers.post) app.post(path, named(handlers.post));
  const allowed = [...(handlers.get ? ["GET", "HEAD"] : []), ...(handlers.post ? ["POST"] : []), "OPTIONS"];
  app.all(
    path,
    named((c) => {
      if (c.req.method === "OPTIONS") return c.body(null, 204, { Allow: allowed.join(", ") });
      const detail = `${c.req.path.slice(0, 200)} does not take ${c.req.method}; it takes ${allowed.join(", ")}.`;
      throw new HttpError("METHOD_NOT_ALLOWED", detail, { allow: allowed.join(", ") });
    }),
  );
}

/** Runs `run` with a searcher of the index, its loading timed and its version noted for the answer's headers. */
export function withSearcher<R>(
  c: Context<AppEnv>,
  options: AppOptions,
  run: (searcher: Searcher) => R | Promise<R>,
): Promise<R> {
  return options.source.use(c.executionCtx, async ({ value, waitedMs }) => {
    addTiming(c, "load", waitedMs);
    c.get("state").version = value.version;
    // Reading `cf` makes an object of all that Cloudflare knows of a request; only shards ask where it came from.
    const from = value.shards ? regionOf((c.req.raw as { cf?: unknown }).cf) : undefined;
    const onPhase = (phase: SearchPhase, ms: number) => addTiming(c, phase, ms);
    const searcher = openSearcher(value, { onPhase, ...(from && { from }) });
    try {
      return await run(searcher);
    } finally {
      const { shards } = searcher;
      if (shards && shards.asked.size > 0) c.get("state").shards = countShards(shards);
    }
  });
}

/**
 * Answers a GET whose body depends on nothing but its URL, the version and this code. Without computing it when the client holds
 * it already (304) or the data centre's cache does.
 */
export function versionedGet(
  c: Context<AppEnv>,
  options: AppOptions,
  compute: (searcher: Searcher) => object | Promise<object>,
): Promise<Response> {
  return withSearcher(c, options, async (searcher) => {
    const tag = answerTag(searcher.index.version, options.revision);
    const visibility = options.keys ? "private" : "public";
    if (isFresh(c.req.raw, tag)) {
      markCacheable(c, tag, visibility);
      return c.body(null, 304);
    }
    const json = await cachedJson(c, options, tag, async () => JSON.stringify(await compute(searcher)));
    if (c.get("state").fleeting) c.header("Cache-Control", "no-store");
    else markCacheable(c, tag, visibility);
    return c.body(json, 200, { "Content-Type": "application/json" });
  });
}

async function cachedJson(
  c: Context<AppEnv>,
  { cache, name }: AppOptions,
  tag: string,
  compute: () => Promise<string>,
): Promise<string> {
  if (!cache) return compute();
  const state = c.get("state");
  const key = answerKey(name, tag, c.req.url);
  const kept = await readAnswer(cache, key);
  state.cache = kept === undefined ? "miss" : "hit";
  if (kept !== undefined) return kept;
  const json = await compute();
  if (!state.fleeting) c.executionCtx.waitUntil(keepAnswer(cache, key, json));
  return json;
}
