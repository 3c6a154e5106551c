// biome-ignore-all lint/complexity/useMaxParams: inner loops take numbers: an object for each call would be allocated.
import { createRotation, fullSketchBits, type Rotation } from "../../worker/core/forest/compact/rotation.ts";
import { createFourRotations, type FourRotations, LANES } from "../numeric/rotate.ts";
import type { Task } from "../threads/pool.ts";
import type { Shared } from "./shared.ts";

/** Encodes the residuals of some rows as 1-bit codes. */
export interface SketchTask extends Task<SketchPart> {
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

/** The formulas are in worker/core/forest/compact/sketches.ts. O(rows x bits log bits). */
export function encodeSketches(shared: Shared, task: SketchTask): SketchPart {
  const { list, dimensions, bits } = task;
  const part = {
    codes: new Int32Array((list.length * bits) / 32),
    factors: new Float32Array(list.length),
    offsets: new Float32Array(list.length),
  };
  const encoder = encoderOf(fullSketchBits(dimensions), bits, task.seed);
  encoder.rotated = -1;
  encoder.beside.fill(-1);
  for (let from = 0; from < list.length; from += LANES) encodeFour(shared, task, encoder, from, part);
  return part;
}

/** Rotation of rows, and its scratch. */
interface Encoder {
  readonly fullBits: number;
  readonly bits: number;
  readonly seed: number;
  readonly rotation: Rotation;
  readonly four: FourRotations;
  readonly residuals: Residual[];
  readonly centre: Float32Array;
  /** Index of the centre in `centre`, and of the one beside each of the four vectors. */
  rotated: number;
  readonly beside: Int32Array;
}

let encoder: Encoder | undefined;

/** This thread's: what V8 has compiled for one instance serves no other. */
function encoderOf(fullBits: number, bits: number, seed: number): Encoder {
  if (encoder?.fullBits !== fullBits || encoder.bits !== bits || encoder.seed !== seed)
    encoder = {
      fullBits,
      bits,
      seed,
      rotation: createRotation(fullBits, seed),
      four: createFourRotations(fullBits, seed, bits),
      residuals: Array.from({ length: LANES }, () => ({ square: 0, product: 0, own: 0 })),
      centre: new Float32Array(fullBits),
      rotated: -1,
      beside: new Int32Array(LANES),
    };
  return encoder;
}

/** A function of its own, which V8 compiles once and soon. */
function encodeFour(
  { rows, width }: Shared,
  { list, centreOf, centres, dimensions, bits, halfSquares }: SketchTask,
  encoder: Encoder,
  from: number,
  { codes, factors, offsets }: SketchPart,
): void {
  const { four, residuals, beside } = encoder;
  const count = Math.min(LANES, list.length - from);
  four.values.fill(0);
  for (let v = 0; v < count; v++) {
    const centre = centreOf[from + v]!;
    residuals[v] = fillResidual(
      four.values,
      v,
      rows,
      list[from + v]! * width,
      centres,
      centre * dimensions,
      dimensions,
    );
    if (beside[v] !== centre) putBeside(encoder, v, centres, centre, dimensions);
  }
  four.turn();
  four.takeSigns();
  const words = bits / 32;
  for (let v = 0; v < count; v++) {
    const i = from + v;
    const { square, product, own } = residuals[v]!;
    for (let w = 0; w < words; w++) codes[i * words + w] = four.words[w * LANES + v]!;
    const absolute = four.absolutes[v]!;
    const factor = absolute > 0 ? square / absolute : 0;
    factors[i] = factor;
    offsets[i] = product - factor * four.signed[v]! - (halfSquares ? own / 2 : 0);
  }
}

/** Puts a rotated centre beside vector `v` of four. */
function putBeside(
  encoder: Encoder,
  v: number,
  centres: Float32Array,
  index: number,
  dimensions: number,
): void {
  const { rotation, four, centre } = encoder;
  if (encoder.rotated !== index) rotation.forward(centres, index * dimensions, dimensions, centre);
  encoder.rotated = index;
  for (let b = 0; b < centre.length; b++) four.centres[b * LANES + v] = centre[b]!;
  encoder.beside[v] = index;
}

/** Sums of a residual: its square, its product with the centre, and the square of the whole row. */
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
