import { searchError } from "../format/search-error.ts";
import type { LoadedIndex } from "./loaded-index.ts";
import type { FacetCounts, SearchRequest, SearchResponse } from "./types.ts";

/** Values of a facet that an answer lists. */
const FACET_VALUES = 100;

/** What one index has answered to a search of several. */
export interface PartAnswer {
  readonly response: SearchResponse;
  /** What its vectors are made by; undefined where it has none to compare texts with. */
  readonly embedder: string | undefined;
}

/**
 * The search that each of several indexes is asked, so that the page can be cut from all of their hits.
 *
 * @throws SearchError `NOT_ACROSS_INDEXES` for what only one index can answer
 */
export function partRequest(request: SearchRequest): SearchRequest {
  for (const field of ["item", "id", "mmr"] as const) {
    if (request[field] === undefined) continue;
    throw searchError(
      "NOT_ACROSS_INDEXES",
      field,
      `${field} is of one index; a search of several takes none.`,
    );
  }
  const { indexes: _, offset = 0, ...rest } = request;
  return { ...rest, k: offset + request.k };
}

export function embedderOf({ embedder, manifest }: LoadedIndex): string | undefined {
  const { provider, model, dimensions } = embedder?.identity ?? manifest.embedder ?? {};
  return provider && `${provider} ${model ?? ""} ${dimensions ?? ""}`;
}

/**
 * One answer out of those of several indexes. Hits are merged by score: of vectors a function of the distance alone, of words
 * the part of the most that they could reach. So they compare where the vectors are made alike, which is held here.
 *
 * @throws SearchError `NOT_ACROSS_INDEXES` when vectors of different embedders or metrics would be compared
 */
export function mergeAnswers(request: SearchRequest, parts: readonly PartAnswer[]): SearchResponse {
  requireAlike(parts);
  const { offset = 0, k } = request;
  const responses = parts.map(({ response }) => response);
  const hits = responses
    .flatMap(({ index, hits }) => hits.map((hit) => ({ ...hit, index })))
    // Stable: of equal scores the index that was named first comes first.
    .sort((a, b) => b.score - a.score)
    .slice(offset, offset + k);
  const facets = request.facets && mergeFacets(request.facets, responses);
  const warnings = responses.flatMap(({ index, warnings = [] }) =>
    warnings.map(({ code, message }) => ({ code, message: `${index}: ${message}` })),
  );
  const [first] = responses;
  return {
    index: responses.map(({ index }) => index).join(","),
    version: responses.map(({ version }) => version).join(","),
    metric: first!.metric,
    mode: first!.mode,
    indexes: responses.map(({ index, version, metric, mode }) => ({ index, version, metric, mode })),
    hits,
    ...(facets && { facets }),
    ...(responses.some(({ partial }) => partial) && { partial: true as const }),
    ...(warnings.length > 0 && { warnings }),
  };
}

function requireAlike(parts: readonly PartAnswer[]): void {
  const compared = parts.filter(({ response }) => response.mode !== "keyword");
  const [first] = compared;
  const other = compared.find(
    ({ response, embedder }) => embedder !== first?.embedder || response.metric !== first?.response.metric,
  );
  if (!first || !other) return;
  const names = `${first.response.index} and ${other.response.index}`;
  const message = `The vectors of ${names} are made by different embedders or compared by different metrics. Search them in mode keyword.`;
  throw searchError("NOT_ACROSS_INDEXES", "indexes", message);
}

function mergeFacets(fields: readonly string[], responses: readonly SearchResponse[]): FacetCounts {
  return Object.fromEntries(
    fields.map((field) => {
      const counts = new Map<string | number | boolean, number>();
      for (const { facets } of responses) {
        for (const { value, count } of facets?.[field] ?? [])
          counts.set(value, (counts.get(value) ?? 0) + count);
      }
      const merged = Array.from(counts, ([value, count]) => ({ value, count }));
      return [field, merged.sort((a, b) => b.count - a.count).slice(0, FACET_VALUES)];
    }),
  );
}
