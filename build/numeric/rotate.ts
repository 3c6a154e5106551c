import { ROUNDS, randomSigns } from "../../worker/core/forest/compact/rotation.ts";
import { instantiate, memoryOf } from "./instantiate.ts";

/** Vectors that are turned at once. */
export const LANES = 4;

/** The rotation of worker/core/forest/compact/rotation.ts for {@link LANES} vectors at once, in WebAssembly SIMD. */
export interface FourRotations {
  readonly bits: number;
  /** Number i of vector v is at i x {@link LANES} + v: written before {@link turn}, read after it. */
  readonly values: Float32Array;
  /** The rotated centres that the vectors are relative to, likewise. */
  readonly centres: Float32Array;
  turn(): void;
  /**
   * Takes the signs of the first turned numbers: {@link words}, {@link absolutes} and {@link signed} hold what came
   * of it.
   */
  takeSigns(): void;
  /** Word w of vector v at w x {@link LANES} + v; bit i of it is number 32 w + i, 1 where that is not negative. */
  readonly words: Int32Array;
  /** For each vector the sum of the absolute values. */
  readonly absolutes: Float32Array;
  /** For each vector the sum of its centre's numbers, each with the sign of the vector's. */
  readonly signed: Float32Array;
}

/** @param signBits how many signs will be taken: a multiple of 32 */
export function createFourRotations(bits: number, seed: number, signBits: number): FourRotations {
  const wasm = instantiate("codes");
  const spare = bits * LANES * 4;
  const centresAt = 2 * spare;
  const outAt = 3 * spare;
  const sumsAt = outAt + (signBits / 32) * LANES * 4;
  const signsAt = sumsAt + 2 * LANES * 4;
  const buffer = memoryOf(wasm, signsAt + bits * ROUNDS * 4);
  new Float32Array(buffer, signsAt).set(randomSigns(bits * ROUNDS, seed));
  const block = bits & -bits;
  const norm = 1 / Math.sqrt(block);
  return {
    bits,
    values: new Float32Array(buffer, 0, bits * LANES),
    centres: new Float32Array(buffer, centresAt, bits * LANES),
    turn: () => wasm.rotate(0, bits, block, norm, signsAt, ROUNDS, spare),
    takeSigns: () => wasm.signs(0, centresAt, signBits, outAt),
    words: new Int32Array(buffer, outAt, (signBits / 32) * LANES),
    absolutes: new Float32Array(buffer, sumsAt, LANES),
    signed: new Float32Array(buffer, sumsAt + LANES * 4, LANES),
  };
}
