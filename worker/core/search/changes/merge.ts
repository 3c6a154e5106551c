import type { Metric } from "../../format/constants.ts";
import { NO_RANKING, type Ranking, type Rankings, type WordRanking } from "../ranking.ts";
import { mergeRankings } from "../shards/merge.ts";

const NO_WORDS: WordRanking = { items: [], scores: [], bound: 0 };

/**
 * Merges the rankings of a base and its changes as {@link mergeRankings} does, in time linear in k: each is in order, the
 * base's items have the smaller numbers, and words weigh the same in both.
 *
 * @param added by the whole's item numbers
 */
export function mergeParts(metric: Metric, base: Rankings, added: Rankings, k: number): Rankings {
  const { vectors, words, ...others } = base;
  const { vectors: addedVectors, words: addedWords, ...addedOthers } = added;
  const hasOthers = Object.keys(others).length + Object.keys(addedOthers).length > 0;
  const merged = hasOthers ? mergeRankings(metric, [others, addedOthers], k) : { parts: 2 };
  return {
    ...merged,
    ...(vectors && { vectors: mergeVectors(metric, vectors, addedVectors ?? NO_RANKING, k) }),
    ...(words && { words: mergeWords([words, addedWords ?? NO_WORDS], k, merged.rare) }),
  };
}

function mergeVectors(metric: Metric, base: Ranking, added: Ranking, k: number): Ranking {
  const [far, near] = [base.distances!, added.distances!];
  // Of inner products the larger are the nearer.
  const isNearer =
    metric === "dot"
      ? (i: number, j: number) => near[j]! > far[i]!
      : (i: number, j: number) => near[j]! < far[i]!;
  return merge(base, added, isNearer, (_, place) => place < k);
}

/** @param rare items that stay however deep they stand */
function mergeWords(
  [base, added]: readonly [WordRanking, WordRanking],
  k: number,
  rare: Rankings["rare"] = [],
): WordRanking {
  const kept = new Set(rare.map(({ item }) => item));
  const isBetter = (i: number, j: number) => added.scores[j]! > base.scores[i]!;
  const merged = merge(base, added, isBetter, (item, place) => place < k || kept.has(item));
  const { bound, bounds } = added.bound > base.bound ? added : base;
  // Other shards may lack a word: whoever merges with them asks for each word's part.
  return { ...merged, bound, ...(bounds && { bounds }) };
}

/** @param isBefore whether place j of `added` comes before place i of `base` */
function merge(
  base: Ranking,
  added: Ranking,
  isBefore: (i: number, j: number) => boolean,
  stays: (item: number, place: number) => boolean,
): Ranking {
  const items: number[] = [];
  const scores: number[] = [];
  const distances: number[] = [];
  const [n, more] = [base.items.length, added.items.length];
  for (let i = 0, j = 0; i + j < n + more; ) {
    const isAdded = j < more && (i === n || isBefore(i, j));
    const from = isAdded ? added : base;
    const at = isAdded ? j : i;
    const place = i + j;
    if (isAdded) j++;
    else i++;
    if (!stays(from.items[at]!, place)) continue;
    items.push(from.items[at]!);
    scores.push(from.scores[at]!);
    distances.push(from.distances?.[at] ?? Number.NaN);
  }
  return { items, scores, ...((base.distances ?? added.distances) && { distances }) };
}
