import { distanceBetween } from "../forest/metrics.ts";
import { SearchError, searchError } from "./errors.ts";
import { type CompiledFilter, compileFilter } from "./filter/compile.ts";
import { facetCounts } from "./filter/facets.ts";
import { DEFAULT_FUSION, FUSION_DEPTH, fuse, type RankedItems } from "./fusion.ts";
import { keywordSearch } from "./keyword/search.ts";
import { maximalMarginalRelevance } from "./mmr.ts";
import { type Accept, both, operatorsOf, withoutExclusions } from "./operators.ts";
import { queryVector } from "./query-vector.ts";
import { MAX_K } from "./schema.ts";
import { scoreOf } from "./score.ts";
import { type SearchOptions, timed } from "./timing.ts";
import type { FacetCounts, LoadedIndex, SearchMode, SearchRequest, SearchWarning } from "./types.ts";
import { nearestItems, vectorsOf } from "./vectors.ts";

/** Which items answer a search, best first: parallel arrays. */
export interface Ranking {
  readonly mode: SearchMode;
  readonly items: readonly number[];
  /** Absent when no vector was compared. */
  readonly distances: readonly number[] | undefined;
  readonly scores: readonly number[];
  readonly query: Float32Array | undefined;
  readonly facets: FacetCounts | undefined;
  readonly warnings: readonly SearchWarning[];
}

interface Side extends RankedItems {
  readonly distances?: readonly number[];
}

interface Conditions {
  readonly accept: Accept | undefined;
  readonly fraction: number | undefined;
  /** What the filter passes, a bit an item; what else is asked of items may pass fewer. */
  readonly bits: Uint32Array | undefined;
}

const NOTHING_UNDERSTOOD: SearchWarning = {
  code: "NOTHING_UNDERSTOOD",
  message: "The embedder knows nothing in this text, so there is nothing to compare documents with.",
};

/**
 * The first half of a search: filter, rank by vectors, by words or by both, choose by marginal relevance. Documents are
 * not looked at.
 *
 * @param depth hits wanted
 */
export async function rank(
  index: LoadedIndex,
  request: SearchRequest,
  depth: number,
  options: SearchOptions,
): Promise<Ranking> {
  const mode = modeOf(index, request);
  const filter = filterOf(index, request);
  const facets = facetsOf(index, request, filter);
  const { query, warnings } = await understand(index, request, mode, options);
  const conditions: Conditions = {
    accept: filter?.accept,
    fraction: filter?.fraction,
    bits: filter?.bits,
  };
  // Pages of one search are cut from one ranking: a search for a different k would look at different candidates.
  const window = request.offset === undefined ? depth : MAX_K;
  const wanted = Math.max(window, request.mmr?.fetchK ?? 0);

  let side: Side;
  if (mode === "keyword") {
    side = await timed("keyword", options, () => byWords(index, request, wanted, conditions));
  } else if (mode === "vector") {
    side = query
      ? await timed("forest", options, () => byVector(index, request, query, wanted, conditions))
      : NONE;
  } else {
    side = await byBoth(index, request, query, Math.max(wanted, FUSION_DEPTH), conditions, options);
  }
  const chosen =
    request.mmr && query ? await diverse(index, side, query, request.mmr, depth) : first(side, depth);
  return {
    mode,
    ...chosen,
    distances: query && (chosen.distances ?? (await distancesOf(index, query, chosen.items))),
    query,
    facets,
    warnings,
  };
}

/**
 * The query's vector, or why there is none. When an embedder behind a network fails, a hybrid search goes on with the
 * words alone, and says so.
 */
async function understand(
  index: LoadedIndex,
  request: SearchRequest,
  mode: SearchMode,
  options: SearchOptions,
): Promise<{ query: Float32Array | undefined; warnings: readonly SearchWarning[] }> {
  if (mode === "keyword") return { query: undefined, warnings: [] };
  const given = request.query ?? "";
  const text = mode === "hybrid" ? withoutExclusions(given) || given : given;
  try {
    const query = await queryVector(index, request, text, options);
    return { query, warnings: query ? [] : [NOTHING_UNDERSTOOD] };
  } catch (error) {
    if (mode !== "hybrid" || !(error instanceof SearchError) || error.code !== "EMBEDDING_FAILED")
      throw error;
    return { query: undefined, warnings: [{ code: "EMBEDDER_UNAVAILABLE", message: error.message }] };
  }
}

const NONE: Side = { items: [], scores: [], distances: [] };

/** @throws SearchError when the index or the kind of query does not allow the mode */
function modeOf(index: LoadedIndex, request: SearchRequest): SearchMode {
  const { mode, query } = request;
  if (mode === undefined)
    return query !== undefined && index.keyword && index.embedder ? "hybrid" : defaultMode(index, request);
  if (mode === "vector") return mode;
  if (query === undefined) {
    throw searchError("INVALID_VALUE", "mode", `Mode ${mode} searches by words; this request has no query.`);
  }
  if (!index.keyword) {
    throw searchError("NO_KEYWORD_INDEX", "mode", `Index ${index.name} was built without a keyword index.`);
  }
  if (mode === "keyword" && request.mmr) {
    throw searchError("INVALID_VALUE", "mmr", "mmr compares vectors; use it with mode vector or hybrid.");
  }
  return mode;
}

/** Words alone where the index has no embedder for a text, vectors otherwise. */
function defaultMode(index: LoadedIndex, request: SearchRequest): SearchMode {
  return request.query !== undefined && !index.embedder && index.keyword && !request.mmr
    ? "keyword"
    : "vector";
}

function filterOf(index: LoadedIndex, request: SearchRequest): CompiledFilter | undefined {
  if (request.filter === undefined) return undefined;
  if (!index.columns) throw noColumns(index, "filter");
  return compileFilter(index.columns, request.filter);
}

/** Counts over all documents that pass the filter, whether they are among the hits or not. */
function facetsOf(
  index: LoadedIndex,
  request: SearchRequest,
  filter: CompiledFilter | undefined,
): FacetCounts | undefined {
  if (request.facets === undefined) return undefined;
  const { columns } = index;
  if (!columns) throw noColumns(index, "facets");
  const options = filter ? { bits: filter.bits } : {};
  return Object.fromEntries(request.facets.map((field) => [field, facetCounts(columns, field, options)]));
}

function noColumns(index: LoadedIndex, field: string): Error {
  return searchError(
    "NO_FILTERABLE_COLUMNS",
    field,
    `Index ${index.name} was built without filterable fields.`,
  );
}

async function byVector(
  index: LoadedIndex,
  request: SearchRequest,
  query: Float32Array,
  k: number,
  { accept, fraction, bits }: Conditions,
): Promise<Side> {
  const { metric, dimensions } = index.forest;
  const { items, distances } = await nearestItems(index, query, {
    k,
    searchK: request.searchK,
    ...(accept && { accept }),
    ...(fraction !== undefined && { acceptFraction: fraction }),
    ...(bits && { acceptBits: bits }),
  });
  const scores = distances.map((distance) => scoreOf(metric, distance, dimensions));
  return { items, distances, scores };
}

function byWords(index: LoadedIndex, request: SearchRequest, k: number, { accept }: Conditions): Side {
  if (!index.keyword) return NONE;
  const { items, scores, bound } = keywordSearch(index.keyword, request.query ?? "", {
    k,
    prefix: request.prefix ?? false,
    ...(accept && { accept }),
  });
  // The bound is a little above what any document reaches, so that no score is 1 by accident.
  return { items, scores: scores.map((score) => (bound > 0 ? Math.min(1, score / bound) : 0)) };
}

async function byBoth(
  index: LoadedIndex,
  request: SearchRequest,
  query: Float32Array | undefined,
  depth: number,
  conditions: Conditions,
  options: SearchOptions,
): Promise<Side> {
  const text = request.query ?? "";
  const words = await timed("keyword", options, () => byWords(index, request, depth, conditions));
  if (!query) return words;
  const operators = index.keyword && operatorsOf(index.keyword, text);
  const narrowed = { ...conditions, accept: both(conditions.accept, operators) };
  const vectors = await timed("forest", options, () => byVector(index, request, query, depth, narrowed));
  const { metric, dimensions } = index.forest;
  return fuse(words, vectors, index.manifest.fusion ?? DEFAULT_FUSION, (item) => {
    const vector = index.forest.vector(item);
    return vector && scoreOf(metric, distanceBetween(metric, query, vector), dimensions);
  });
}

async function diverse(
  index: LoadedIndex,
  side: Side,
  query: Float32Array,
  mmr: NonNullable<SearchRequest["mmr"]>,
  k: number,
): Promise<Side> {
  const positions: number[] = [];
  const vectors: Float32Array[] = [];
  for (const [i, vector] of (await vectorsOf(index, side.items.slice(0, mmr.fetchK))).entries()) {
    if (!vector) continue;
    positions.push(i);
    vectors.push(vector);
  }
  const chosen = maximalMarginalRelevance(query, vectors, mmr.lambda, k);
  return pick(
    side,
    chosen.map((i) => positions[i]!),
  );
}

function first(side: Side, k: number): Side {
  return {
    items: side.items.slice(0, k),
    scores: side.scores.slice(0, k),
    ...(side.distances && { distances: side.distances.slice(0, k) }),
  };
}

function pick(side: Side, positions: readonly number[]): Side {
  return {
    items: positions.map((i) => side.items[i]!),
    scores: positions.map((i) => side.scores[i]!),
    ...(side.distances && { distances: positions.map((i) => side.distances![i]!) }),
  };
}

/** Distances of items that words have found; NaN where a document has no vector. */
async function distancesOf(
  index: LoadedIndex,
  query: Float32Array,
  items: readonly number[],
): Promise<number[]> {
  const { metric } = index.forest;
  const vectors = await vectorsOf(index, items);
  return vectors.map((vector) => (vector ? distanceBetween(metric, query, vector) : Number.NaN));
}
