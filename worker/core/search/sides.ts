import { type Columns, columnsWithin } from "../columns/columns.ts";
import { type CompiledFilter, compileParsed } from "../columns/compile.ts";
import { facetCounts } from "../columns/facets.ts";
import { distanceBetween } from "../forest/metrics.ts";
import { matchingItems } from "../keyword/matches.ts";
import { keywordSearch } from "../keyword/search.ts";
import { searchError } from "./errors.ts";
import { type Accept, both, operatorsOf } from "./operators.ts";
import type { ShardQuery, ShardRanking, VectorSide, WordSide } from "./shards/types.ts";
import { type SearchOptions, timed } from "./timing.ts";
import type { FacetCounts, LoadedIndex } from "./types.ts";
import { type Exactness, nearestItems, vectorsOrEstimates } from "./vectors.ts";

interface Conditions {
  readonly accept: Accept | undefined;
  readonly fraction: number | undefined;
  /** What the filter passes, a bit an item; what else is asked of items may pass fewer. */
  readonly bits: Uint32Array | undefined;
}

/** Ranks the items of one index in memory: by words, by vectors, or each by itself, with a filter before both. */
export async function rankSides(
  index: LoadedIndex,
  query: ShardQuery,
  options: SearchOptions,
): Promise<ShardRanking> {
  const { text, vector, k } = query;
  const filter = filterOf(index, query);
  const facets = facetCountsOf(index, query, filter);
  const conditions: Conditions = {
    accept: filter?.accept,
    fraction: filter?.fraction,
    bits: filter?.bits,
  };
  const words =
    text === undefined
      ? undefined
      : await timed("keyword", options, () => byWords(index, query, text, k, conditions));
  const exactness: Exactness = { estimated: false };
  let vectors: VectorSide | undefined;
  if (vector && query.nearest !== false) {
    const operators = text !== undefined && index.keyword ? operatorsOf(index.keyword, text) : undefined;
    const narrowed = { ...conditions, accept: both(conditions.accept, operators) };
    vectors = await timed("forest", options, () => byVector(index, query, vector, narrowed, exactness));
  }
  const distances =
    query.compare && words && vector ? await distancesTo(index, vector, words.items, exactness) : undefined;
  return {
    ...(vectors && { vectors }),
    ...(words && { words: { ...words, ...(distances && { distances }) } }),
    ...(facets && { facets }),
    ...(exactness.estimated && { estimated: true }),
  };
}

/** Distances of a vector from stored ones; NaN where an item has none. */
export async function distancesTo(
  index: LoadedIndex,
  query: Float32Array,
  items: readonly number[],
  exactness: Exactness,
): Promise<number[]> {
  const { metric } = index.forest;
  const vectors = await vectorsOrEstimates(index, items, exactness);
  return vectors.map((vector) => (vector ? distanceBetween(metric, query, vector) : Number.NaN));
}

async function byVector(
  index: LoadedIndex,
  { k, searchK, effort = 1 }: ShardQuery,
  query: Float32Array,
  { accept, fraction, bits }: Conditions,
  exactness: Exactness,
): Promise<VectorSide> {
  const { forest } = index;
  const usual = searchK === -1 && effort !== 1 ? Math.ceil(forest.defaultSearchK(k) * effort) : searchK;
  const wanted = {
    k,
    searchK: usual,
    ...(accept && { accept }),
    ...(fraction !== undefined && { acceptFraction: fraction }),
    ...(bits && { acceptBits: bits }),
  };
  const { items, distances } = await nearestItems(index, query, wanted, exactness);
  return { items, distances };
}

function byWords(
  index: LoadedIndex,
  { prefix }: ShardQuery,
  text: string,
  k: number,
  { accept }: Conditions,
): WordSide {
  if (!index.keyword) return { items: [], scores: [], bound: 0 };
  const { items, scores, bound } = keywordSearch(index.keyword, text, {
    k,
    prefix: prefix ?? false,
    ...(accept && { accept }),
  });
  return { items, scores, bound };
}

function filterOf(index: LoadedIndex, { filter, whole }: ShardQuery): CompiledFilter | undefined {
  return filter && compileParsed(columnsOf(index, whole, "filter"), filter);
}

/** Counts over all documents that pass the filter, or those of them that hold a word, whether they are among the hits or not. */
function facetCountsOf(
  index: LoadedIndex,
  { facets, facetsOf, text, prefix = false, whole }: ShardQuery,
  filter: CompiledFilter | undefined,
): FacetCounts | undefined {
  if (facets === undefined) return undefined;
  const columns = columnsOf(index, whole, "facets");
  const byWords = facetsOf === "matches" && text !== undefined && index.keyword;
  const options = {
    ...(filter && { bits: filter.bits }),
    ...(byWords && { counted: matchingItems(byWords, text, prefix) }),
    ...(whole && { limit: whole.facetValues }),
  };
  return Object.fromEntries(facets.map((field) => [field, facetCounts(columns, field, options)]));
}

function columnsOf(
  { columns, forest, name }: LoadedIndex,
  whole: ShardQuery["whole"],
  field: string,
): Columns {
  if (whole && whole.fields.length > 0) return columnsWithin(columns, forest.nItems, whole.fields);
  if (columns) return columns;
  throw searchError("NO_FILTERABLE_COLUMNS", field, `Index ${name} was built without filterable fields.`);
}
