import { describe, expect, test } from "vitest";
import { DEFAULT_FUSION, fusionFor, weightFor, weightOfQuery } from "./fusion.ts";

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
    expect(fusionFor(DEFAULT_FUSION, { words: 2, wordScores: [], vectorScores: flat })).toEqual(
      DEFAULT_FUSION,
    );
    const fixed = { method: "score", keywordWeight: 0.3, rrfK: 20 } as const;
    expect(fusionFor(fixed, { words: 9, wordScores: [], vectorScores: flat })).toEqual(fixed);
  });

  test("gives a calibrated one the weight of the query", () => {
    const signs = { words: 2, wordScores: [0.6], vectorScores: flat };
    const fusion = fusionFor({ method: "score", keywordWeight: 0.3, rrfK: 20, confidence }, signs);
    expect(fusion.keywordWeight).toBe(weightFor(confidence, signs));
  });

  test("weighs by the lead of the words and the height of the vectors, where random documents were scored", () => {
    const random = { mean: 0.5, spread: 0.05 };
    const fusion = { method: "score", keywordWeight: 0.3, rrfK: 20, random } as const;
    const signs = { words: 2, wordScores: [0.6, 0.2], vectorScores: flat };
    const { keywordWeight, ...rest } = fusionFor(fusion, signs);
    expect(rest).toEqual({ method: "score", rrfK: 20 });
    expect(keywordWeight).toBe(weightOfQuery(0.3, random, signs));
  });
});

describe("weightOfQuery", () => {
  const random = { mean: 0.5, spread: 0.05 };
  const ten = (best: number) => [best, ...new Array(9).fill(0.2)];
  const weight = (usual: number, wordScores: number[], vectorScores: number[]) =>
    weightOfQuery(usual, random, { wordScores, vectorScores });

  test("is what the format document says", () => {
    const odds = ((0.3 / 0.7) * ((0.4 + 0.05) / 0.22) ** 0.75 * 4) / 6;
    expect(weight(0.3, ten(0.6), [0.8])).toBeCloseTo(odds / (1 + odds), 9);
  });

  test("is that of the corpus for a usual query", () => {
    expect(weight(0.3, ten(0.37), [0.7])).toBeCloseTo(0.3, 9);
  });

  test("trusts words whose best hit stands apart, and vectors far above a random document", () => {
    expect(weight(0.3, ten(0.9), [0.7])).toBeGreaterThan(weight(0.3, ten(0.3), [0.7]));
    expect(weight(0.3, ten(0.6), [0.9])).toBeLessThan(weight(0.3, ten(0.6), [0.6]));
    // Fewer than ten hits stand apart from nothing.
    expect(weight(0.3, [0.6, 0.5], [0.7])).toBeGreaterThan(weight(0.3, ten(0.6), [0.7]));
  });

  test("stays between 0 and 1, whatever the scores and the weight", () => {
    for (const usual of [0, 1e-4, 0.5, 1]) {
      for (const scores of [[], [0], [1], [0, 0.2]]) {
        const own = weight(usual, scores, scores);
        expect(own).toBeGreaterThanOrEqual(0);
        expect(own).toBeLessThanOrEqual(1);
      }
    }
  });
});
