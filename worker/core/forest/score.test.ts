import { describe, expect, test } from "vitest";
import { METRICS } from "../format/constants.ts";
import { scoreOf } from "./metrics.ts";

describe("scoreOf", () => {
  test("gives 1 to the distance of a thing to itself, for every metric that has one", () => {
    for (const metric of ["angular", "euclidean", "manhattan", "hamming"] as const) {
      expect(scoreOf(metric, 0, 64)).toBe(1);
    }
  });

  test("maps angular distances to half of 1 + cos", () => {
    for (const cos of [1, 0.5, 0, -0.5, -1]) {
      expect(scoreOf("angular", Math.sqrt(2 - 2 * cos), 8)).toBeCloseTo((1 + cos) / 2, 12);
    }
  });

  test("maps hamming distances to the share of equal bits", () => {
    expect(scoreOf("hamming", 16, 64)).toBe(0.75);
    expect(scoreOf("hamming", 64, 64)).toBe(0);
  });

  test("puts an inner product of 0 in the middle", () => {
    expect(scoreOf("dot", 0, 8)).toBe(0.5);
    expect(scoreOf("dot", 1, 8)).toBe(0.75);
    expect(scoreOf("dot", -1, 8)).toBe(0.25);
  });

  test("stays within 0..1 and keeps the metric's order, however extreme the distance", () => {
    const distances = [0, 1e-9, 0.1, 1, 1.9, 2, 7, 64, 1e6, 1e15];
    for (const metric of METRICS) {
      const inOrder = metric === "dot" ? [...distances.map((d) => -d).reverse(), ...distances] : distances;
      const scores = inOrder.map((d) => scoreOf(metric, d, 64));
      for (const score of scores) {
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(1);
      }
      const sorted = [...scores].sort((a, b) => (metric === "dot" ? a - b : b - a));
      expect(scores).toEqual(sorted);
    }
  });
});
