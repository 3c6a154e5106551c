import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clusteredVectors } from "../../scripts/bench/clusters.ts";
import { distanceBetween } from "../../worker/core/forest/metrics.ts";
import type { Metric } from "../../worker/core/format/constants.ts";
import { parseSearchRequest } from "../../worker/core/search/parse.ts";
import { search } from "../../worker/core/search/search.ts";
import { type BuildOptions, build, openLocalIndex } from "../index.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-certify-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const COUNT = 9000;
const DIMENSIONS = 48;
const FRESH = 150;
const rows = clusteredVectors(COUNT + FRESH, DIMENSIONS, 5);
const row = (i: number) => rows.subarray(i * DIMENSIONS, (i + 1) * DIMENSIONS);

function* documents() {
  for (let i = 0; i < COUNT; i++) yield { id: `d${i}`, pageContent: "", vector: row(i) };
}

const make = (name: string, options: Partial<BuildOptions>) =>
  // So few items would be scanned one by one unless a tree is asked for.
  build({ documents, out: join(folder, name), seed: 1, trees: 1, ...options });

/** Recall@10 of searches as a user makes them, on vectors that are not in the index. */
async function freshRecall(name: string, metric: Metric): Promise<number> {
  const index = await openLocalIndex(join(folder, name));
  const sign = metric === "dot" ? -1 : 1;
  let found = 0;
  for (let q = COUNT; q < COUNT + FRESH; q++) {
    const query = row(q);
    const costs = Float64Array.from(
      { length: COUNT },
      (_, i) => sign * distanceBetween(metric, query, row(i)),
    );
    const limit = costs.toSorted()[9]!;
    const { hits } = await search(index, parseSearchRequest({ vector: [...query], k: 10 }));
    found += hits.filter(({ item }) => costs[item]! <= limit).length;
  }
  await index.close();
  return found / (10 * FRESH);
}

test.each([
  ["angular", "clusters"],
  ["angular", "random"],
  ["euclidean", "clusters"],
  ["dot", "clusters"],
] as const)(
  "%s, %s: what is certified of all shards together holds for fresh queries",
  async (metric, partition) => {
    const name = `${metric}-${partition}`;
    const { manifest } = await make(name, { metric, partition, shards: 3 });
    const { certified, shards } = manifest;
    expect(certified).toMatchObject({ met: true, heldOut: true, target: 0.95 });
    expect(certified.queries).toBeGreaterThan(100);
    expect(certified.recallAt10).toBeGreaterThanOrEqual(0.95);
    expect(await freshRecall(name, metric)).toBeGreaterThan(certified.recallAt10 - 0.025);
    const chosen = shards!.rows.find(({ probes }) => probes === shards!.probes)!;
    expect(chosen.recallAt10).toBe(certified.recallAt10);
    const recalls = shards!.rows.map(({ recallAt10 }) => recallAt10);
    expect(recalls).toEqual([...recalls].sort((a, b) => a - b));
    if (partition === "random") expect(chosen.shards).toBe(3);
    if (metric === "angular" && partition === "clusters") expect(chosen.shards).toBeLessThan(2.5);
  },
);

test("sharded and unsharded builds of the same vectors agree in recall", async () => {
  const whole = await make("whole", {});
  const cut = await make("cut", { shards: 4 });
  expect(Math.abs(whole.manifest.certified.recallAt10 - cut.manifest.certified.recallAt10)).toBeLessThan(
    0.02,
  );
  const [one, other] = [await freshRecall("whole", "angular"), await freshRecall("cut", "angular")];
  expect(Math.abs(one - other)).toBeLessThan(0.02);
});
