import type { FusionMeta } from "../format/meta.ts";
import { fusionFor } from "./confidence.ts";
import { DEFAULT_FUSION, fuse } from "./fusion.ts";
import type { LoadedIndex } from "./loaded-index.ts";
import type { Query } from "./query.ts";
import { NO_RANKING, normalised, type Ranking, type Rankings } from "./ranking.ts";
import { scoreOf } from "./score.ts";

/** One ranking out of what the words and the vector have found: the mode's own, or both together. */
export function combine(index: LoadedIndex, query: Query, { words, vectors }: Rankings): Ranking {
  const byVector = vectors ?? NO_RANKING;
  if (query.mode === "vector") return byVector;
  const byWords = words ? normalised(words) : NO_RANKING;
  if (query.mode === "keyword" || !query.vector) return byWords;
  const { metric, dimensions } = index.forest;
  const fusion: FusionMeta = index.manifest.fusion ?? { ...DEFAULT_FUSION, queries: 0 };
  const signs = { words: query.words?.words.length ?? 0, vectorScores: byVector.scores };
  const distances = distancesOf([byWords, byVector]);
  const fused = fuse(byWords, byVector, fusionFor(fusion, signs), (item) => {
    const distance = distances.get(item);
    return distance === undefined || Number.isNaN(distance)
      ? undefined
      : scoreOf(metric, distance, dimensions);
  });
  return { ...fused, distances: fused.items.map((item) => distances.get(item) ?? Number.NaN) };
}

function distancesOf(rankings: readonly Ranking[]): ReadonlyMap<number, number> {
  const known = new Map<number, number>();
  for (const { items, distances } of rankings) {
    if (distances) for (const [i, item] of items.entries()) known.set(item, distances[i]!);
  }
  return known;
}
