import { describe, expect, test } from "vitest";
import { DEFAULT_FUSION, fuse } from "./fusion.ts";
import type { Ranking } from "./ranking.ts";

const keyword = { items: [1, 2, 3], scores: [0.9, 0.5, 0.1] };
const vector = { items: [3, 2, 9], scores: [0.8, 0.7, 0.6] };

describe("fuse", () => {
  test("puts what both sides like before what one side likes", () => {
    const { items, scores } = fuse(keyword, vector, { method: "rrf", keywordWeight: 0.5, rrfK: 20 });
    expect(items).toEqual([3, 2, 1, 9]);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
  });

  test("gives 1 to the first of both sides, by reciprocal ranks", () => {
    const both = { items: [7], scores: [0.3] };
    expect(fuse(both, both, { method: "rrf", keywordWeight: 0.3, rrfK: 60 })).toEqual({
      items: [7],
      scores: [1],
    });
  });

  test("follows one side alone when the weight is all its own", () => {
    const fusion = { method: "rrf", rrfK: 20 } as const;
    expect(fuse(keyword, vector, { ...fusion, keywordWeight: 1 }).items.slice(0, 3)).toEqual([1, 2, 3]);
    expect(fuse(keyword, vector, { ...fusion, keywordWeight: 0 }).items.slice(0, 3)).toEqual([3, 2, 9]);
  });

  test("adds weighted scores when told to", () => {
    const { items, scores } = fuse(
      keyword,
      vector,
      { method: "score", keywordWeight: 0.25, rrfK: 20 },
      () => 0,
    );
    expect(items).toEqual([2, 3, 9, 1]);
    expect(scores[0]).toBeCloseTo(0.25 * 0.5 + 0.75 * 0.7, 12);
  });

  test("leaves the scores of one side as they are when the other found nothing", () => {
    const none = { items: [], scores: [] };
    for (const method of ["rrf", "score"] as const) {
      const fusion = { method, keywordWeight: 0.5, rrfK: 20 };
      expect(fuse(none, vector, fusion).items).toEqual(vector.items);
      expect(fuse(keyword, none, fusion).items).toEqual(keyword.items);
    }
    expect(fuse(none, vector, { method: "score", keywordWeight: 0.5, rrfK: 20 }).scores).toEqual(
      vector.scores,
    );
  });

  test("orders equals by item, so that pages agree", () => {
    const a = { items: [5, 1], scores: [1, 1] };
    const b = { items: [1, 5], scores: [1, 1] };
    expect(fuse(a, b, { method: "rrf", keywordWeight: 0.5, rrfK: 20 }).items).toEqual([1, 5]);
  });

  const side = (items: number[], scores: number[]): Ranking => ({ items, scores });

  test("adds weighted scores, and gives an item of the words alone its own vector score", () => {
    const fusion = { method: "score", keywordWeight: 0.25, rrfK: 20 } as const;
    const { items, scores } = fuse(
      side([7, 1], [1, 0.4]),
      side([1, 2], [0.8, 0.6]),
      fusion,
      (item) => item / 10,
    );
    expect(items).toEqual([7, 1, 2]);
    expect(scores).toEqual(
      [0.25 + 0.75 * 0.7, 0.75 * 0.8 + 0.25 * 0.4, 0.75 * 0.6].map((x) => expect.closeTo(x, 9)),
    );
  });

  test("takes the last vector hit's score for an item whose own is not known", () => {
    const fusion = { method: "score", keywordWeight: 0.5, rrfK: 20 } as const;
    const { items, scores } = fuse(side([7], [0.4]), side([1, 2], [0.8, 0.6]), fusion, () => undefined);
    expect(items).toEqual([7, 1, 2]);
    expect(scores[0]).toBeCloseTo(0.5 * 0.4 + 0.5 * 0.6, 9);
  });

  test("adds reciprocal ranks", () => {
    const fusion = { method: "rrf", keywordWeight: 0.5, rrfK: 1 } as const;
    const { items, scores } = fuse(side([1, 2], [9, 8]), side([1, 3], [0.1, 0.1]), fusion);
    expect(items).toEqual([1, 2, 3]);
    expect(scores).toEqual([1, 1 / 3, 1 / 3].map((x) => expect.closeTo(x, 9)));
  });

  test("is either side alone at the ends of the weight", () => {
    for (const method of ["score", "rrf"] as const) {
      const words = side([1, 2, 3], [0.9, 0.5, 0.1]);
      const vectors = side([3, 2, 1], [0.9, 0.5, 0.1]);
      expect(fuse(words, vectors, { method, keywordWeight: 1, rrfK: 20 }).items).toEqual([1, 2, 3]);
      expect(fuse(words, vectors, { method, keywordWeight: 0, rrfK: 20 }).items).toEqual([3, 2, 1]);
    }
  });

  test("orders equal scores by item and takes empty sides", () => {
    expect(fuse(side([], []), side([], []), DEFAULT_FUSION)).toEqual({ items: [], scores: [] });
    const { items } = fuse(
      side([9], [0.5]),
      side([3], [0.5]),
      {
        method: "score",
        keywordWeight: 0.5,
        rrfK: 1,
      },
      () => 0,
    );
    expect(items).toEqual([3, 9]);
  });
});
