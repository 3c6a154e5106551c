import type { SearchMode, SearchRequest } from "../types.ts";
import type { Show } from "./types.ts";

/** Fused, the best are not the first of either side, but hardly ever far behind them. */
const FUSED_FROM = 3;
/** Of each side. Beyond that asking once more for those that won is less than everybody telling of all. */
const SHOWN = { items: 1000, places: 100, vectorNumbers: 65_536 };

/**
 * What shards are to tell along with their rankings. Any of them may have all the best, so each tells of as many as the
 * answer will have; as far as that is little.
 */
export function showFor(
  { include, mmr }: SearchRequest,
  mode: SearchMode,
  depth: number,
  dimensions: number,
): Show {
  const among = Math.max(depth, mmr?.fetchK ?? 0) * (mode === "hybrid" ? FUSED_FROM : 1);
  const places = include.some((part) => part !== "vector");
  return {
    first: Math.min(among, places ? SHOWN.places : SHOWN.items),
    places,
    vectors: (mmr !== undefined || include.includes("vector")) && among * dimensions <= SHOWN.vectorNumbers,
  };
}
