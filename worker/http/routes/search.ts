import type { Context } from "hono";
import { parseBatchRequest, parseSearchRequest } from "../../core/search/parse.ts";
import { searchBatchWith, searchWith } from "../../core/search/search.ts";
import type { Searcher } from "../../core/search/searcher.ts";
import type { SearchRequest, SearchResponse } from "../../core/search/types.ts";
import { BODY_TIMEOUT, MAX_BATCH_BYTES, MAX_BODY_BYTES, readJson } from "../body.ts";
import { searchFromParameters } from "../parameters.ts";
import type { App, AppEnv } from "../state.ts";
import type { AppOptions } from "../types.ts";
import { route, versionedGet, withSearcher } from "./route.ts";

/** `GET` and `POST /v1/search`, `POST /v1/search/batch`. Requests are checked before the index is loaded: a bad one costs nothing. */
export function addSearchRoutes(app: App, options: AppOptions): void {
  const { limits = {} } = options;
  const bodyLimits = {
    maxBytes: limits.maxBodyBytes ?? MAX_BODY_BYTES,
    timeout: limits.bodyTimeout ?? BODY_TIMEOUT,
  };

  const batchLimits = { ...bodyLimits, maxBytes: limits.maxBatchBytes ?? MAX_BATCH_BYTES };

  route(app, "/v1/search", {
    get: (c) => {
      const request = parseSearchRequest(searchFromParameters(new URL(c.req.url).searchParams), limits);
      return versionedGet(c, options, (searcher) => answer(c, searcher, request));
    },
    post: async (c) => {
      const request = parseSearchRequest(await readJson(c.req.raw, bodyLimits), limits);
      return withSearcher(c, options, async (searcher) => uncached(c, await answer(c, searcher, request)));
    },
  });

  route(app, "/v1/search/batch", {
    post: async (c) => {
      const requests = parseBatchRequest(await readJson(c.req.raw, batchLimits), limits);
      return withSearcher(c, options, async (searcher) =>
        uncached(c, await searchBatchWith(searcher, requests)),
      );
    },
  });
}

/** Warnings of what may be better the next time: such an answer is not kept. */
const FLEETING: ReadonlySet<string> = new Set(["EMBEDDER_UNAVAILABLE", "VECTORS_UNAVAILABLE"]);

async function answer(
  c: Context<AppEnv>,
  searcher: Searcher,
  request: SearchRequest,
): Promise<SearchResponse> {
  const response = await searchWith(searcher, request);
  const state = c.get("state");
  state.mode = response.mode;
  state.hits = response.hits.length;
  const fleeting = response.warnings?.some(({ code }) => FLEETING.has(code));
  if (fleeting || response.partial) state.fleeting = true;
  return response;
}

function uncached(c: Context<AppEnv>, body: object): Response {
  c.header("Cache-Control", "no-store");
  return c.json(body);
}
