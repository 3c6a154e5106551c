import { describe, expect, it } from "vitest";
import { clusteredVectors, forestOf } from "../../test/support/forest.ts";
import type { CertifiedRow } from "../../worker/core/format/meta.ts";
import type { Progress } from "../settings/progress.ts";
import { pickDefault } from "./certify.ts";
import { halves, spread, type Truth } from "./held-out.ts";

const DIMENSIONS = 64;

function row(searchK: number, recallAt10: number): CertifiedRow {
  return { searchK, recallAt1: recallAt10, recallAt10, recallAt100: recallAt10, candidates: 0, scored: 0 };
}

/** Queries 0, 10, 20, ... whose only neighbour is the row after each. */
function truthOf(count: number): Truth {
  const queries = Uint32Array.from({ length: count }, (_, i) => i * 10);
  return {
    metric: "angular",
    vectors: new Float32Array(new SharedArrayBuffer(0)),
    dimensions: 1,
    queries,
    nearest: Array.from(queries, (q) => Uint32Array.of(q + 1)),
    items: undefined,
  };
}

describe("the default searchK", () => {
  it("meets the target whenever a row does, be the best row ever so little above it", () => {
    const rows = [row(100, 0.9488), row(120, 0.9495), row(150, 0.9501), row(300, 0.9505)];
    expect(pickDefault(rows, 0.95, 100)).toEqual({ row: rows[2], met: true });
  });

  it("is none that was found too small on the choosing queries", () => {
    const rows = [row(100, 0.951), row(120, 0.96), row(150, 0.97)];
    expect(pickDefault(rows, 0.95, 120).row.searchK).toBe(120);
  });

  it("is a smaller one when only that meets the target", () => {
    const rows = [row(100, 0.951), row(120, 0.949)];
    expect(pickDefault(rows, 0.95, 120)).toEqual({ row: rows[0], met: true });
  });

  it("is the cheapest that is nearly the best when none meets the target, and says so", () => {
    const rows = [row(100, 0.8), row(200, 0.93), row(400, 0.931), row(800, 0.932)];
    expect(pickDefault(rows, 0.95, 800)).toEqual({ row: rows[1], met: false });
  });
});

describe("held-out queries", () => {
  it("choose or certify, never both", () => {
    const truth = truthOf(11);
    const { choosing, certifying } = halves(truth);
    expect([...choosing.queries, ...certifying.queries].sort((a, b) => a - b)).toEqual([...truth.queries]);
    for (const part of [choosing, certifying]) {
      expect(part.nearest.map((rows) => rows[0])).toEqual(Array.from(part.queries, (q) => q + 1));
    }
  });

  it("are thinned evenly", () => {
    expect([...spread(truthOf(10), 5).queries]).toEqual([10, 30, 50, 70, 90]);
    expect(spread(truthOf(7), 3).queries.length).toBe(3);
    expect(spread(truthOf(3), 5).queries.length).toBe(3);
  });
});

describe("certified recall", () => {
  const vectors = clusteredVectors(8000, DIMENSIONS, 800, 1, 4);

  it("is measured on queries that chose nothing, at 1, 10 and 100, over a range of searchK", async () => {
    const { built } = await forestOf(vectors, DIMENSIONS, "angular", { targetRecall: 0.9 });
    const { certified } = built;
    expect(certified).toMatchObject({ target: 0.9, queries: 100, choosingQueries: 100, met: true });
    const { rows, defaultSearchK } = certified;
    expect(rows.length).toBeGreaterThan(4);
    const chosen = rows.find(({ searchK }) => searchK === defaultSearchK)!;
    for (const figure of ["recallAt1", "recallAt10", "recallAt100"] as const) {
      expect(certified[figure]).toBe(chosen[figure]);
      expect(rows.at(-1)![figure]).toBeGreaterThan(rows[0]![figure]);
      for (const row of rows) expect(row[figure]).toBeLessThanOrEqual(1);
    }
    expect(certified.recallAt10).toBeGreaterThanOrEqual(0.9);
    expect(built.header.defaultSearchK).toBe(defaultSearchK);
    expect(built.header.certifiedRecall).toBe(certified.recallAt10);
  });

  it("tells how far the build is, phase after phase, never backwards", async () => {
    const told: Progress[] = [];
    await forestOf(vectors, DIMENSIONS, "angular", {
      targetRecall: 0.9,
      codec: "auto",
      jobs: 2,
      onProgress: (progress) => told.push(progress),
    });
    const phases = told.map(({ phase }) => phase).filter((phase, i, all) => phase !== all[i - 1]);
    expect(phases).toEqual(["forest", "certify"]);
    for (const phase of phases) {
      const shares = told.filter((entry) => entry.phase === phase).map(({ done, total }) => done / total);
      expect(shares).toEqual([...shares].sort((a, b) => a - b));
      expect(shares.length).toBeGreaterThan(1);
      expect(shares.at(-1)).toBe(1);
    }
  });

  it("says when nothing meets the target", async () => {
    const settings = { targetRecall: 0.999, codec: "int4", rescore: "none" } as const;
    const { built } = await forestOf(vectors, DIMENSIONS, "angular", settings);
    expect(built.certified.met).toBe(false);
    expect(built.certified.recallAt10).toBeLessThan(0.999);
    expect(Math.max(...built.certified.rows.map((row) => row.recallAt10))).toBeLessThan(0.999);
  });

  it("is that of every query where there is nothing to choose", async () => {
    const few = vectors.slice(0, 1000 * DIMENSIONS);
    const shared = new Float32Array(new SharedArrayBuffer(few.byteLength));
    shared.set(few);
    const { built } = await forestOf(shared, DIMENSIONS, "angular", { trees: "auto" });
    expect(built.forest.kind).toBe("flat");
    expect(built.certified).toMatchObject({ queries: 25, choosingQueries: 0, met: true });
    expect(built.certified.rows.length).toBe(1);
  });

  it("visits everything by default where that costs next to nothing", async () => {
    const few = vectors.slice(0, 4000 * DIMENSIONS);
    const shared = new Float32Array(new SharedArrayBuffer(few.byteLength));
    shared.set(few);
    const { built } = await forestOf(shared, DIMENSIONS, "angular", { trees: "auto" });
    expect(built.forest.kind).toBe("compact");
    expect(built.certified.defaultSearchK).toBe(4000);
    expect(built.certified.recallAt10).toBeGreaterThan(0.99);
    expect(built.certified.rows.length).toBeGreaterThan(1);
  });

  it("holds on queries that the build never saw", async () => {
    const seen = 7000;
    const shared = new Float32Array(new SharedArrayBuffer(seen * DIMENSIONS * 4));
    shared.set(vectors.subarray(0, shared.length));
    const { forest, built } = await forestOf(shared, DIMENSIONS, "angular", { targetRecall: 0.9 });
    expect(built.certified.met).toBe(true);
    let found = 0;
    const queries = 8000 - seen;
    for (let q = seen; q < 8000; q++) {
      const query = vectors.slice(q * DIMENSIONS, (q + 1) * DIMENSIONS);
      const { distances } = forest.search(query, { k: 10 });
      const { distances: exact } = forest.search(query, { k: 10, searchK: -2 });
      found += distances.filter((d) => d <= exact[9]!).length / 10;
    }
    expect(found / queries).toBeGreaterThan(0.89);
  });
});
