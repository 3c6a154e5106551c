import type { Metric } from "../format/constants.ts";

/** A query in the forms that the kernels read. */
export interface PreparedQuery {
  readonly vector: Float32Array;
  /** Coordinates above 0.5, one bit each, least significant first (metric hamming only). */
  readonly bits: Uint32Array;
  /** Sum of the coordinates. */
  readonly sum: number;
  /** Euclidean. */
  readonly length: number;
  /** The coordinates as small integers, for products with 8-bit codes. */
  readonly pairs: PairedQuery;
}

/**
 * A query as `dotPairs` reads it: of every four coordinates the first and third share a word, and the second and fourth
 * the next. Coordinate i is its integer times `unit`, to within half a unit. Empty unless dimensions are a multiple of
 * four.
 */
export interface PairedQuery {
  readonly packed: Int32Array;
  readonly unit: number;
}

/** Two products of a code (-128 to 127) and the integers of a pair must fit 16 bits together. */
const LARGEST_PAIR = 254;

/** @param into is written to and returned in the result where it has the right length */
export function pairQuery(vector: Float32Array, into?: Int32Array): PairedQuery {
  const length = vector.length % 4 === 0 ? vector.length : 0;
  let largest = 0;
  for (let i = 0; i < length; i += 4) {
    const even = Math.abs(vector[i]!) + Math.abs(vector[i + 2]!);
    const odd = Math.abs(vector[i + 1]!) + Math.abs(vector[i + 3]!);
    if (even > largest) largest = even;
    if (odd > largest) largest = odd;
  }
  const scale = largest > 0 ? LARGEST_PAIR / largest : 0;
  const packed = into?.length === length / 2 ? into : new Int32Array(length / 2);
  const whole = (i: number) => Math.round(vector[i]! * scale) | 0;
  for (let i = 0, pair = 0; i < length; i += 4, pair += 2) {
    packed[pair] = (whole(i) << 16) + whole(i + 2);
    packed[pair + 1] = (whole(i + 1) << 16) + whole(i + 3);
  }
  return { packed, unit: scale > 0 ? 1 / scale : 0 };
}

const NO_BITS = new Uint32Array(0);

/** @param pairs see {@link pairQuery}: for callers that are done with one query before the next */
export function prepareQuery(metric: Metric, vector: Float32Array, pairs?: Int32Array): PreparedQuery {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < vector.length; i++) {
    sum += vector[i]!;
    squares += vector[i]! * vector[i]!;
  }
  return {
    vector,
    sum,
    length: Math.sqrt(squares),
    pairs: pairQuery(vector, pairs),
    bits: metric === "hamming" ? packBits(vector) : NO_BITS,
  };
}

/** Bit i is set when x[i] > 0.5, as Annoy's Python module packs hamming vectors; 32 a word, least significant first. */
export function packBits(vector: ArrayLike<number>): Uint32Array {
  const words = new Uint32Array(Math.ceil(vector.length / 32));
  for (let i = 0; i < vector.length; i++) if (vector[i]! > 0.5) words[i >>> 5]! |= 1 << (i & 31);
  return words;
}

/** Writes the `out.length` bits from word `at` as numbers. */
export function unpackBits<T extends Float32Array>(words: Uint32Array, at: number, out: T): T {
  for (let i = 0; i < out.length; i++) out[i] = (words[at + (i >>> 5)]! >>> (i & 31)) & 1;
  return out;
}
