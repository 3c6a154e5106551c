import { createRotation, fullSketchBits } from "../../worker/forest/compact/rotation.ts";
import { createFourRotations, LANES } from "./simd/rotate.ts";
import type { Shared } from "./tasks.ts";

/** Encodes the residuals of some rows as 1-bit codes. */
export interface SketchTask {
  readonly kind: "sketch";
  /** Rows in slot order. */
  readonly list: Uint32Array;
  /** For every listed row, which of `centres` it is relative to. */
  readonly centreOf: Uint32Array;
  readonly centres: Float32Array;
  readonly dimensions: number;
  readonly bits: number;
  readonly seed: number;
  /** Metrics that rank by distance: the offset takes in -|o|^2 / 2. */
  readonly halfSquares: boolean;
}

export interface SketchPart {
  /** bits / 32 words a row, least significant bit first. */
  readonly codes: Int32Array;
  readonly factors: Float32Array;
  readonly offsets: Float32Array;
}

/** The formulas are in worker/forest/compact/sketches.ts. O(rows x bits log bits). */
export function encodeSketches(shared: Shared, task: SketchTask): SketchPart {
  const { list, centreOf, centres, dimensions, bits } = task;
  const fullBits = fullSketchBits(dimensions);
  const rotation = createRotation(fullBits, task.seed);
  const four = createFourRotations(fullBits, task.seed);
  const { values } = four;
  const words = bits / 32;
  const codes = new Int32Array(list.length * words);
  const factors = new Float32Array(list.length);
  const offsets = new Float32Array(list.length);
  const squares = new Float64Array(LANES);
  const products = new Float64Array(LANES);
  const owns = new Float64Array(LANES);
  const centre = new Float32Array(fullBits);
  let last = -1;
  for (let from = 0; from < list.length; from += LANES) {
    const count = Math.min(LANES, list.length - from);
    values.fill(0);
    for (let v = 0; v < count; v++) {
      const row = list[from + v]! * shared.width;
      const at = centreOf[from + v]! * dimensions;
      let square = 0;
      let product = 0;
      let own = 0;
      for (let j = 0; j < dimensions; j++) {
        const value = shared.rows[row + j]!;
        const r = value - centres[at + j]!;
        values[j * LANES + v] = r;
        square += r * r;
        product += r * centres[at + j]!;
        own += value * value;
      }
      squares[v] = square;
      products[v] = product;
      owns[v] = own;
    }
    four.turn();
    for (let v = 0; v < count; v++) {
      const i = from + v;
      if (centreOf[i] !== last) {
        last = centreOf[i]!;
        rotation.forward(centres, last * dimensions, dimensions, centre);
      }
      let absolute = 0;
      let signed = 0;
      for (let b = 0; b < bits; b++) {
        const value = values[b * LANES + v]!;
        absolute += Math.abs(value);
        if (value >= 0) {
          codes[i * words + (b >>> 5)]! |= 1 << (b & 31);
          signed += centre[b]!;
        } else {
          signed -= centre[b]!;
        }
      }
      const factor = absolute > 0 ? squares[v]! / absolute : 0;
      factors[i] = factor;
      offsets[i] = products[v]! - factor * signed - (task.halfSquares ? owns[v]! / 2 : 0);
    }
  }
  return { codes, factors, offsets };
}
