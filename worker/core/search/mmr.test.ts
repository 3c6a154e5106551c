import { maximalMarginalRelevance as langchain } from "@langchain/core/utils/math";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maximalMarginalRelevance } from "./mmr.ts";

const component = fc.float({ min: -10, max: 10, noNaN: true });

describe("maximalMarginalRelevance", () => {
  test("chooses what LangChain's own function chooses, whatever the vectors", () => {
    const cases = fc.integer({ min: 1, max: 12 }).chain((dimensions) => {
      const vector = fc.array(component, { minLength: dimensions, maxLength: dimensions });
      return fc.record({
        query: vector,
        candidates: fc.array(vector, { maxLength: 30 }),
        lambda: fc.double({ min: 0, max: 1, noNaN: true }),
        k: fc.integer({ min: 0, max: 35 }),
      });
    });
    fc.assert(
      fc.property(cases, ({ query, candidates, lambda, k }) => {
        expect(maximalMarginalRelevance(query, candidates, lambda, k)).toEqual(
          langchain(query, candidates, lambda, k),
        );
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  test("passes over a repetition when diversity counts", () => {
    const query = [1, 0];
    const candidates = [
      [1, 0.1],
      [1, 0.1],
      [1, -0.4],
    ];
    expect(maximalMarginalRelevance(query, candidates, 0.5, 2)).toEqual([0, 2]);
    expect(maximalMarginalRelevance(query, candidates, 1, 2)).toEqual([0, 1]);
  });
});
