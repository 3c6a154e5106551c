import type { Context } from "hono";
import type { LoadedIndex } from "../../search/types.ts";
import type { App } from "../app.ts";
import { isFresh, markCacheable } from "../caching.ts";
import { addTiming } from "../headers.ts";
import { HttpError } from "../problems.ts";
import type { AppEnv, AppOptions } from "../types.ts";

export type Handler = (c: Context<AppEnv>) => Response | Promise<Response>;

/** Registers a path with the methods it takes; any other method gets a 405 that names them. */
export function route(app: App, path: string, handlers: { get?: Handler; post?: Handler }): void {
  if (handlers.get) app.get(path, handlers.get);
  if (handlers.post) app.post(path, handlers.post);
  const allowed = [...(handlers.get ? ["GET", "HEAD"] : []), ...(handlers.post ? ["POST"] : []), "OPTIONS"];
  app.all(path, (c) => {
    const detail = `${c.req.path.slice(0, 200)} does not take ${c.req.method}; it takes ${allowed.join(", ")}.`;
    throw new HttpError("METHOD_NOT_ALLOWED", detail, { allow: allowed.join(", ") });
  });
}

/** Runs `run` with the index to answer from, its loading timed and its version noted for the answer's headers. */
export function withIndex<R>(
  c: Context<AppEnv>,
  options: AppOptions,
  run: (index: LoadedIndex) => R | Promise<R>,
): Promise<R> {
  return options.source.use(c.executionCtx, ({ value, waitedMs }) => {
    addTiming(c, "load", waitedMs);
    c.get("state").version = value.version;
    return run(value);
  });
}

/**
 * Answers a GET whose body depends on nothing but its URL and the version: 304 without computing it when the client
 * holds it already.
 */
export function versionedGet(
  c: Context<AppEnv>,
  options: AppOptions,
  compute: (index: LoadedIndex) => object | Promise<object>,
): Promise<Response> {
  return withIndex(c, options, async (index) => {
    const fresh = isFresh(c.req.raw, index.version);
    const body = fresh ? undefined : await compute(index);
    markCacheable(c, index.version);
    return body === undefined ? c.body(null, 304) : c.json(body);
  });
}
