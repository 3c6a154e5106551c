import { instantiate, memoryOf } from "./instantiate.ts";

/** One row of numbers at a time, turned into whole numbers, in WebAssembly SIMD. */
export interface Levels {
  /** @param scale a power of two that brings the row's numbers to where their inverses are numbers as well */
  setRow(rows: Float32Array, at: number, scale?: number): void;
  /**
   * Fit of sixteen levels to the row: the product of levels and numbers, and the square of the levels, where a level
   * n - 7.5 has n = number x inverse + 8, cut to a whole number from 0 to 15.
   */
  fit(inverse: number): { readonly product: number; readonly squares: number };
  /** Writes those n, two a byte, the first in the lower half. */
  writeNibbles(inverse: number, codes: Uint8Array, at: number): void;
  /** Writes number x inverse, to the nearest of -127 to 127, a byte each; returns the sum of the squares of what it wrote. */
  writeBytes(inverse: number, codes: Uint8Array, at: number): number;
}

export function createLevels(dimensions: number): Levels {
  const wasm = instantiate("codes");
  const lanes = Math.ceil(dimensions / 4) * 4;
  const stride = lanes * 4;
  const outAt = stride;
  const buffer = memoryOf(wasm, outAt + Math.max(32, lanes));
  const row = new Float32Array(buffer, 0, lanes);
  const sums = new Float32Array(buffer, outAt, 8);
  const bytes = new Uint8Array(buffer, outAt, dimensions);
  const nibbles = new Uint8Array(buffer, outAt, Math.ceil(dimensions / 2));
  // What fills a row up is 0, whose level is 0.5.
  const surplus = (lanes - dimensions) * 0.25;
  return {
    setRow(rows, at, scale = 1) {
      row.set(rows.subarray(at, at + dimensions));
      if (scale !== 1) for (let i = 0; i < dimensions; i++) row[i]! *= scale;
    },
    fit(inverse) {
      wasm.fit(0, stride, inverse, outAt);
      return {
        product: sums[0]! + sums[1]! + sums[2]! + sums[3]!,
        squares: sums[4]! + sums[5]! + sums[6]! + sums[7]! - surplus,
      };
    },
    writeNibbles(inverse, codes, at) {
      wasm.nibbles(0, stride, inverse, outAt);
      if (dimensions & 1) nibbles[nibbles.length - 1]! &= 15;
      codes.set(nibbles, at);
    },
    writeBytes(inverse, codes, at) {
      const squares = wasm.bytes(0, stride, inverse, outAt);
      codes.set(bytes, at);
      return squares;
    },
  };
}
