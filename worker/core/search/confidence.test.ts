import { describe, expect, test } from "vitest";
import { fusionFor, weightFor } from "./confidence.ts";
import { DEFAULT_FUSION } from "./fusion.ts";

const confidence = { mean: 0.5, spread: 0.04, bias: -0.64, words: 0.8, lead: -0.5, best: 0.125 };
const flat = [0.7, 0.69, 0.68];

describe("weightFor", () => {
  test("is what the format document says", () => {
    const odds = 5 * 0.04 * Math.exp(-0.64 + 0.8 * Math.log(3) - 0.5 * 0.25 + 0.125 * 5);
    expect(weightFor(confidence, { words: 3, vectorScores: flat })).toBeCloseTo(odds / (1 + odds), 9);
  });

  test("trusts the words more in a longer query, and less when one vector stands apart", () => {
    const weight = (words: number, vectorScores: number[]) => weightFor(confidence, { words, vectorScores });
    expect(weight(6, flat)).toBeGreaterThan(weight(1, flat));
    expect(weight(2, [0.7, 0.6])).toBeLessThan(weight(2, [0.7, 0.69]));
  });

  test("does not depend on the scale of the scores, measured in their spread", () => {
    const odds = (weight: number) => weight / (1 - weight);
    const tenth = { ...confidence, mean: 0.05, spread: 0.004 };
    const small = weightFor(tenth, { words: 2, vectorScores: [0.07, 0.069] });
    expect(odds(small) * 10).toBeCloseTo(
      odds(weightFor(confidence, { words: 2, vectorScores: [0.7, 0.69] })),
      6,
    );
  });

  test("stays between 0 and 1 for one vector, for none, and for signs out of all bounds", () => {
    for (const vectorScores of [[], [0.9], [1, 0], [0, 0]]) {
      for (const words of [0, 1, 4000]) {
        const weight = weightFor(confidence, { words, vectorScores });
        expect(weight).toBeGreaterThan(0);
        expect(weight).toBeLessThan(1);
      }
    }
  });
});

describe("fusionFor", () => {
  test("leaves a fusion without measured confidence as it is", () => {
    expect(fusionFor(DEFAULT_FUSION, { words: 2, vectorScores: flat })).toEqual(DEFAULT_FUSION);
    const fixed = { method: "score", keywordWeight: 0.3, rrfK: 20 } as const;
    expect(fusionFor(fixed, { words: 9, vectorScores: flat })).toEqual(fixed);
  });

  test("gives a calibrated one the weight of the query", () => {
    const signs = { words: 2, vectorScores: flat };
    const fusion = fusionFor({ method: "score", keywordWeight: 0.3, rrfK: 20, confidence }, signs);
    expect(fusion.keywordWeight).toBe(weightFor(confidence, signs));
  });
});
