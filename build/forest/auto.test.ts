import { describe, expect, it } from "vitest";
import { clusteredVectors, forestOf } from "../../test/support/forest.ts";
import { distanceBetween } from "../../worker/core/forest/metrics.ts";
import { METRICS } from "../../worker/core/format/constants.ts";
import { sharedFloats } from "../numeric/arrays.ts";
import { hotBytes } from "./sizing.ts";

const DIMENSIONS = 64;

describe("codec auto", () => {
  const vectors = clusteredVectors(6000, DIMENSIONS, 900, 0.8, 9);
  const build = (settings: Parameters<typeof forestOf>[3]) =>
    forestOf(vectors, DIMENSIONS, "angular", { codec: "auto", rescore: "auto", ...settings });

  it("takes the smallest that meets the target, and refuses one that any searchK falls short with", async () => {
    const rough = await build({ targetRecall: 0.6 });
    expect(rough.built.header.codec).toBe("binary");
    const fine = await build({ targetRecall: 0.995 });
    expect(fine.built.certified).toMatchObject({ met: true, target: 0.995 });
    expect(["int8", "float32"]).toContain(fine.built.header.codec);
    expect(hotBytes(fine.built.sections)).toBeGreaterThan(hotBytes(rough.built.sections));
  });

  it("refuses binary where vectors collapse under it", async () => {
    // Every vector is one direction and a little of its own, in a few coordinates: a bit says next to nothing.
    const near = sharedFloats(vectors.length);
    for (let i = 0; i < near.length; i++) near[i] = i % DIMENSIONS < 8 ? 0.01 * vectors[i]! : 1;
    const { built } = await forestOf(near, DIMENSIONS, "euclidean", { codec: "auto", rescore: "none" });
    expect(built.header.codec).not.toBe("binary");
    expect(built.certified.met).toBe(true);
  });

  it("takes what comes nearest to the target within the bytes, and says that it falls short", async () => {
    const int4 = await forestOf(vectors, DIMENSIONS, "angular", { codec: "int4", rescore: "none" });
    const maxBytes = hotBytes(int4.built.sections) + 1000;
    const { built } = await build({ targetRecall: 0.9999, rescore: "none", maxBytes });
    expect(["binary", "int4"]).toContain(built.header.codec);
    expect(hotBytes(built.sections)).toBeLessThanOrEqual(maxBytes);
    expect(built.certified.met).toBe(false);
  });

  it("leaves out binary, whose codes need a tree, where no tree is wanted", async () => {
    const { built } = await build({ trees: 0, targetRecall: 0.6 });
    expect(built).toMatchObject({ header: { codec: "int4" }, forest: { kind: "flat", trees: 0 } });
  });

  it("names what the smallest needs when nothing fits", async () => {
    await expect(build({ maxBytes: 40_000 })).rejects.toMatchObject({
      code: "OVER_BUDGET",
      message: expect.stringMatching(/need \d+ bytes with codec binary, and --max-bytes allows 40000\./),
    });
    await expect(build({ codec: "int8", trees: 3, maxBytes: 40_000 })).rejects.toMatchObject({
      message: expect.stringMatching(/with codec int8, .* fewer --trees, a smaller codec/),
    });
  });
});

it("scans all codes of a binary forest without trees, leaf by leaf of one", async () => {
  const vectors = clusteredVectors(1500, DIMENSIONS, 100, 0.7, 1);
  const { built, forest } = await forestOf(vectors, DIMENSIONS, "angular", {
    ...{ codec: "binary", rescore: "int8", trees: 0 },
  });
  expect(built).toMatchObject({ header: { codec: "binary" }, forest: { trees: 1 } });
  expect(forest.defaultSearchK(10)).toBeGreaterThanOrEqual(1500);
});

it("finds the largest inner products among many vectors alike", async () => {
  // Clusters that start at equal rows lose all of them, and begin anew elsewhere.
  const once = clusteredVectors(1500, DIMENSIONS, 100, 0.7, 1);
  const twice = sharedFloats(2 * once.length);
  twice.set(once);
  twice.set(once, once.length);
  const { built } = await forestOf(twice, DIMENSIONS, "dot", { codec: "binary", rescore: "int8" });
  expect(built.certified.recallAt10).toBeGreaterThan(0.9);
  expect(built.forest.leafNodes).toBeGreaterThan(30);
});

describe("vectors that nobody expects", () => {
  const shapes: readonly (readonly [string, number, number, (row: number, i: number) => number])[] = [
    ["one", 1, 8, (_, i) => i],
    ["two of one dimension", 2, 1, (row) => row + 1],
    ["thousands of one dimension", 3000, 1, (row) => Math.sin(row)],
    ["4,096 dimensions", 150, 4096, (row, i) => Math.sin(row * 1.3 + i * ((row % 17) + 1))],
    ["all alike", 3000, DIMENSIONS, (_, i) => Math.sin(i)],
    ["all zero", 3000, DIMENSIONS, () => 0],
    [
      "three, a thousand times each",
      3000,
      DIMENSIONS,
      (row, i) => Math.sin((row % 3) * 7 + i * ((row % 3) + 1)),
    ],
    ["huge", 3000, DIMENSIONS, (row, i) => 1e15 * Math.sin(row * (i + 1))],
    ["tiny", 3000, DIMENSIONS, (row, i) => 1e-15 * Math.sin(row * (i + 1))],
  ];
  for (const metric of METRICS) {
    it.each(shapes)(
      `are found, and the certificate holds: ${metric}, %s`,
      async (_, count, dimensions, at) => {
        const vectors = sharedFloats(count * dimensions);
        for (let i = 0; i < vectors.length; i++) vectors[i] = at(Math.floor(i / dimensions), i % dimensions);
        const { forest, built } = await forestOf(vectors, dimensions, metric, { trees: 1, codec: "float32" });
        const { certified } = built;
        expect(certified.met).toBe(true);
        for (const figure of [certified.recallAt1, certified.recallAt10, certified.recallAt100]) {
          expect(figure).toBeGreaterThanOrEqual(0);
          expect(figure).toBeLessThanOrEqual(1);
        }
        const row = (item: number) => vectors.slice(item * dimensions, (item + 1) * dimensions);
        const query = row(count - 1);
        const { items, distances } = forest.search(query, { k: 5, searchK: -2 });
        expect(items.length).toBe(Math.min(5, count));
        const all = Array.from({ length: count }, (_, item) => distanceBetween(metric, query, row(item)));
        all.sort((a, b) => (metric === "dot" ? b - a : a - b));
        for (const [i, distance] of distances.entries()) {
          const scale = Math.max(1e-6 * Math.abs(all.at(-1)!), 1e-5 * Math.abs(all[i]!), 1e-3);
          expect(Math.abs(distance - all[i]!)).toBeLessThanOrEqual(scale);
        }
      },
    );
  }
});
