import { viewOf } from "../format/artifact.ts";
import type { Codec, Metric } from "../format/constants.ts";
import {
  dotByte,
  dotFloat,
  dotNibble,
  dotPairs,
  dotPairsOfTwo,
  popcount,
  squares,
  taxicab,
} from "./products.ts";
import { type PreparedQuery, unpackBits } from "./query.ts";

/**
 * The stored vectors of an artifact: decoding, and scoring of many slots against one query.
 * A score orders candidates: larger is nearer, whatever the metric (angular: cosine times the query's length;
 * euclidean: minus half the squared distance; dot: the inner product; manhattan and hamming: minus the distance).
 */
export interface VectorStore {
  readonly dimensions: number;
  readonly count: number;
  /** The vectors themselves, one behind the other, where they are stored as they are. */
  readonly floats?: Float32Array;
  /** Writes the vector of a slot to `out` (dimensions numbers). */
  decode(slot: number, out: Float32Array): void;
  /** Adds the vector of a slot to `out`. */
  add(slot: number, out: Float32Array): void;
  /** Scores `count` slots, listed in `slots`, into `scores`. O(count x dimensions), no allocation. */
  score(query: PreparedQuery, slots: Uint32Array, count: number, scores: Float32Array): void;
  /**
   * Distance of a score from that of the vector that was coded, as a standard deviation, for the metric angular: of
   * the code's rounding and of the query's. Undefined where it is not known.
   */
  readonly deviation?: (query: PreparedQuery, slot: number) => number;
}

/** Standard deviation of the error of rounding to whole numbers. */
const ROUNDING = 1 / Math.sqrt(12);

/** An int4 code n stands for n - 7.5: sixteen levels, none of them zero. */
export const NIBBLE_LEVELS = 7.5;

/** Bytes of one stored vector. int4 packs two coordinates a byte; hamming vectors are bits under every codec. */
export function vectorBytes(metric: Metric, codec: Codec, dimensions: number): number {
  if (metric === "hamming") return Math.ceil(dimensions / 32) * 4;
  if (codec === "float32") return dimensions * 4;
  if (codec === "binary") return 0;
  return codec === "int8" ? dimensions : Math.ceil(dimensions / 2);
}

/** Rows of codes, and what turns them into vectors. */
export interface VectorRows {
  readonly metric: Metric;
  readonly codec: Codec;
  readonly dimensions: number;
  readonly count: number;
  /** count x {@link vectorBytes}, aligned to 4 bytes. */
  readonly bytes: Uint8Array;
  /** Codecs int8 and int4. */
  readonly scales: Float32Array | undefined;
  /** Metric angular, unless all vectors are unit vectors. */
  readonly norms: Float32Array | undefined;
}

export function vectorStore({
  metric,
  codec,
  dimensions,
  count,
  bytes,
  scales,
  norms,
}: VectorRows): VectorStore {
  if (metric === "hamming") return bitStore(viewOf(bytes, Uint32Array, "vectors"), dimensions, count);
  const weights = new Weights(metric, norms);
  if (codec === "float32")
    return floatStore(viewOf(bytes, Float32Array, "vectors"), dimensions, count, weights);
  const factors = scales ?? new Float32Array(count);
  return codec === "int8"
    ? byteStore(viewOf(bytes, Int8Array, "vectors"), factors, dimensions, count, weights)
    : nibbleStore(bytes, factors, dimensions, count, weights);
}

/** The metric, and how an inner product with a stored vector becomes its score. */
class Weights {
  readonly metric: Metric;
  /** Lengths of the stored vectors, unless all are 1 or the metric does not ask. */
  readonly norms: Float32Array | undefined;

  constructor(metric: Metric, norms: Float32Array | undefined) {
    this.metric = metric;
    this.norms = norms;
  }

  apply(product: number, slot: number): number {
    if (!this.norms) return product;
    const norm = this.norms[slot]!;
    return norm > 0 ? product / norm : 0;
  }

  /**
   * Minus the distance of a row of values times `scale`, for the metrics that are no inner products. Not from the
   * product and the lengths: that loses everything when vectors lie far from the origin.
   */
  away(values: Float32Array | Int8Array, at: number, q: Float32Array, scale: number): number {
    return this.metric === "manhattan"
      ? -taxicab(values, at, q, scale)
      : -0.5 * squares(values, at, q, scale);
  }

  get byProduct(): boolean {
    return this.metric === "angular" || this.metric === "dot";
  }
}

/** Vectors that are the sum of two coded ones. */
export function sumStore(
  base: VectorStore,
  residuals: VectorStore,
  metric: Metric,
  norms: Float32Array | undefined,
): VectorStore {
  const { dimensions, count } = base;
  const weights = new Weights(metric, norms);
  const row = new Float32Array(dimensions);
  const decode = (slot: number, out: Float32Array) => {
    base.decode(slot, out);
    residuals.add(slot, out);
  };
  return {
    dimensions,
    count,
    decode,
    add(slot, out) {
      base.add(slot, out);
      residuals.add(slot, out);
    },
    score(query, slots, n, scores) {
      const q = query.vector;
      for (let j = 0; j < n; j++) {
        decode(slots[j]!, row);
        scores[j] = weights.byProduct
          ? weights.apply(dotFloat(row, 0, q), slots[j]!)
          : weights.away(row, 0, q, 1);
      }
    },
  };
}

function floatStore(values: Float32Array, dimensions: number, count: number, weights: Weights): VectorStore {
  return {
    dimensions,
    count,
    floats: values,
    decode(slot, out) {
      out.set(values.subarray(slot * dimensions, (slot + 1) * dimensions));
    },
    add(slot, out) {
      for (let i = 0, at = slot * dimensions; i < dimensions; i++, at++) out[i]! += values[at]!;
    },
    score(query, slots, n, scores) {
      const q = query.vector;
      const { byProduct } = weights;
      for (let j = 0; j < n; j++) {
        const slot = slots[j]!;
        const at = slot * dimensions;
        scores[j] = byProduct ? weights.apply(dotFloat(values, at, q), slot) : weights.away(values, at, q, 1);
      }
    },
  };
}

function byteStore(
  codes: Int8Array,
  scales: Float32Array,
  dimensions: number,
  count: number,
  weights: Weights,
): VectorStore {
  const deviation = codeDeviation(scales, weights);
  // Codes four at a time; the section is aligned, but rows are only where dimensions allow.
  const words =
    dimensions % 4 === 0
      ? viewOf(new Uint8Array(codes.buffer, codes.byteOffset, codes.length), Int32Array, "vectors")
      : undefined;
  const two = new Int32Array(2);
  return {
    dimensions,
    count,
    decode(slot, out) {
      const scale = scales[slot]!;
      const at = slot * dimensions;
      for (let i = 0; i < dimensions; i++) out[i] = codes[at + i]! * scale;
    },
    add(slot, out) {
      const scale = scales[slot]!;
      const at = slot * dimensions;
      for (let i = 0; i < dimensions; i++) out[i]! += codes[at + i]! * scale;
    },
    ...(deviation && { deviation }),
    score(query, slots, n, scores) {
      const q = query.vector;
      if (words && weights.byProduct) {
        const { packed, unit } = query.pairs;
        const stride = dimensions >>> 2;
        let j = 0;
        for (; j + 2 <= n; j += 2) {
          const slot = slots[j]!;
          const other = slots[j + 1]!;
          dotPairsOfTwo(words, slot * stride, other * stride, packed, two);
          scores[j] = weights.apply(two[0]! * unit * scales[slot]!, slot);
          scores[j + 1] = weights.apply(two[1]! * unit * scales[other]!, other);
        }
        if (j < n) {
          const slot = slots[j]!;
          scores[j] = weights.apply(dotPairs(words, slot * stride, packed) * unit * scales[slot]!, slot);
        }
        return;
      }
      const { byProduct } = weights;
      for (let j = 0; j < n; j++) {
        const slot = slots[j]!;
        const at = slot * dimensions;
        const scale = scales[slot]!;
        scores[j] = byProduct
          ? weights.apply(dotByte(codes, at, q) * scale, slot)
          : weights.away(codes, at, q, scale);
      }
    },
  };
}

function nibbleStore(
  codes: Uint8Array,
  scales: Float32Array,
  dimensions: number,
  count: number,
  weights: Weights,
): VectorStore {
  const stride = Math.ceil(dimensions / 2);
  const row = new Float32Array(dimensions);
  const add = (slot: number, out: Float32Array) => {
    const scale = scales[slot]!;
    let at = slot * stride;
    let i = 0;
    for (; i + 1 < dimensions; i += 2, at++) {
      const byte = codes[at]!;
      out[i]! += ((byte & 15) - NIBBLE_LEVELS) * scale;
      out[i + 1]! += ((byte >>> 4) - NIBBLE_LEVELS) * scale;
    }
    if (i < dimensions) out[i]! += ((codes[at]! & 15) - NIBBLE_LEVELS) * scale;
  };
  const decode = (slot: number, out: Float32Array) => {
    out.fill(0);
    add(slot, out);
  };
  const deviation = codeDeviation(scales, weights);
  return {
    dimensions,
    count,
    decode,
    add,
    ...(deviation && { deviation }),
    score(query, slots, n, scores) {
      const q = query.vector;
      // The levels' common offset leaves the loop: the sum of (n - 7.5) x is that of n x, less 7.5 times the sum of x.
      const shift = NIBBLE_LEVELS * query.sum;
      const { byProduct } = weights;
      for (let j = 0; j < n; j++) {
        const slot = slots[j]!;
        if (byProduct) {
          scores[j] = weights.apply((dotNibble(codes, slot * stride, q) - shift) * scales[slot]!, slot);
        } else {
          decode(slot, row);
          scores[j] = weights.away(row, 0, q, 1);
        }
      }
    },
  };
}

/**
 * Deviation of scores where every vector has a scale of its own. Only int8 scores round the query; counting that for int4 too rules
 * out slightly fewer candidates than it could.
 */
function codeDeviation(
  scales: Float32Array,
  weights: Weights,
): ((query: PreparedQuery, slot: number) => number) | undefined {
  if (weights.metric !== "angular") return undefined;
  return ({ length, pairs }, slot) => {
    const ofCode = length * weights.apply(scales[slot]!, slot);
    return ROUNDING * Math.sqrt(ofCode * ofCode + pairs.unit * pairs.unit);
  };
}

function bitStore(words: Uint32Array, dimensions: number, count: number): VectorStore {
  const stride = Math.ceil(dimensions / 32);
  return {
    dimensions,
    count,
    decode: (slot, out) => void unpackBits(words, slot * stride, out),
    add(slot, out) {
      for (let i = 0; i < dimensions; i++) out[i]! += (words[slot * stride + (i >>> 5)]! >>> (i & 31)) & 1;
    },
    score(query, slots, n, scores) {
      const { bits } = query;
      for (let j = 0; j < n; j++) {
        const at = slots[j]! * stride;
        let differing = 0;
        for (let i = 0; i < stride; i++) differing += popcount(words[at + i]! ^ bits[i]!);
        scores[j] = -differing;
      }
    },
  };
}
