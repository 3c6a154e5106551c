import { instantiate, memoryOf } from "./instantiate.ts";

/** How well sixteen levels fit a row, in WebAssembly SIMD. */
export interface LevelFit {
  setRow(rows: Float32Array, at: number): void;
  /** The product of levels and row, and the square of the levels, where a level n - 7.5 has n = value x inverse + 8, cut. */
  of(inverse: number): { readonly product: number; readonly squares: number };
}

export function createLevelFit(dimensions: number): LevelFit {
  const wasm = instantiate("codes");
  const lanes = Math.ceil(dimensions / 4) * 4;
  const outAt = lanes * 4;
  const memory = new Float32Array(memoryOf(wasm, outAt + 32));
  const out = memory.subarray(lanes, lanes + 8);
  // What fills a row up is 0, whose level is 0.5.
  const surplus = (lanes - dimensions) * 0.25;
  return {
    setRow: (rows, at) => memory.set(rows.subarray(at, at + dimensions)),
    of(inverse) {
      wasm.fit(0, outAt, inverse, outAt);
      return {
        product: out[0]! + out[1]! + out[2]! + out[3]!,
        squares: out[4]! + out[5]! + out[6]! + out[7]! - surplus,
      };
    },
  };
}
