import { describe, expect, it } from "vitest";
import { dotPairs, dotPairsOfTwo } from "./products.ts";
import { pairQuery } from "./query.ts";

/** Whole numbers from a linear congruential generator, the same in every run. */
function numbers(count: number, least: number, most: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return least + Math.floor((state / 2 ** 32) * (most - least + 1));
  });
}

function products(codes: number[], query: Float32Array): { quick: number; exact: number; step: number } {
  const words = new Int32Array(Int8Array.from(codes).buffer);
  const { packed, unit } = pairQuery(query);
  const exact = codes.reduce((sum, code, i) => sum + code * query[i]!, 0);
  return { quick: dotPairs(words, 0, packed) * unit, exact, step: unit };
}

describe("products of codes and a query in small integers", () => {
  for (const dimensions of [4, 100, 256, 768]) {
    it(`differ from exact ones by roundings alone: ${dimensions} dimensions`, () => {
      for (let seed = 1; seed <= 20; seed++) {
        const codes = numbers(dimensions, -127, 127, seed);
        const query = Float32Array.from(numbers(dimensions, -1000, 1000, seed + 99), (x) => x / 1000);
        const { quick, exact, step } = products(codes, query);
        // Half a step a coordinate for the query, one a pair for the carry.
        const bound = codes.reduce((sum, code) => sum + (Math.abs(code) / 2 + 0.5) * step, 0);
        expect(Math.abs(quick - exact)).toBeLessThanOrEqual(bound);
      }
    });
  }

  it("do not overflow at the largest codes and coordinates, whatever their signs", () => {
    for (const code of [-128, -127, 127]) {
      for (const signs of [
        [1, 1, 1, 1],
        [-1, -1, -1, -1],
        [1, -1, 1, -1],
        [-1, 1, 1, -1],
      ]) {
        const codes = Array.from({ length: 400 }, (_, i) => code * (i % 3 === 0 && code > -128 ? -1 : 1));
        const query = Float32Array.from({ length: 400 }, (_, i) => 1e6 * signs[i % 4]!);
        const { quick, exact } = products(codes, query);
        expect(Math.abs(quick - exact)).toBeLessThan(400 * 128 * 1e6 * 0.005);
      }
    }
  });

  it("are zero for a query of zeros", () => {
    expect(products(numbers(8, -127, 127, 5), new Float32Array(8)).quick).toBe(0);
  });

  it("are the same for two rows at once", () => {
    const words = new Int32Array(Int8Array.from(numbers(300, -127, 127, 7)).buffer);
    const { packed } = pairQuery(Float32Array.from(numbers(100, -1000, 1000, 8)));
    const two = new Int32Array(2);
    dotPairsOfTwo(words, 50, 25, packed, two);
    expect([...two]).toEqual([dotPairs(words, 50, packed), dotPairs(words, 25, packed)]);
  });
});
