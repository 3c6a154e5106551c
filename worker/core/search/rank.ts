import { parseFilter } from "../columns/parse.ts";
import { distanceBetween } from "../forest/metrics.ts";
import { checkLanguage } from "../keyword/languages.ts";
import { wordsOf } from "../keyword/query.ts";
import { type CalibratedFusion, fusionFor } from "./confidence.ts";
import { SearchError, searchError } from "./errors.ts";
import { DEFAULT_FUSION, FUSION_DEPTH, fuse, type RankedItems } from "./fusion.ts";
import { maximalMarginalRelevance } from "./mmr.ts";
import { withoutExclusions } from "./operators.ts";
import { queryVector } from "./query-vector.ts";
import { MAX_K } from "./schema.ts";
import { scoreOf } from "./score.ts";
import { asPart } from "./shards/query.ts";
import type { ShardQuery, ShardRanking, VectorSide, WordSide } from "./shards/types.ts";
import { distancesTo, rankSides } from "./sides.ts";
import type { SearchOptions } from "./timing.ts";
import {
  type FacetCounts,
  hasKeywords,
  type LoadedIndex,
  type SearchMode,
  type SearchRequest,
  type SearchWarning,
} from "./types.ts";
import { type Exactness, vectorsOrEstimates } from "./vectors.ts";

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

const NOTHING_UNDERSTOOD: SearchWarning = {
  code: "NOTHING_UNDERSTOOD",
  message: "The embedder knows nothing in this text, so there is nothing to compare documents with.",
};

const VECTORS_UNAVAILABLE: SearchWarning = {
  code: "VECTORS_UNAVAILABLE",
  message:
    "The vectors in the cold part cannot be read at the moment: items are ranked by their resident codes, and distances are estimates.",
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
  const { query, warnings } = await understand(index, request, mode, options);
  const search = async (k: number): Promise<Ranked> => {
    const wanted: ShardQuery = {
      ...(mode !== "vector" && { text: request.query ?? "" }),
      ...(request.prefix && { prefix: true }),
      ...(query && { vector: query }),
      k,
      searchK: request.searchK,
      ...(request.filter !== undefined && { filter: parseFilter(request.filter) }),
      ...(request.facets && { facets: request.facets }),
      ...(request.facetsOf && { facetsOf: request.facetsOf }),
    };
    // The index in memory, or the shards that it is cut into.
    const ranking = index.session
      ? await index.session.rank(asPart(index, request, mode, depth, wanted))
      : await rankSides(index, wanted, options);
    return { ranking, side: sideOf(index, mode, request.query ?? "", query, ranking) };
  };
  const { ranking, side } = await rankTo(search, index.session, mode, request, depth);
  const exactness: Exactness = { estimated: ranking.estimated ?? false };
  const chosen =
    request.mmr && query
      ? await diverse(index, side, query, request.mmr, depth, exactness)
      : first(side, depth);
  const distances =
    query && (chosen.distances ?? (await distancesOf(index, query, chosen.items, ranking, exactness)));
  return {
    mode,
    ...chosen,
    distances,
    query,
    facets: ranking.facets,
    warnings: exactness.estimated ? [...warnings, VECTORS_UNAVAILABLE] : warnings,
  };
}

/** What a ranking to some depth has found, and its order. */
interface Ranked {
  readonly ranking: ShardRanking;
  readonly side: Side;
}

/**
 * Ranks so that all pages of one search are cut from one order. What the words alone find does not depend on the depth.
 * The vectors' candidates do, so with an offset they are always the same number; and so do both together, of which the
 * first {@link FUSION_DEPTH} come from a ranking to that depth whatever the page, and the rest from a deep one.
 */
async function rankTo(
  search: (k: number) => Promise<Ranked>,
  session: LoadedIndex["session"],
  mode: SearchMode,
  { offset, mmr }: SearchRequest,
  depth: number,
): Promise<Ranked> {
  const wanted = Math.max(depth, mmr?.fetchK ?? 0);
  if (mode === "keyword") return search(wanted);
  if (mode === "vector") return search(offset === undefined ? wanted : MAX_K);
  if (offset === undefined || wanted <= FUSION_DEPTH) return search(Math.max(wanted, FUSION_DEPTH));
  // Beside each other, so that one call asks a shard for both.
  const second = session?.together(1);
  const [near, far] = await Promise.all([search(FUSION_DEPTH), search(MAX_K).finally(() => second?.leave())]);
  return { ranking: joined(near.ranking, far.ranking), side: appended(near.side, far.side) };
}

/** The items of one order up to {@link FUSION_DEPTH}, then those of another that are not among them. */
function appended(near: Side, far: Side): Side {
  const head = first(near, FUSION_DEPTH);
  const taken = new Set(head.items);
  const rest = [...far.items.keys()].filter((i) => !taken.has(far.items[i]!));
  const last = head.scores.at(-1) ?? 1;
  return {
    items: [...head.items, ...rest.map((i) => far.items[i]!)],
    // What the first look has missed is no better than the last that it has not.
    scores: [...head.scores, ...rest.map((i) => Math.min(last, far.scores[i]!))],
  };
}

/** Two rankings as one, for what is known of their items. */
function joined(near: ShardRanking, far: ShardRanking): ShardRanking {
  const vectors = near.vectors &&
    far.vectors && {
      items: [...near.vectors.items, ...far.vectors.items],
      distances: [...near.vectors.distances, ...far.vectors.distances],
    };
  return { ...near, ...far, ...(vectors && { vectors }) };
}

function sideOf(
  index: LoadedIndex,
  mode: SearchMode,
  text: string,
  query: Float32Array | undefined,
  { words, vectors }: ShardRanking,
): Side {
  const byVector = vectors ? vectorSide(index, vectors) : NONE;
  if (mode === "vector") return byVector;
  const byWords = words ? wordSide(words) : NONE;
  if (mode === "keyword" || !query) return byWords;
  const { metric, dimensions } = index.forest;
  const far = new Map(words?.distances && words.items.map((item, i) => [item, words.distances![i]!]));
  const { keyword } = index.manifest;
  const fusion: CalibratedFusion = index.manifest.fusion ?? DEFAULT_FUSION;
  const signs = {
    words: fusion.confidence ? wordsOf(text, checkLanguage(keyword?.language ?? "none")) : 0,
    vectorScores: byVector.scores,
  };
  return fuse(byWords, byVector, fusionFor(fusion, signs), (item) => {
    const vector = index.session ? undefined : index.forest.vector(item);
    const distance = vector ? distanceBetween(metric, query, vector) : far.get(item);
    return distance === undefined || Number.isNaN(distance)
      ? undefined
      : scoreOf(metric, distance, dimensions);
  });
}

function vectorSide({ forest }: LoadedIndex, { items, distances }: VectorSide): Side {
  const { metric, dimensions } = forest;
  return { items, distances, scores: distances.map((distance) => scoreOf(metric, distance, dimensions)) };
}

/** The bound is a little above what any document reaches, so that no score is 1 by accident. */
function wordSide({ items, scores, bound }: WordSide): Side {
  return { items, scores: scores.map((score) => (bound > 0 ? Math.min(1, score / bound) : 0)) };
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
    return query !== undefined && hasKeywords(index) && index.embedder
      ? "hybrid"
      : defaultMode(index, request);
  if (mode === "vector") return mode;
  if (query === undefined) {
    throw searchError("INVALID_VALUE", "mode", `Mode ${mode} searches by words; this request has no query.`);
  }
  if (!hasKeywords(index)) {
    throw searchError("NO_KEYWORD_INDEX", "mode", `Index ${index.name} was built without a keyword index.`);
  }
  if (mode === "keyword" && request.mmr) {
    throw searchError("INVALID_VALUE", "mmr", "mmr compares vectors; use it with mode vector or hybrid.");
  }
  return mode;
}

/** Words alone where the index has no embedder for a text, vectors otherwise. */
function defaultMode(index: LoadedIndex, request: SearchRequest): SearchMode {
  return request.query !== undefined && !index.embedder && hasKeywords(index) && !request.mmr
    ? "keyword"
    : "vector";
}

async function diverse(
  index: LoadedIndex,
  side: Side,
  query: Float32Array,
  mmr: NonNullable<SearchRequest["mmr"]>,
  k: number,
  exactness: Exactness,
): Promise<Side> {
  const positions: number[] = [];
  const vectors: Float32Array[] = [];
  const fetched = await vectorsOrEstimates(index, side.items.slice(0, mmr.fetchK), exactness);
  for (const [i, vector] of fetched.entries()) {
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

/** Distances of the items of a fused ranking; NaN where a document has no vector. */
async function distancesOf(
  index: LoadedIndex,
  query: Float32Array,
  items: readonly number[],
  { vectors, words }: ShardRanking,
  exactness: Exactness,
): Promise<readonly number[]> {
  if (!index.session) return distancesTo(index, query, items, exactness);
  const known = new Map<number, number>();
  for (const side of [words, vectors]) {
    for (const [i, item] of side?.items.entries() ?? []) known.set(item, side?.distances?.[i] ?? Number.NaN);
  }
  return items.map((item) => known.get(item) ?? Number.NaN);
}
