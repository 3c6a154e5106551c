import { expect, it } from "vitest";
import { createRandom } from "../../../build/numeric/random.ts";
import { TopScores } from "./top.ts";

/** Scores of a few values only, so that many are equal. */
function entries(count: number, values: number, seed: number): [score: number, key: number][] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, key) => [Math.floor(random() * values), (key * 7919) % count]);
}

const best = (all: [number, number][], kept: number) =>
  [...all].sort(([a, i], [b, j]) => b - a || i - j).slice(0, kept);

// Beyond some 24 places an entry is not moved one by one any more.
it.each([1, 10, 36, 500])("keeps the best %i as a sort would, ties by key, search after search", (kept) => {
  const top = new TopScores(0);
  for (const [seed, values] of [
    [1, 5],
    [2, 1000],
    [3, 1e9],
  ] as const) {
    const all = entries(400, values, seed);
    top.reset(kept);
    for (const [n, [score, key]] of all.entries()) {
      top.push(score, key);
      const expected = best(all.slice(0, n + 1), kept);
      expect(top.threshold).toBe(expected.length < kept ? Number.NEGATIVE_INFINITY : expected.at(-1)![0]);
    }
    const expected = best(all, kept);
    expect([...top.sorted()]).toEqual(expected.map(([, key]) => key));
    expect(expected.map((_, i) => top.scoreAt(i + 1))).toEqual(expected.map(([score]) => score));
    expect(top.scoreAt(expected.length + 1)).toBe(Number.NEGATIVE_INFINITY);
  }
});

it("keeps nothing where there is no room", () => {
  const top = new TopScores(0);
  top.push(1, 1);
  expect([top.size, top.threshold, top.sorted().length]).toEqual([0, Number.NEGATIVE_INFINITY, 0]);
});
