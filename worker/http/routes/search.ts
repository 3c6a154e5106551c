import { parseBatchRequest, parseSearchRequest } from "../../core/search/parse.ts";
import { searchBatchWith, searchWith } from "../../core/search/search.ts";
import type { Searcher } from "../../core/search/searcher.ts";
import type { SearchRequest, SearchResponse } from "../../core/search/types.ts";
import { BODY_TIMEOUT, type BodyLimits, MAX_BATCH_BYTES, MAX_BODY_BYTES, readJson } from "../body.ts";
import { countQuery } from "../insights.ts";
import { searchFromParameters } from "../parameters.ts";
import { type AppContext, type HttpLimits, stateOf } from "../types.ts";
import { versionedGet, withSearcher } from "./answering.ts";
import { indexRoute, type Router } from "./route.ts";
import { searchSeveral } from "./several.ts";

/** `GET` and `POST /v1/search`, `POST /v1/search/batch`. Requests are checked before the index is loaded: a bad one costs nothing. */
export function addSearchRoutes(router: Router): void {
  indexRoute(router, "/v1/search", "search", {
    get: async (c) => {
      const parameters = searchFromParameters(new URL(c.req.url).searchParams);
      const request = parseSearchRequest(parameters, limitsOf(c));
      return counted(c, request, async () =>
        request.indexes
          ? uncached(c, await searchSeveral(c, request.indexes, request))
          : versionedGet(c, (searcher) => answer(c, searcher, request)),
      );
    },
    post: async (c) => {
      const limits = limitsOf(c);
      const body = await readJson(c.req.raw, bodyLimits(c, limits.maxBodyBytes ?? MAX_BODY_BYTES));
      const request = parseSearchRequest(body, limits);
      return counted(c, request, async () =>
        request.indexes
          ? uncached(c, await searchSeveral(c, request.indexes, request))
          : withSearcher(c, async (searcher) => uncached(c, await answer(c, searcher, request))),
      );
    },
  });

  indexRoute(router, "/v1/search/batch", "search", {
    post: async (c) => {
      const limits = limitsOf(c);
      const body = await readJson(c.req.raw, bodyLimits(c, limits.maxBatchBytes ?? MAX_BATCH_BYTES));
      const requests = parseBatchRequest(body, limits);
      return withSearcher(c, async (searcher) => uncached(c, await searchBatchWith(searcher, requests)));
    },
  });
}

/** Counts a search that was answered, from a cache or not. */
async function counted(
  c: AppContext,
  request: SearchRequest,
  answered: () => Promise<Response>,
): Promise<Response> {
  const response = await answered();
  countQuery(c, request);
  return response;
}

function limitsOf(c: AppContext): HttpLimits {
  return stateOf(c).service.limits ?? {};
}

function bodyLimits(c: AppContext, maxBytes: number): BodyLimits {
  return { maxBytes, timeout: limitsOf(c).bodyTimeout ?? BODY_TIMEOUT, hold: stateOf(c).hold };
}

/** Warnings of what may be better the next time: such an answer is not kept. */
const FLEETING: ReadonlySet<string> = new Set([
  "EMBEDDER_UNAVAILABLE",
  "VECTORS_UNAVAILABLE",
  "RERANKER_UNAVAILABLE",
]);

async function answer(c: AppContext, searcher: Searcher, request: SearchRequest): Promise<SearchResponse> {
  const response = await searchWith(searcher, request);
  const state = stateOf(c);
  state.mode = response.mode;
  state.hits = response.hits.length;
  const fleeting = response.warnings?.some(({ code }) => FLEETING.has(code));
  if (fleeting || response.partial) state.fleeting = true;
  return response;
}

function uncached(c: AppContext, body: object): Response {
  c.header("Cache-Control", "no-store");
  return c.json(body);
}
