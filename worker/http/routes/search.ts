import * as z from "zod/mini";
import { isFilterParameter, parseFilterParameters } from "../../core/columns/parse.ts";
import { searchError } from "../../core/format/search-error.ts";
import { parseBatchRequest, parseSearchRequest, validate } from "../../core/search/parse.ts";
import { MAX_K } from "../../core/search/schema.ts";
import { searchBatchWith, searchWith } from "../../core/search/search.ts";
import type { Searcher } from "../../core/search/searcher.ts";
import type { SearchRequest, SearchResponse } from "../../core/search/types.ts";
import { suggestWith } from "../../core/search/words/suggest.ts";
import { suggestRequestSchema } from "../../core/search/words/suggest-schema.ts";
import { BODY_TIMEOUT, type BodyLimits, MAX_BATCH_BYTES, MAX_BODY_BYTES, readJson } from "../body.ts";
import { countQuery } from "../insights.ts";
import { searchFromParameters } from "../parameters.ts";
import { type AppContext, type HttpLimits, stateOf } from "../types.ts";
import { sourceOf, versionedGet, withSearcher } from "./answering.ts";
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
      const body = await readJson(c.req, bodyLimits(c, limits.maxBodyBytes ?? MAX_BODY_BYTES));
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
      const body = await readJson(c.req, bodyLimits(c, limits.maxBatchBytes ?? MAX_BATCH_BYTES));
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
  return { maxBytes, timeout: limitsOf(c).bodyTimeout ?? BODY_TIMEOUT, reserve: stateOf(c).reserve };
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

/** `GET /v1/suggest`: texts that complete the one that is typed. */
export function addSuggestRoute(router: Router): void {
  indexRoute(router, "/v1/suggest", "search", {
    get: (c) => {
      const request = validate(suggestRequestSchema, readParameters(new URL(c.req.url).searchParams));
      if (request.query.trim() === "") throw searchError("EMPTY_QUERY", "query", "query has no text.");
      return versionedGet(c, (searcher) => suggestWith(searcher, request));
    },
  });
}

/** @throws SearchError `UNKNOWN_FIELD`, `DUPLICATE_FIELD`, `INVALID_FILTER` */
function readParameters(parameters: URLSearchParams): Record<string, unknown> {
  const request: Record<string, unknown> = {};
  for (const [name, value] of parameters) {
    if (isFilterParameter(name)) continue;
    const shown = name.slice(0, 60);
    if (name !== "q" && name !== "k")
      throw searchError("UNKNOWN_FIELD", shown, `There is no parameter ${JSON.stringify(shown)}.`);
    const field = name === "q" ? "query" : name;
    if (field in request) throw searchError("DUPLICATE_FIELD", name, `${name} is given more than once.`);
    request[field] = name === "k" && /^\d{1,9}$/.test(value) ? Number(value) : value;
  }
  const filter = parseFilterParameters(parameters);
  if (filter !== undefined) request.filter = filter;
  return request;
}

const position = z.int().check(z.minimum(0), z.maximum(MAX_K - 1));

/**
 * Counts the hits that people follow. The request's line in the log and its data point are all that comes of it: a position and
 * the name of the index, not what was searched for, nor what was found, nor by whom.
 */
export function addInsightRoutes(router: Router): void {
  indexRoute(router, "/v1/selections/:position", "search", {
    post: async (c) => {
      const text = c.req.param("position") ?? "";
      await sourceOf(c);
      stateOf(c).position = validate(position, /^\d{1,9}$/.test(text) ? Number(text) : text, "position");
      return c.body(null, 204);
    },
  });
}
