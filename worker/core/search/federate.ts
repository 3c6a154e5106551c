import { FACET_VALUES } from "../columns/facets.ts";
import { compareBy, type SortKey } from "../columns/order.ts";
import { searchError } from "../format/search-error.ts";
import type { LoadedIndex } from "./loaded-index.ts";
import { hitsOf, sortOf } from "./request.ts";
import { MAX_K } from "./schema.ts";
import type { FacetCounts, Group, Hit, SearchRequest, SearchResponse, Total } from "./types.ts";

/** Answer of one index to a search of several. */
export interface PartAnswer {
  readonly response: SearchResponse;
  /** Embedder and metric of its vectors; undefined where it has none to compare texts with. */
  readonly embedder: string | undefined;
}

/**
 * The search that each of several indexes is asked, so that the page can be cut from all of their hits.
 *
 * @throws SearchError `NOT_ACROSS_INDEXES` for what only one index can answer
 */
export function partRequest(request: SearchRequest): SearchRequest {
  for (const field of ["item", "id", "mmr", "rerank"] as const) {
    if (request[field] === undefined) continue;
    throw searchError(
      "NOT_ACROSS_INDEXES",
      field,
      `${field} is of one index; a search of several takes none.`,
    );
  }
  const { indexes: _, offset = 0, ...rest } = request;
  const part = { ...rest, k: offset + request.k };
  if (hitsOf(part) > MAX_K) {
    const message = `A page of several indexes that reaches so far takes ${hitsOf(part)} hits of each; at most ${MAX_K} are allowed.`;
    throw searchError("OUT_OF_RANGE", "offset", message);
  }
  return part;
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
  const sort = request.sort ? sortOf(request.sort) : [];
  const units = responses
    .flatMap(({ index, hits, groups }) => unitsOf(index, hits, groups))
    // Stable: of equals the index that was named first comes first.
    .sort((a, b) => compareHits(sort, a.hits[0]!, b.hits[0]!))
    .slice(offset, offset + k);
  const groups = request.groupBy && units.flatMap(({ group }) => group ?? []);
  const total = request.total ? addTotals(responses) : undefined;
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
    hits: units.flatMap(({ hits }) => hits),
    ...(groups && { groups }),
    ...(total && { total }),
    ...(facets && { facets }),
    ...(responses.some(({ partial }) => partial) && { partial: true as const }),
    ...(warnings.length > 0 && { warnings }),
  };
}

/** A hit, or the hits of a group: what is merged as one. */
interface Unit {
  readonly hits: readonly Hit[];
  readonly group?: Group;
}

/** Groups of different indexes stay apart, whatever their values. */
function unitsOf(index: string, hits: readonly Hit[], groups: readonly Group[] | undefined): Unit[] {
  const named = hits.map((hit) => ({ ...hit, index }));
  if (!groups) return named.map((hit) => ({ hits: [hit] }));
  let next = 0;
  return groups.map((group) => {
    const first = next;
    next += group.hits;
    return { hits: named.slice(first, next), group: { index, ...group } };
  });
}

function compareHits(sort: readonly SortKey[], a: Hit, b: Hit): number {
  for (const [i, key] of sort.entries()) {
    const difference = compareBy(key, a.sort?.[i] ?? null, b.sort?.[i] ?? null);
    if (difference !== 0) return difference;
  }
  return b.score - a.score;
}

function addTotals(responses: readonly SearchResponse[]): Total {
  const totals = responses.flatMap(({ total }) => total ?? []);
  const groups = totals.flatMap((total) => total.groups ?? []);
  const isExact = totals.every(({ relation }) => relation === "exact");
  return {
    value: totals.reduce((sum, { value }) => sum + value, 0),
    relation: isExact ? "exact" : "estimate",
    ...(groups.length > 0 && { groups: groups.reduce((sum, count) => sum + count, 0) }),
  };
}

function requireAlike(parts: readonly PartAnswer[]): void {
  const compared = parts.filter(({ response }) => response.mode === "vector" || response.mode === "hybrid");
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
