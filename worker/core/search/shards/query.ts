import type { LoadedIndex, SearchMode, SearchRequest } from "../types.ts";
import type { ShardQuery, Show } from "./types.ts";

/** Fused, the best are not the first of either side, but hardly ever far behind them. */
const FUSED_FROM = 3;
/** Of each side. Beyond that asking once more for those that won is less than everybody telling of all. */
const SHOWN = { items: 1000, places: 100, vectorNumbers: 65_536 };
/** A value that is rare in one shard may be frequent in the others: counts are exact up to so many values a shard. */
const FACET_VALUES = 4096;

/** A query as shards are asked it: with what follows from there being several, and what to tell along with the ranking. */
export function asPart(
  { manifest, forest }: LoadedIndex,
  request: SearchRequest,
  mode: SearchMode,
  depth: number,
  query: ShardQuery,
): ShardQuery {
  const fields = (manifest.columns ?? []).map(({ field }) => field);
  return {
    ...query,
    show: showFor(request, mode, depth, forest.dimensions),
    // What the words find is scored by the side that asks, where its vectors are not.
    ...(query.vector && query.text !== undefined && { compare: true }),
    ...((query.filter || query.facets) && { whole: { fields, facetValues: FACET_VALUES } }),
  };
}

/** Any shard may have all the best, so each tells of as many as the answer will have; as far as that is little. */
function showFor({ include, mmr }: SearchRequest, mode: SearchMode, depth: number, dimensions: number): Show {
  const among = Math.max(depth, mmr?.fetchK ?? 0) * (mode === "hybrid" ? FUSED_FROM : 1);
  const places = include.some((part) => part !== "vector");
  return {
    first: Math.min(among, places ? SHOWN.places : SHOWN.items),
    places,
    vectors: (mmr !== undefined || include.includes("vector")) && among * dimensions <= SHOWN.vectorNumbers,
  };
}
