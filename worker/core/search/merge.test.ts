import fc from "fast-check";
import { expect, test } from "vitest";
import { mergeRankings } from "./merge.ts";
import type { Rankings } from "./ranking.ts";

interface Entry {
  readonly item: number;
  readonly score: number;
  readonly distance: number;
}

/** Numbers that repeat, for parts whose items are apart. */
const parts = fc.array(fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 }))), {
  minLength: 1,
  maxLength: 4,
});

for (const metric of ["angular", "dot"] as const) {
  test(`parts are merged as if all their items were sorted: ${metric}`, () => {
    const sign = metric === "dot" ? -1 : 1;
    const byDistance = (a: Entry, b: Entry) => sign * (a.distance - b.distance) || a.item - b.item;
    const byScore = (a: Entry, b: Entry) => b.score - a.score || a.item - b.item;
    const rankingOf = (entries: readonly Entry[]) => ({
      items: entries.map(({ item }) => item),
      scores: entries.map(({ score }) => score),
      distances: entries.map(({ distance }) => distance),
    });
    fc.assert(
      fc.property(parts, fc.integer({ min: 1, max: 12 }), (lists, k) => {
        const entries = lists.map((list, part) =>
          list.map(([score, distance], i): Entry => ({ item: i * lists.length + part, score, distance })),
        );
        const rare = entries.flatMap((list) => list.slice(-1).map(({ item }) => ({ item, word: "word" })));
        const rankings = entries.map(
          (list): Rankings => ({
            vectors: rankingOf(list.toSorted(byDistance)),
            words: { ...rankingOf(list.toSorted(byScore)), bound: 2, bounds: [["word", 2]] },
            rare: list.slice(-1).map(({ item }) => ({ item, word: "word" })),
          }),
        );
        const all = entries.flat();
        const stays = ({ item }: Entry, i: number) => i < k || rare.some((one) => one.item === item);
        const merged = mergeRankings(metric, rankings, k);
        expect(merged.vectors).toEqual(rankingOf(all.toSorted(byDistance).slice(0, k)));
        expect(merged.words).toEqual({
          ...rankingOf(all.toSorted(byScore).filter(stays)),
          bound: 2,
          bounds: [["word", 2]],
        });
      }),
    );
  });
}
