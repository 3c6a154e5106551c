import { describe, expect, it } from "vitest";
import { clusteredVectors, forestOf, PLAIN_SETTINGS } from "../../test/support/forest.ts";
import { distanceBetween, smallerIsNearer } from "../../worker/core/forest/metrics.ts";
import { METRICS, type Metric } from "../../worker/core/format/constants.ts";
import { encodeDraft } from "../artifact/folder-files.ts";
import { sharedFloats } from "../numeric/arrays.ts";
import { buildForest } from "./build-forest.ts";

const COUNT = 2000;

/** Hamming compares x > 0.5, so its vectors are centred there. */
function vectorsFor(metric: Metric, dimensions: number): Float32Array<SharedArrayBuffer> {
  const vectors = clusteredVectors(COUNT, dimensions, 200, 1, 3);
  if (metric === "hamming") for (let i = 0; i < vectors.length; i++) vectors[i]! += 0.5;
  return vectors;
}

function bruteForce(
  metric: Metric,
  vectors: Float32Array,
  dimensions: number,
  query: Float32Array,
  k: number,
) {
  const sign = smallerIsNearer(metric) ? 1 : -1;
  const row = (i: number) => vectors.slice(i * dimensions, (i + 1) * dimensions);
  return Array.from({ length: vectors.length / dimensions }, (_, item) => ({
    item,
    distance: distanceBetween(metric, query, row(item)),
  }))
    .sort((a, b) => sign * (a.distance - b.distance) || a.item - b.item)
    .slice(0, k);
}

describe("a compact forest", () => {
  for (const metric of METRICS) {
    for (const codec of ["float32", "int8", "int4", "binary"] as const) {
      it(`certifies a recall that searching confirms: ${metric}, ${codec}`, async () => {
        const dimensions = 64;
        const vectors = vectorsFor(metric, dimensions);
        const { forest, built } = await forestOf(vectors, dimensions, metric, { codec, rescore: "float32" });
        expect(built.forest.kind).toBe("compact");
        let found = 0;
        for (let q = 0; q < 50; q++) {
          const query = vectors.slice(q * dimensions, (q + 1) * dimensions);
          const exact = bruteForce(metric, vectors, dimensions, query, 10);
          const { items, distances } = forest.search(query, { k: 10 });
          const last = exact[9]!.distance;
          const reaches = (d: number) => (smallerIsNearer(metric) ? d <= last + 1e-4 : d >= last - 1e-4);
          found += distances.filter(reaches).length;
          for (const [i, item] of items.entries()) {
            const row = vectors.slice(item * dimensions, (item + 1) * dimensions);
            // The exact vectors are at hand in the cold part, so distances are exact too.
            expect(distances[i]).toBeCloseTo(distanceBetween(metric, query, row), 5);
          }
        }
        const certified = built.certified.recallAt10;
        expect(found / 500).toBeGreaterThan(Math.min(0.95, certified) - 0.06);
        expect(built.certified).toMatchObject({ queries: 25, choosingQueries: 25, heldOut: true });
        expect(built.certified.rows.length).toBeGreaterThan(1);
      });
    }

    it(`finds exactly what brute force finds when nothing is left out: ${metric}`, async () => {
      const dimensions = 20;
      const vectors = vectorsFor(metric, dimensions);
      const { forest } = await forestOf(vectors, dimensions, metric, { codec: "float32" });
      for (let q = 0; q < 20; q++) {
        const query = vectors.slice(q * dimensions, (q + 1) * dimensions);
        const exact = bruteForce(metric, vectors, dimensions, query, 10);
        const { items, distances } = forest.search(query, { k: 10, searchK: -2 });
        expect(distances.length).toBe(10);
        for (const [i, hit] of exact.entries()) expect(distances[i]).toBeCloseTo(hit.distance, 5);
        if (metric !== "hamming") expect(items).toEqual(exact.map((hit) => hit.item));
      }
    });
  }

  it.each(["angular", "euclidean", "manhattan", "dot"] as const)(
    "restores what a code lost with a second code of the rest: %s",
    async (metric) => {
      const dimensions = 64;
      const vectors = vectorsFor(metric, dimensions);
      const limitOf = async (codec: "int4" | "int8", rescore: "none" | "int4" | "int8") => {
        const { forest, built } = await forestOf(vectors, dimensions, metric, {
          codec,
          rescore,
          targetRecall: 0.999,
        });
        let error = 0;
        for (let item = 0; item < 50; item++) {
          const row = forest.vector(item)!;
          for (let i = 0; i < dimensions; i++)
            error = Math.max(error, Math.abs(row[i]! - vectors[item * dimensions + i]!));
        }
        return { error, recall: built.certified.rows.at(-1)!.recallAt10 };
      };
      const plain = await limitOf("int4", "none");
      const finer = await limitOf("int4", "int4");
      const finest = await limitOf("int8", "int4");
      expect(finer.error).toBeLessThan(plain.error / 5);
      expect(finest.error).toBeLessThan(finer.error / 5);
      expect(finer.recall).toBeGreaterThan(plain.recall);
      expect(finest.recall).toBeGreaterThanOrEqual(0.99);
    },
  );

  it("tells near duplicates apart by the finer vectors", async () => {
    const dimensions = 100;
    const vectors = clusteredVectors(2000, dimensions, 20, 0.03, 5);
    const { forest } = await forestOf(vectors, dimensions, "angular", { rescore: "float32" });
    let found = 0;
    for (let q = 0; q < 50; q++) {
      const query = vectors.slice(q * dimensions, (q + 1) * dimensions);
      const exact = bruteForce("angular", vectors, dimensions, query, 10);
      const { distances } = forest.search(query, { k: 10, searchK: -2 });
      found += distances.filter((distance) => distance <= exact[9]!.distance + 1e-6).length;
    }
    expect(found / 500).toBeGreaterThan(0.99);
  });

  it("has the same bytes for any number of jobs", async () => {
    const dimensions = 40;
    const input = {
      vectors: clusteredVectors(27_000, dimensions, 200, 0.5, 9),
      dimensions,
      metric: "angular",
    } as const;
    const [one, two, three] = await Promise.all(
      [1, 2, 3].map(async (jobs) =>
        encodeDraft({ built: await buildForest(input, { ...PLAIN_SETTINGS, trees: 2, jobs }) }),
      ),
    );
    expect(Buffer.from(one!).equals(two!)).toBe(true);
    expect(Buffer.from(one!).equals(three!)).toBe(true);
  });

  it("gives other bytes for another seed", async () => {
    const vectors = clusteredVectors(2000, 48, 20, 0.5, 9);
    const [a, b] = await Promise.all([1, 2].map((seed) => forestOf(vectors, 48, "angular", { seed })));
    expect(Buffer.from(a!.bytes).equals(b!.bytes)).toBe(false);
  });

  it("finds more with more trees at the same searchK", async () => {
    const dimensions = 64;
    const vectors = clusteredVectors(8000, dimensions, 400, 1, 5);
    const recallAt = async (trees: number) => {
      const { built } = await forestOf(vectors, dimensions, "angular", { trees, leafSize: 40 });
      expect(built.forest.trees).toBe(trees);
      return built.certified.rows.find((row) => row.searchK >= 800)!.recallAt10;
    };
    expect(await recallAt(4)).toBeGreaterThan((await recallAt(1)) - 0.02);
  });

  it("keeps a tree within four bytes an item, at 100 dimensions and at 768", async () => {
    for (const [dimensions, trees] of [
      [100, 1],
      [100, 4],
      [768, 1],
      [768, 3],
    ] as const) {
      const count = 6000;
      const vectors = clusteredVectors(count, dimensions, 100, 0.7, 2);
      const { built } = await forestOf(vectors, dimensions, "angular", { trees, targetRecall: 0.5 });
      const names = new Set(["nodes", "roots", "centroids", "leafItems"]);
      const bytes = built.sections
        .filter((s) => names.has(s.name))
        .reduce((sum, s) => sum + s.bytes.byteLength, 0);
      expect(bytes / count / trees).toBeLessThanOrEqual(4);
    }
  });

  for (const metric of ["euclidean", "manhattan"] as const) {
    it(`does not care where the origin is: ${metric}`, async () => {
      const dimensions = 64;
      const vectors = vectorsFor(metric, dimensions);
      const near = await forestOf(vectors, dimensions, metric, { codec: "float32" });
      const far = sharedFloats(vectors.length);
      for (let i = 0; i < far.length; i++) far[i] = vectors[i]! + 1000;
      const moved = await forestOf(far, dimensions, metric, { codec: "float32" });
      const certified = near.built.certified;
      expect(moved.built.certified.recallAt10).toBeGreaterThan(Math.min(0.95, certified.recallAt10) - 0.01);
      expect(moved.built.certified.defaultSearchK).toBeLessThan(2 * certified.defaultSearchK);
    });
  }

  it("passes over what a filter refuses, by walking or by scanning", async () => {
    const dimensions = 64;
    const vectors = clusteredVectors(COUNT, dimensions, 60, 0.5, 3);
    const { forest } = await forestOf(vectors, dimensions, "angular");
    const query = vectors.slice(0, dimensions);
    for (const step of [2, 10, 100, 1000]) {
      const accept = (item: number) => item % step === 1;
      for (const acceptFraction of [undefined, 1 / step]) {
        const options = { k: 10, accept, ...(acceptFraction !== undefined && { acceptFraction }) };
        const { items } = forest.search(query, options);
        expect(items.length).toBe(Math.min(10, Math.floor((COUNT - 2) / step) + 1));
        expect(items.every(accept)).toBe(true);
      }
    }
  });

  it("finds the nearest that a filter passes, for filters wide and tight, with no more than a few times the work", async () => {
    const dimensions = 64;
    const vectors = clusteredVectors(12_000, dimensions, 1500, 1, 8);
    const { forest } = await forestOf(vectors, dimensions, "angular");
    const plain = forest.search(vectors.slice(0, dimensions), { k: 10 }).candidates;
    for (const step of [2, 10, 100]) {
      const accept = (item: number) => item % step === 0;
      const bits = new Uint32Array(Math.ceil(12_000 / 32));
      for (let item = 0; item < 12_000; item += step) bits[item >>> 5]! |= 1 << (item & 31);
      let found = 0;
      for (let q = 0; q < 30; q++) {
        const query = vectors.slice((q * 7 + 1) * dimensions, (q * 7 + 2) * dimensions);
        const exact = bruteForce("angular", vectors, dimensions, query, 12_000)
          .filter((hit) => accept(hit.item))
          .slice(0, 10);
        const options = { k: 10, accept, acceptBits: bits, acceptFraction: 1 / step };
        const { items, candidates } = forest.search(query, options);
        expect(items.length).toBe(10);
        expect(candidates).toBeLessThan(3 * plain);
        found += items.filter((item) => exact.some((hit) => hit.item === item)).length;
      }
      expect(found / 300).toBeGreaterThan(0.92);
    }
  });

  it("numbers items as the caller did, holes and all", async () => {
    const dimensions = 64;
    const vectors = clusteredVectors(1000, dimensions, 30, 0.5, 3);
    const items = Uint32Array.from({ length: 1000 }, (_, row) => row * 3 + 5);
    const { forest } = await forestOf(vectors, dimensions, "angular", { codec: "float32" }, items);
    expect(forest.nItems).toBe(999 * 3 + 6);
    expect(forest.search(vectors.slice(0, dimensions), { k: 1 }).items).toEqual([5]);
    expect(forest.vector(8)).toEqual(vectors.slice(dimensions, 2 * dimensions));
    for (const hole of [0, 4, 6, 3003, -1, 1.5]) expect(forest.vector(hole)).toBeUndefined();
    expect(forest.distance(5, 6)).toBeUndefined();
    expect(forest.distance(5, 5)).toBe(0);
  });
});

describe("awkward input", () => {
  for (const metric of METRICS) {
    for (const trees of ["auto", 1, 3] as const) {
      it(`builds and answers with few, equal and all-zero vectors: ${metric}, ${trees} trees`, async () => {
        for (const [count, dimensions] of [
          [0, 4],
          [1, 8],
          [2, 1],
          [7, 1],
          [500, 3],
        ] as const) {
          const vectors = sharedFloats(count * dimensions);
          for (let i = 0; i < vectors.length; i++)
            vectors[i] = count === 500 ? Math.floor(i / 60) % 3 : (i % 5) - 2;
          const { forest } = await forestOf(vectors, dimensions, metric, { trees, codec: "float32" });
          const query = new Float32Array(dimensions).fill(1);
          const { items, distances } = forest.search(query, { k: 5, searchK: -2 });
          expect(items.length).toBe(Math.min(5, count));
          expect(new Set(items).size).toBe(items.length);
          expect(distances.every(Number.isFinite)).toBe(true);
          const zero = forest.search(new Float32Array(dimensions), { k: 5, searchK: -2 });
          expect(zero.distances.every(Number.isFinite)).toBe(true);
          expect(zero.items.length).toBe(Math.min(5, count));
        }
      });
    }
  }

  it("refuses to exceed a byte budget, and says what would help", async () => {
    const vectors = clusteredVectors(2000, 64, 20, 0.5, 9);
    await expect(forestOf(vectors, 64, "angular", { maxBytes: 50_000 })).rejects.toMatchObject({
      code: "OVER_BUDGET",
    });
  });

  it("lets auto pick a smaller codec when it meets the target", async () => {
    const vectors = clusteredVectors(4000, 64, 1000, 0.3, 9);
    const { built } = await forestOf(vectors, 64, "angular", { codec: "auto", targetRecall: 0.3 });
    expect(built.header.codec).toBe("binary");
    const finer = await forestOf(vectors, 64, "angular", { codec: "auto", targetRecall: 0.99 });
    expect(["int8", "float32"]).toContain(finer.built.header.codec);
  });
});
