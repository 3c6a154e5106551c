import { expect, it } from "vitest";
import { clusteredVectors } from "../../../../scripts/bench/clusters.ts";
import { forestOf } from "../../../../test/support/forest.ts";
import { createMeter } from "../meter.ts";
import { openSlots } from "../slots.ts";
import { gatherEstimated } from "./gather.ts";
import { openNodes } from "./nodes.ts";
import { openSketches } from "./sketches.ts";
import { ESTIMATE_DEVIATIONS, Walk } from "./walk.ts";

// Half of a code rules candidates out unseen; where estimates are the last word there is no margin to make up for that.
it("half a code rules out next to none of the best estimates", async () => {
  const [count, dimensions, queries] = [3_000, 384, 60];
  const all = clusteredVectors(count + queries, dimensions, 3);
  const vectors = new Float32Array(new SharedArrayBuffer(count * dimensions * 4));
  vectors.set(all.subarray(0, vectors.length));
  const { forest } = await forestOf(vectors, dimensions, "angular", { codec: "binary", rescore: "none" });
  const { artifact } = forest;
  const slots = openSlots(artifact);
  const walk = new Walk(openNodes(artifact), slots, openSketches(artifact), dimensions, 1);
  const best = (query: Float32Array, deviations: number) => {
    walk.start(query, 0, deviations);
    const extent = { searchK: count, accept: undefined, meter: createMeter(undefined, 0) };
    return [...gatherEstimated(walk, slots, 10, extent)];
  };
  let [kept, hasty] = [0, 0];
  for (let q = count; q < count + queries; q++) {
    const query = all.slice(q * dimensions, (q + 1) * dimensions);
    const wanted = new Set(best(query, Number.POSITIVE_INFINITY));
    kept += best(query, ESTIMATE_DEVIATIONS).filter((slot) => wanted.has(slot)).length;
    hasty += best(query, 3).filter((slot) => wanted.has(slot)).length;
  }
  expect(kept).toBeGreaterThanOrEqual(10 * queries - 1);
  // So this set would show it.
  expect(hasty).toBeLessThan(kept - 5);
});
