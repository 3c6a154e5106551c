import { isFilterParameter, parseFilterParameters } from "../../core/columns/parse.ts";
import { searchError } from "../../core/format/search-error.ts";
import { validate } from "../../core/search/parse.ts";
import { suggestWith } from "../../core/search/words/suggest.ts";
import { suggestRequestSchema } from "../../core/search/words/suggest-schema.ts";
import { versionedGet } from "./answering.ts";
import { indexRoute, type Router } from "./route.ts";

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
