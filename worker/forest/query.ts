import type { Metric } from "../format/constants.ts";

/** A query in the forms that the kernels read. */
export interface PreparedQuery {
  readonly vector: Float32Array;
  /** Coordinates above 0.5, one bit each, least significant first (metric hamming only). */
  readonly bits: Uint32Array;
  /** Sum of the coordinates. */
  readonly sum: number;
  /** The coordinates as integers, for products with 8-bit codes, and what such a product is to be multiplied by. */
  readonly whole: WholeQuery;
}

/** A query in integers: coordinate i is whole[i] x unit, to within half a unit. */
export interface WholeQuery {
  readonly whole: Int32Array;
  readonly unit: number;
}

/**
 * Scales a query to integers as large as products with codes of -128 to 127 allow within 32 bits: a millionth of the
 * query's own size or finer, so that nothing is lost against float32.
 */
export function wholeQuery(vector: Float32Array): WholeQuery {
  let absolute = 0;
  for (let i = 0; i < vector.length; i++) absolute += Math.abs(vector[i]!);
  // Rounding adds up to half a unit a coordinate.
  const scale = absolute > 0 ? (2 ** 31 / 128 - vector.length) / absolute : 0;
  const whole = new Int32Array(vector.length);
  for (let i = 0; i < vector.length; i++) whole[i] = Math.round(vector[i]! * scale);
  return { whole, unit: scale > 0 ? 1 / scale : 0 };
}

export function prepareQuery(metric: Metric, vector: Float32Array): PreparedQuery {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i]!;
  return {
    vector,
    sum,
    whole: wholeQuery(vector),
    bits: metric === "hamming" ? packBits(vector) : new Uint32Array(0),
  };
}

/** Bit i is set when x[i] > 0.5, as Annoy's Python module packs hamming vectors; 32 a word, least significant first. */
export function packBits(vector: ArrayLike<number>): Uint32Array {
  const words = new Uint32Array(Math.ceil(vector.length / 32));
  for (let i = 0; i < vector.length; i++) if (vector[i]! > 0.5) words[i >>> 5]! |= 1 << (i & 31);
  return words;
}
