import { expect, it } from "vitest";
import { createLevels } from "./levels.ts";
import { createRandom } from "./random.ts";

it.each([1, 3, 4, 37, 100, 4096])(
  "rows of %i numbers become bytes and nibbles as plain arithmetic has it",
  (dimensions) => {
    const random = createRandom(dimensions);
    const rows = Float32Array.from({ length: 3 * dimensions }, () => random() - 0.5);
    const levels = createLevels(dimensions);
    levels.setRow(rows, 2 * dimensions);
    const row = rows.subarray(2 * dimensions);

    const bytes = new Uint8Array(2 * dimensions);
    // A power of two: products are exact.
    const squares = levels.writeBytes(128, bytes, dimensions);
    const codes = Array.from(new Int8Array(bytes.buffer).subarray(dimensions));
    expect(squares).toBe(codes.reduce((sum, code) => sum + code * code, 0));
    for (const [i, code] of codes.entries()) expect(Math.abs(code - row[i]! * 128)).toBeLessThanOrEqual(0.5);
    expect(bytes.subarray(0, dimensions).every((byte) => byte === 0)).toBe(true);

    const stride = Math.ceil(dimensions / 2);
    const nibbles = new Uint8Array(2 * stride);
    levels.writeNibbles(32, nibbles, stride);
    const expected = Array.from(row, (x) => Math.max(0, Math.min(15, Math.trunc(x * 32 + 8))));
    const found = Array.from(row, (_, i) => (nibbles[stride + (i >>> 1)]! >>> (4 * (i & 1))) & 15);
    expect(found).toEqual(expected);
    if (dimensions & 1) expect(nibbles.at(-1)! >>> 4).toBe(0);

    const fit = levels.fit(32);
    const sum = (of: (n: number, i: number) => number) =>
      expected.reduce((total, n, i) => total + of(n - 7.5, i), 0);
    expect(fit.product / sum((level, i) => level * row[i]!)).toBeCloseTo(1, 4);
    expect(fit.squares).toBeCloseTo(
      sum((level) => level * level),
      0,
    );
  },
);
