import type { LoadedIndex } from "../loaded-index.ts";
import { type Query, readsColumns } from "../query.ts";
import type { Shown } from "../searcher.ts";
import type { ShardQuery, Show } from "./types.ts";

/** Factor of the hits shown of each side in mode hybrid: the best fused items are hardly ever farther down on both sides. */
const FUSED_FROM = 3;
/** Most details of each side. Beyond that a second call for the winners carries less than all shards sending all. */
const SHOWN = { items: 1000, places: 100, vectorNumbers: 65_536 };
/** Values of a facet that a shard returns. One that is rare there may be frequent elsewhere: counts are exact up to this number. */
const FACET_VALUES = 4096;

/** The query for a shard: with the columns of the whole index, and with what to return along with the ranking. */
export function shardQuery(
  { manifest, forest }: LoadedIndex,
  { words: text, ...query }: Query,
  k: number,
  shown: Shown,
): ShardQuery {
  // In mode vector the words mark what was found.
  const words = query.mode === "vector" && !query.terms ? undefined : text;
  const fields = (manifest.columns ?? []).map(({ field }) => field);
  return {
    ...query,
    ...(words && { words }),
    k,
    show: showFor(query.mode, shown, forest.dimensions),
    // The asking side has no vectors to compare what the words find with.
    ...(query.vector && words && query.mode !== "vector" && { exactDistances: true }),
    ...(readsColumns(query) && { whole: { fields, facetValues: FACET_VALUES } }),
  };
}

/** Each shard shows as many items as the answer has, since it may hold all of them, up to the limits of {@link SHOWN}. */
function showFor(mode: Query["mode"], { among, documents, vectors }: Shown, dimensions: number): Show {
  const first = among * (mode === "hybrid" ? FUSED_FROM : 1);
  return {
    first: Math.min(first, documents ? SHOWN.places : SHOWN.items),
    places: documents,
    vectors: vectors && first * dimensions <= SHOWN.vectorNumbers,
  };
}
