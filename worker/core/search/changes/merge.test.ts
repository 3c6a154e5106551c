import { expect, test } from "vitest";
import type { Metric } from "../../format/constants.ts";
import type { Rankings, WordRanking } from "../ranking.ts";
import { mergeRankings } from "../shards/merge.ts";
import { mergeParts } from "./merge.ts";

/** Numbers that repeat, in order. */
const numbers = (count: number, seed: number, sign: number) =>
  Array.from({ length: count }, (_, i) => ((i * seed) % 7) / 7).sort((a, b) => sign * (a - b));

function rankingsOf(metric: Metric, first: number, count: number, seed: number): Rankings {
  const items = Array.from({ length: count }, (_, i) => first + i);
  const distances = numbers(count, seed, metric === "dot" ? -1 : 1);
  const scores = numbers(count, seed + 2, -1);
  const words: WordRanking = { items, scores, bound: 2, bounds: [["word", 2]], distances };
  const rare = count > 3 ? [{ item: first + count - 1, word: "word" }] : [];
  return {
    vectors: { items, scores, distances },
    words,
    ...(rare.length > 0 && { rare, facets: { topic: [{ value: "food", count }] } }),
  };
}

for (const metric of ["angular", "dot"] as const) {
  test(`base and changes are merged as any parts are: ${metric}`, () => {
    for (const [n, more] of [
      [0, 0],
      [5, 0],
      [0, 3],
      [2, 9],
      [12, 12],
    ] as const) {
      for (const k of [1, 4, 30]) {
        const base = rankingsOf(metric, 0, n, 3);
        const added = rankingsOf(metric, 100, more, 5);
        expect(mergeParts(metric, base, added, k)).toEqual(mergeRankings(metric, [base, added], k));
      }
    }
  });
}
