import { ROUNDS, randomSigns } from "../../../worker/forest/compact/rotation.ts";
import { instantiate } from "./kernels.ts";

/** Vectors that are turned at once. */
export const LANES = 4;

/** The rotation of worker/forest/compact/rotation.ts for {@link LANES} vectors at once, in WebAssembly SIMD. */
export interface FourRotations {
  readonly bits: number;
  /** Number i of vector v is at i x {@link LANES} + v: written before {@link turn}, read after it. */
  readonly values: Float32Array;
  turn(): void;
}

export function createFourRotations(bits: number, seed: number): FourRotations {
  const wasm = instantiate();
  const spare = bits * LANES * 4;
  const signsAt = 2 * spare;
  const pages = Math.ceil((signsAt + bits * ROUNDS * 4) / 65_536);
  const have = wasm.memory.buffer.byteLength / 65_536;
  if (pages > have) wasm.memory.grow(pages - have);
  const memory = new Float32Array(wasm.memory.buffer);
  memory.set(randomSigns(bits * ROUNDS, seed), signsAt / 4);
  const block = bits & -bits;
  const norm = 1 / Math.sqrt(block);
  return {
    bits,
    values: memory.subarray(0, bits * LANES),
    turn: () => wasm.rotate(0, bits, block, norm, signsAt, ROUNDS, spare),
  };
}
