import { expect, it } from "vitest";
import { clusteredVectors } from "../../../../scripts/bench/clusters.ts";
import { forestOf } from "../../../../test/support/forest.ts";

it("where nearly all pass, those that do not are in no answer, and a bound loses nothing nearer", async () => {
  const [count, dimensions] = [3_000, 64];
  const vectors = new Float32Array(new SharedArrayBuffer(count * dimensions * 4));
  vectors.set(clusteredVectors(count, dimensions, 5));
  const { forest } = await forestOf(vectors, dimensions, "angular", { codec: "int8" });
  const accept = (item: number) => item % 10 !== 0;
  for (let q = 0; q < 50; q++) {
    const query = vectors.slice(q * dimensions, (q + 1) * dimensions);
    const all = { k: 10, searchK: count, accept };
    const asked = forest.search(query, all);
    const { items, distances } = forest.search(query, { ...all, acceptsMost: true });
    expect(items).toEqual(asked.items);
    // However short the walk, it goes on until enough have passed.
    const short = forest.search(query, { ...all, searchK: 10, acceptsMost: true }).items;
    expect(short).toHaveLength(10);
    expect(short.every(accept)).toBe(true);
    const bound = distances[4]!;
    const near = forest.search(query, { ...all, acceptsMost: true, bound });
    expect(near.items.slice(0, 4)).toEqual(items.slice(0, 4));
    expect(near.scored).toBeLessThanOrEqual(asked.scored);
  }
});
