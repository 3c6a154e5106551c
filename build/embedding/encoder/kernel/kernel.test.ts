import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { KernelFunctions } from "../../../../worker/core/embedding/encoder/kernel.ts";
import { tilePlace } from "../../../../worker/core/format/encoder.ts";
import { createRandom } from "../../../numeric/random.ts";
import { loadKernel } from "./load.ts";
import { compileKernel, FLAVOURS } from "./module.ts";

const NAMES = ["relaxed", "plain"] as const;

/** Arrays one behind the other in a kernel's memory. */
async function arena(flavour: (typeof NAMES)[number]) {
  const kernel = await loadKernel(flavour);
  const buffer = kernel.require(1 << 20);
  let at = 64;
  const take = (bytes: number): number => {
    const place = at;
    at += Math.ceil(bytes / 16) * 16;
    return place;
  };
  const floats = (values: ArrayLike<number>): number => {
    const place = take(4 * values.length);
    new Float32Array(buffer, place, values.length).set(values);
    return place;
  };
  const read = (place: number, length: number): number[] =>
    Array.from(new Float32Array(buffer, place, length));
  return { functions: kernel.functions, buffer, take, floats, read };
}

function numbers(count: number, scale: number, seed: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: count }, () => (random() - 0.4) * scale);
}

/** The product by the kernel of `tokens` rows of activations with a matrix of random bytes, and what it should be near. */
async function product(flavour: (typeof NAMES)[number], tokens: number, columns: number, rows: number) {
  const { functions, buffer, take, floats, read } = await arena(flavour);
  const x = numbers(tokens * columns, 4, 1);
  const random = createRandom(2);
  const codes = Int8Array.from({ length: rows * columns }, () => Math.floor(random() * 255) - 127);
  const scales = numbers(rows, 0.01, 3);
  const biases = numbers(rows, 5, 4);
  const weights = take(codes.length);
  const tiles = new Int8Array(buffer, weights, codes.length);
  const sums = take(4 * rows);
  const expected: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      tiles[tilePlace(row, column, columns)] = codes[row * columns + column]!;
      new Int32Array(buffer, sums, rows)[row]! += codes[row * columns + column]!;
    }
  }
  for (let token = 0; token < tokens; token++) {
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let c = 0; c < columns; c++) sum += x[token * columns + c]! * codes[row * columns + c]!;
      expected.push(sum * scales[row]! + biases[row]!);
    }
  }
  const acts = take(2 * tokens * columns);
  const params = take(8 * tokens);
  const out = take(4 * tokens * rows);
  functions.quantise(floats(x), tokens, columns, acts, params);
  functions.products(acts, params, weights, floats(scales), sums, floats(biases), out, tokens, columns, rows);
  return { found: read(out, tokens * rows), expected };
}

describe("the encoder's kernel", () => {
  it.each(NAMES)("is what its source compiles to: %s", async (name) => {
    const committed = readFileSync(
      new URL(`../../../../worker/core/embedding/encoder/kernel/${name}.wasm`, import.meta.url),
    );
    expect(Buffer.from(await compileKernel(FLAVOURS[name])).equals(committed)).toBe(true);
  });

  it.each([1, 2, 3, 4, 5, 9])("multiplies %i tokens with a matrix, relaxed as plain", async (tokens) => {
    const { found, expected } = await product("relaxed", tokens, 64, 24);
    const worst = found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
    // Activations have 127 levels over a range of 4; 64 products of up to 127 * .006 each.
    expect(worst).toBeLessThan(0.5);
    expect(worst).toBeGreaterThan(0);
    expect((await product("plain", tokens, 64, 24)).found).toEqual(found);
  });

  it("quantises rows that are all zeros, all negative and all positive", async () => {
    const { functions, buffer, take, floats } = await arena("relaxed");
    const rows = [Array(16).fill(0), Array(16).fill(-2), Array(16).fill(3)];
    const acts = take(48);
    const params = take(24);
    functions.quantise(floats(rows.flat()), 3, 16, acts, params);
    const codes = new Uint8Array(buffer, acts, 48);
    const scales = new Float32Array(buffer, params, 6);
    const zeros = new Int32Array(buffer, params, 6);
    for (const [row, values] of rows.entries()) {
      const value = (codes[16 * row]! - zeros[2 * row + 1]!) * scales[2 * row]!;
      expect(value).toBeCloseTo(values[0], 5);
    }
  });

  const eachFlavour = (title: string, check: (of: Awaited<ReturnType<typeof arena>>) => void): void => {
    it.each(NAMES)(`${title}: %s`, async (name) => check(await arena(name)));
  };

  eachFlavour("knows GELU with the error function", ({ functions, floats, read }) => {
    // By Python's math.erf.
    const known: readonly (readonly [number, number])[] = [
      [-10, 0],
      [-3, -0.00404969409489031],
      [-1, -0.15865525393145707],
      [-0.1, -0.0460172162722971],
      [0, 0],
      [0.5, 0.34573123063700656],
      [2, 1.9544997361036416],
      [9, 9],
    ];
    const x = floats(known.map(([value]) => value));
    functions.gelu(x, known.length);
    const found = read(x, known.length);
    for (const [i, [, value]] of known.entries()) expect(Math.abs(found[i]! - value)).toBeLessThan(2e-6);
  });

  eachFlavour("normalises the sum of two rows", ({ functions, floats, read }) => {
    const [a, b, gamma, beta] = [1, 2, 3, 4].map((seed) => numbers(32, 3, seed)) as Float32Array[];
    const x = floats(a!);
    functions.addNorm(x, floats(b!), floats(gamma!.slice(0, 16)), floats(beta!.slice(0, 16)), 2, 16, 1e-5);
    const found = read(x, 32);
    for (let row = 0; row < 2; row++) {
      const sums = Array.from({ length: 16 }, (_, i) => a![16 * row + i]! + b![16 * row + i]!);
      const mean = sums.reduce((s, v) => s + v, 0) / 16;
      const variance = sums.reduce((s, v) => s + (v - mean) ** 2, 0) / 16;
      for (let i = 0; i < 16; i++) {
        const value = ((sums[i]! - mean) / Math.sqrt(variance + 1e-5)) * gamma![i]! + beta![i]!;
        expect(found[16 * row + i]).toBeCloseTo(value, 5);
      }
    }
  });

  eachFlavour(
    "makes rows of any length add up to one, whatever fills them up",
    ({ functions, floats, read }) => {
      for (const [count, stride] of [
        [1, 4],
        [5, 8],
        [8, 8],
      ] as const) {
        const values = numbers(3 * stride, 40, count).map((value, i) => (i % stride < count ? value : 1e9));
        const x = floats(values);
        functions.softmax(x, 3, count, stride);
        const found = read(x, 3 * stride);
        for (let row = 0; row < 3; row++) {
          const powers = Array.from(values.slice(row * stride, row * stride + count), Math.exp);
          const sum = powers.reduce((s, v) => s + v, 0);
          for (let i = 0; i < count; i++) expect(found[row * stride + i]).toBeCloseTo(powers[i]! / sum, 5);
        }
      }
    },
  );

  eachFlavour(
    "multiplies float32 matrices of any shape, and transposes",
    ({ functions, floats, read, take }) => {
      for (const [rows, inner, columns] of [
        [1, 3, 4],
        [4, 8, 8],
        [7, 5, 20],
      ] as const) {
        const a = numbers(rows * inner, 2, 1);
        const b = numbers(columns * inner, 2, 2);
        const transposed = take(4 * columns * inner);
        functions.transpose(floats(b), 4 * inner, columns, inner, transposed, 4 * columns);
        const c = take(4 * rows * columns);
        functions.multiply(
          floats(a),
          4 * inner,
          transposed,
          4 * columns,
          c,
          4 * columns,
          rows,
          inner,
          columns,
        );
        const found = read(c, rows * columns);
        for (const [i, value] of found.entries()) {
          const [row, column] = [Math.floor(i / columns), i % columns];
          let sum = 0;
          for (let k = 0; k < inner; k++) sum += a[row * inner + k]! * b[column * inner + k]!;
          expect(value).toBeCloseTo(sum, 4);
        }
      }
    },
  );

  it("has no function that this test leaves out", async () => {
    const { functions } = await loadKernel();
    const tested: Record<keyof KernelFunctions, true> = {
      memory: true,
      activationBytes: true,
      products: true,
      quantise: true,
      gelu: true,
      addNorm: true,
      softmax: true,
      transpose: true,
      multiply: true,
    };
    expect(Object.keys(functions).sort()).toEqual(Object.keys(tested).sort());
  });
});
