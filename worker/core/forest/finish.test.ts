import { describe, expect, it } from "vitest";
import { createRandom } from "../../../build/numeric/random.ts";
import { clusteredVectors, forestOf } from "../../../test/support/forest.ts";
import type { Metric } from "../format/constants.ts";
import { finishHits } from "./finish.ts";
import { distanceBetween, smallerIsNearer } from "./metrics.ts";

const METRICS: readonly Metric[] = ["angular", "euclidean", "manhattan", "hamming", "dot"];

describe.each(METRICS)("the last step of a search, metric %s", (metric) => {
  const random = createRandom(3);
  // Few values, so that distances are equal now and then; every seventh item is a hole.
  const vectors = Array.from({ length: 60 }, () =>
    Float32Array.from({ length: 4 }, () => (random() * 3) | 0),
  );
  const query = Float32Array.from([1, 0, 2, 1]);
  const decode = (item: number, row: Float32Array) => {
    row.set(vectors[item]!);
    return item % 7 !== 0;
  };
  const sign = smallerIsNearer(metric) ? 1 : -1;
  const all = vectors
    .map((vector, item) => ({ item, distance: distanceBetween(metric, query, vector) }))
    .filter(({ item }) => item % 7 !== 0)
    .sort((a, b) => sign * (a.distance - b.distance) || a.item - b.item);

  it.each([1, 10, 60])(
    "gives the %i nearest in order, ties by item, whatever the order they come in",
    (k) => {
      const nearest = all.slice(0, k);
      for (const order of [vectors.map((_, i) => i), vectors.map((_, i) => (i * 37) % 60)]) {
        const { items, distances } = finishHits({ metric, query, k }, order, decode);
        expect(items).toEqual(nearest.map(({ item }) => item));
        expect(distances).toEqual(nearest.map(({ distance }) => distance));
      }
    },
  );

  it("looks no more at items that are ruled out, and never rules out before there are k", () => {
    const asked: number[] = [];
    const looked: number[] = [];
    finishHits(
      { metric, query, k: 3 },
      [1, 2, 3, 4, 5],
      (item, row) => looked.push(item) > 0 && decode(item, row),
      (place) => asked.push(place) > 0 && place === 3,
    );
    expect([asked, looked]).toEqual([
      [3, 4],
      [1, 2, 3, 5],
    ]);
  });
});

// Codes of eight bits cannot tell such neighbours apart: all that are kept must be compared by the rescoring vectors.
it.each([
  ["spread out", 1, 40],
  ["within one per cent of each other", 0.01, 40],
] as const)("items %s come in the order of their exact distances", async (_, spread, clusters) => {
  const dimensions = 32;
  const vectors = clusteredVectors(1_050, dimensions, clusters, spread, 5);
  const kept = new Float32Array(new SharedArrayBuffer(1_000 * dimensions * 4));
  kept.set(vectors.subarray(0, kept.length));
  const { forest } = await forestOf(kept, dimensions, "angular", { rescore: "float32" });
  let found = 0;
  for (let q = 1_000; q < 1_050; q++) {
    const query = vectors.slice(q * dimensions, (q + 1) * dimensions);
    const exact = Array.from({ length: 1_000 }, (_, item) => ({
      item,
      distance: distanceBetween("angular", query, kept.subarray(item * dimensions, (item + 1) * dimensions)),
    })).sort((a, b) => a.distance - b.distance);
    const { items, distances } = forest.search(query, { k: 10, searchK: -2 });
    found += items.filter((item) => exact.slice(0, 10).some((other) => other.item === item)).length;
    expect(distances).toEqual([...distances].sort((a, b) => a - b));
  }
  expect(found).toBeGreaterThanOrEqual(495);
});
