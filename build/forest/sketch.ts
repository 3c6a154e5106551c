import { createRotation, fullSketchBits } from "../../worker/forest/compact/rotation.ts";
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
  const rotation = createRotation(fullSketchBits(dimensions), task.seed);
  const words = bits / 32;
  const codes = new Int32Array(list.length * words);
  const factors = new Float32Array(list.length);
  const offsets = new Float32Array(list.length);
  const residual = new Float32Array(dimensions);
  const turned = new Float32Array(rotation.bits);
  const centre = new Float32Array(rotation.bits);
  let last = -1;
  for (let i = 0; i < list.length; i++) {
    const row = list[i]! * shared.width;
    const at = centreOf[i]! * dimensions;
    if (centreOf[i] !== last) {
      last = centreOf[i]!;
      rotation.forward(centres, at, dimensions, centre);
    }
    let squares = 0;
    let product = 0;
    let own = 0;
    for (let j = 0; j < dimensions; j++) {
      const value = shared.rows[row + j]!;
      const r = value - centres[at + j]!;
      residual[j] = r;
      squares += r * r;
      product += r * centres[at + j]!;
      own += value * value;
    }
    rotation.forward(residual, 0, dimensions, turned);
    let absolute = 0;
    let signed = 0;
    for (let b = 0; b < bits; b++) {
      absolute += Math.abs(turned[b]!);
      if (turned[b]! >= 0) {
        codes[i * words + (b >>> 5)]! |= 1 << (b & 31);
        signed += centre[b]!;
      } else {
        signed -= centre[b]!;
      }
    }
    const factor = absolute > 0 ? squares / absolute : 0;
    factors[i] = factor;
    offsets[i] = product - factor * signed - (task.halfSquares ? own / 2 : 0);
  }
  return { codes, factors, offsets };
}
