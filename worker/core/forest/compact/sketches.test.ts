import { expect, it } from "vitest";
import { createRandom } from "../../../../build/numeric/random.ts";
import { appendPromising, createPromising, fillTable, type Sketches } from "./sketches.ts";

const COUNT = 200;

/** Sketches of random codes, and what a query's rotated coordinates add up to over the first `bits` of each. */
function randomSketches(bits: number, seed: number) {
  const random = createRandom(seed);
  const words = bits / 32;
  const stride = words + 1;
  const rows = Int32Array.from({ length: COUNT * stride }, () => random() * 2 ** 32);
  const rotated = Float32Array.from({ length: bits }, () => random() - 0.5);
  const sketches = { bits, stride, rows, factorStep: 1e-6, offsetLow: -0.2, offsetStep: 3e-6 } as Sketches;
  const sumOver = (slot: number, length: number) => {
    let sum = 0;
    for (let i = 0; i < length; i++) {
      sum += ((rows[slot * stride + (i >>> 5)]! >>> (i & 31)) & 1 ? 1 : -1) * rotated[i]!;
    }
    return sum;
  };
  const factors = (slot: number) => {
    const word = rows[slot * stride + words]!;
    return { factor: (word & 0xffff) * 1e-6, offset: -0.2 + (word >>> 16) * 3e-6 };
  };
  return { sketches, rotated, sumOver, factors };
}

it.each([64, 128, 256])(
  "bounds of %i bits are the estimate and the margin, of slots that reach the cut",
  (bits) => {
    const { sketches, rotated, sumOver, factors } = randomSketches(bits, bits);
    const table = new Int32Array(bits * 32);
    const unit = fillTable(rotated, bits, table);
    const query = { table, unit, margin: 0.5, secondHalf: 1.5, base: 0.3, cut: 0 };
    const half = bits >>> 1;
    const bound = (slot: number) => {
      const { factor, offset } = factors(slot);
      return 0.3 + offset + factor * (sumOver(slot, bits) + query.margin);
    };
    const first = (slot: number) => {
      const { factor, offset } = factors(slot);
      return (
        0.3 + offset + factor * (sumOver(slot, bits === 64 ? 32 : half) + query.margin + query.secondHalf)
      );
    };
    for (const cut of [Number.NEGATIVE_INFINITY, 0.15, 0.25, 10]) {
      const found = createPromising(COUNT);
      appendPromising(sketches, { ...query, cut }, 0, 50, found);
      appendPromising(sketches, { ...query, cut }, 50, COUNT - 50, found);
      const expected = Array.from({ length: COUNT }, (_, slot) => slot).filter(
        (slot) => bound(slot) >= cut && first(slot) >= cut,
      );
      expect([...found.slots.subarray(0, found.count)]).toEqual(expected);
      for (const [i, slot] of expected.entries()) expect(found.bounds[i]).toBeCloseTo(bound(slot), 5);
    }
  },
);

it("lets everything pass when sums are no numbers and there is nothing to reach", () => {
  const { sketches } = randomSketches(128, 9);
  const query = {
    ...{ table: new Int32Array(4096), unit: Number.NaN, margin: 0, secondHalf: 0 },
    ...{ base: 0, cut: Number.NEGATIVE_INFINITY },
  };
  const found = createPromising(COUNT);
  appendPromising(sketches, query, 0, COUNT, found);
  expect(found.count).toBe(COUNT);
});

it("a table of nothing is all zeros", () => {
  const table = new Int32Array(4096).fill(7);
  expect(fillTable(new Float32Array(128), 128, table)).toBe(0);
  expect(table.every((sum) => sum === 0)).toBe(true);
});
