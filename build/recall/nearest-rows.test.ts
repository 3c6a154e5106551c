import { describe, expect, it } from "vitest";
import { clusteredVectors } from "../../test/support/forest.ts";
import { createKernel } from "../numeric/kernels.ts";
import { exactScore } from "./exact-score.ts";
import { nearestRows, truthKernel } from "./nearest-rows.ts";

describe("exact answers", () => {
  it.each(["angular", "euclidean", "manhattan", "dot", "hamming"] as const)(
    "are the best by scores in double precision: %s",
    (metric) => {
      const width = 37;
      const count = 900;
      const rows = clusteredVectors(count, width, 40, 0.7, 5);
      if (metric === "hamming") for (let i = 0; i < rows.length; i++) rows[i] = rows[i]! > 0 ? 1 : 0;
      if (metric === "angular") {
        for (let r = 0; r < count; r++) {
          const row = rows.subarray(r * width, (r + 1) * width);
          const length = Math.hypot(...row);
          for (let i = 0; i < width; i++) row[i]! /= length;
        }
      }
      const list = Uint32Array.from({ length: count - 9 }, (_, i) => i + 9);
      const queries = Uint32Array.of(0, 3, 4, 7, 8);
      const kernel = createKernel(width, truthKernel(metric));
      const found = nearestRows({ kind: "truth", metric, rows, width, queries, list, k: 10 }, kernel);
      for (const [q, query] of queries.entries()) {
        const score = (row: number) => exactScore({ metric, vectors: rows, dimensions: width }, query, row);
        const best = Array.from(list, score).sort((a, b) => b - a);
        expect(found[q]!.rows.length).toBe(10);
        const scores = Array.from(found[q]!.rows, score).sort((a, b) => b - a);
        for (const [i, value] of scores.entries()) expect(value).toBeCloseTo(best[i]!, 4);
      }
    },
  );
});
