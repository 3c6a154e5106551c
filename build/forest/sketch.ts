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
  const four = createFourRotations(fullBits, task.seed, bits);
  const words = bits / 32;
  const codes = new Int32Array(list.length * words);
  const factors = new Float32Array(list.length);
  const offsets = new Float32Array(list.length);
  const parts = Array.from({ length: LANES }, (): Residual => ({ square: 0, product: 0, own: 0 }));
  const centre = new Float32Array(fullBits);
  /** Which centre is rotated, and which each of the four has beside it. */
  let rotated = -1;
  const beside = new Int32Array(LANES).fill(-1);
  for (let from = 0; from < list.length; from += LANES) {
    const count = Math.min(LANES, list.length - from);
    four.values.fill(0);
    for (let v = 0; v < count; v++) {
      const at = centreOf[from + v]!;
      parts[v] = fillResidual(
        four.values,
        v,
        shared.rows,
        list[from + v]! * shared.width,
        centres,
        at * dimensions,
        dimensions,
      );
      if (rotated !== at) rotation.forward(centres, at * dimensions, dimensions, centre);
      rotated = at;
      if (beside[v] !== at) for (let b = 0; b < fullBits; b++) four.centres[b * LANES + v] = centre[b]!;
      beside[v] = at;
    }
    four.turn();
    four.takeSigns();
    for (let v = 0; v < count; v++) {
      const i = from + v;
      const { square, product, own } = parts[v]!;
      for (let w = 0; w < words; w++) codes[i * words + w] = four.words[w * LANES + v]!;
      const absolute = four.absolutes[v]!;
      const factor = absolute > 0 ? square / absolute : 0;
      factors[i] = factor;
      offsets[i] = product - factor * four.signed[v]! - (task.halfSquares ? own / 2 : 0);
    }
  }
  return { codes, factors, offsets };
}

/** What a residual comes to: its square, its product with the centre, and the square of the whole row. */
interface Residual {
  readonly square: number;
  readonly product: number;
  readonly own: number;
}

/** Writes a row less its centre as vector `v` of four. A function of its own, which V8 compiles once and soon. */
function fillResidual(
  values: Float32Array,
  v: number,
  rows: Float32Array,
  row: number,
  centres: Float32Array,
  centre: number,
  dimensions: number,
): Residual {
  let square = 0;
  let product = 0;
  let own = 0;
  for (let j = 0; j < dimensions; j++) {
    const value = rows[row + j]!;
    const r = value - centres[centre + j]!;
    values[j * LANES + v] = r;
    square += r * r;
    product += r * centres[centre + j]!;
    own += value * value;
  }
  return { square, product, own };
}
