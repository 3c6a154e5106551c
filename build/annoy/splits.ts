// biome-ignore-all lint/complexity/useMaxParams: inner loops take numbers: an object for each call would be allocated.
import { angularDistance, dot, dot4 } from "../../worker/core/forest/annoy/distances.ts";
import type { Metric } from "../../worker/core/format/constants.ts";
import { dotPair, squaredEuclideanPair, taxicabPair } from "./pairs.ts";
import type { Kiss64 } from "./random.ts";
import type { Rows } from "./rows.ts";

const { fround } = Math;

/** Steps of the search for two centroids. Source: annoylib.h, `two_means`. */
const TWO_MEANS_STEPS = 200;
/** Random bits that hamming tries before it tries all. Source: annoylib.h, `Hamming::max_iterations`. */
const RANDOM_BITS = 20;

/** Numbers of the items that splits read beside the vectors, by item number. */
export interface ItemNumbers {
  /** angular: squared length. dot: the extra coordinate. Otherwise empty. */
  readonly factors: Float32Array;
  /** dot: length with the extra coordinate. Otherwise empty. */
  readonly norms: Float32Array;
  /** dot: the square of the largest length, which every item has with its extra coordinate. */
  readonly largestSquare: number;
}

/** Finds planes between items and the side of each. The current plane is in `normal`, `offset` and `bit`. */
export interface Splitter {
  readonly normal: Float32Array;
  offset: number;
  bit: number;
  /** Chooses a plane for the items `indices[from..to)`. */
  create(indices: Uint32Array, from: number, to: number, random: Kiss64): void;
  /** Writes the side, 0 or 1, of each of those items to the same places of `sides`. */
  assign(indices: Uint32Array, from: number, to: number, random: Kiss64, sides: Uint8Array): void;
}

/** The splits of a metric over these rows, in Annoy's arithmetic and order of random numbers. */
export function createSplitter(
  metric: Metric,
  dimensions: number,
  rows: Rows,
  numbers: ItemNumbers,
): Splitter {
  return metric === "hamming"
    ? new BitSplitter(rows, dimensions)
    : new PlaneSplitter(metric, dimensions, rows, numbers);
}

class PlaneSplitter implements Splitter {
  readonly normal: Float32Array;
  offset = 0;
  bit = 0;
  private readonly metric: Metric;
  private readonly dimensions: number;
  private readonly rows: Rows;
  private readonly numbers: ItemNumbers;
  private readonly cosine: boolean;
  /** The sums of a row with both centroids, from which distances come. */
  private readonly pair: typeof dotPair;
  private readonly p: Float32Array;
  private readonly q: Float32Array;
  /** Squared lengths and dot's extra coordinates of the two centroids. */
  private pSquare = 0;
  private qSquare = 0;
  private pFactor = 0;
  private qFactor = 0;
  private readonly four = new Float32Array(4);

  constructor(metric: Metric, dimensions: number, rows: Rows, numbers: ItemNumbers) {
    this.metric = metric;
    this.dimensions = dimensions;
    this.rows = rows;
    this.numbers = numbers;
    this.cosine = metric === "angular" || metric === "dot";
    this.pair = this.cosine ? dotPair : metric === "manhattan" ? taxicabPair : squaredEuclideanPair;
    this.normal = new Float32Array(dimensions);
    this.p = new Float32Array(dimensions);
    this.q = new Float32Array(dimensions);
  }

  create(indices: Uint32Array, from: number, to: number, random: Kiss64): void {
    const { p, q, normal, dimensions } = this;
    this.twoMeans(indices, from, to, random);
    for (let z = 0; z < dimensions; z++) normal[z] = p[z]! - q[z]!;
    this.offset = this.metric === "dot" ? fround(this.pFactor - this.qFactor) : 0;
    this.offset = this.normalize(normal, this.offset);
    if (this.cosine) return;
    // The plane through the middle of the two centroids.
    let a = 0;
    for (let z = 0; z < dimensions; z++) {
      a = fround(a + fround(fround(-normal[z]! * fround(p[z]! + q[z]!)) / 2));
    }
    this.offset = a;
  }

  assign(indices: Uint32Array, from: number, to: number, random: Kiss64, sides: Uint8Array): void {
    const { rows, normal, dimensions, four } = this;
    let i = from;
    if (rows.resident) {
      for (; i + 4 <= to; i += 4) {
        const a = indices[i]!;
        const b = indices[i + 1]!;
        const c = indices[i + 2]!;
        const d = indices[i + 3]!;
        dot4(rows.floats, rows.at(a), rows.at(b), rows.at(c), rows.at(d), normal, dimensions, four);
        sides[i] = this.side(four[0]!, a, random);
        sides[i + 1] = this.side(four[1]!, b, random);
        sides[i + 2] = this.side(four[2]!, c, random);
        sides[i + 3] = this.side(four[3]!, d, random);
      }
    }
    for (; i < to; i++) {
      const item = indices[i]!;
      sides[i] = this.side(dot(rows.floats, rows.at(item), normal, dimensions), item, random);
    }
  }

  private side(product: number, item: number, random: Kiss64): number {
    let margin = product;
    if (this.metric === "dot") {
      margin = fround(product + fround(this.offset * this.numbers.factors[item]!));
    } else if (this.metric !== "angular") {
      margin = fround(this.offset + product);
    }
    if (margin === 0) return random.flip();
    return margin > 0 ? 1 : 0;
  }

  /** Divides a vector (with dot's extra coordinate) by its length; returns the extra coordinate. */
  private normalize(v: Float32Array, factor: number): number {
    const { dimensions } = this;
    const square = dot(v, 0, v, dimensions);
    // Annoy squares the extra coordinate in double precision here.
    const norm = fround(Math.sqrt(this.metric === "dot" ? square + factor * factor : square));
    if (!(norm > 0)) return factor;
    for (let z = 0; z < dimensions; z++) v[z] = v[z]! / norm;
    return fround(factor / norm);
  }

  private squareOf(v: Float32Array, factor: number): number {
    const square = dot(v, 0, v, this.dimensions);
    return this.metric === "dot" ? fround(square + fround(factor * factor)) : square;
  }

  private copyRow(item: number, to: Float32Array): void {
    const at = this.rows.at(item);
    to.set(this.rows.floats.subarray(at, at + this.dimensions));
  }

  private twoMeans(indices: Uint32Array, from: number, to: number, random: Kiss64): void {
    const { p, q, numbers, metric, cosine, four } = this;
    const count = to - from;
    const i = random.index(count);
    let j = random.index(count - 1);
    if (j >= i) j++;
    const first = indices[from + i]!;
    const second = indices[from + j]!;
    this.copyRow(first, p);
    this.copyRow(second, q);
    if (metric === "dot") {
      this.pFactor = numbers.factors[first]!;
      this.qFactor = numbers.factors[second]!;
    }
    if (cosine) {
      this.pFactor = this.normalize(p, this.pFactor);
      this.qFactor = this.normalize(q, this.qFactor);
      this.pSquare = this.squareOf(p, this.pFactor);
      this.qSquare = this.squareOf(q, this.qFactor);
    }
    let pCount = 1;
    let qCount = 1;
    for (let step = 0; step < TWO_MEANS_STEPS; step++) {
      const item = indices[from + random.index(count)]!;
      const at = this.rows.at(item);
      this.pair(this.rows.floats, at, p, q, this.dimensions, four);
      const dp = fround(pCount * this.distance(four[0]!, this.pSquare, this.pFactor, item));
      const dq = fround(qCount * this.distance(four[1]!, this.qSquare, this.qFactor, item));
      const norm = this.normOf(item);
      if (!(norm > 0)) continue;
      if (dp < dq) {
        this.pFactor = this.updateMean(p, this.pFactor, item, at, norm, pCount++);
        if (cosine) this.pSquare = this.squareOf(p, this.pFactor);
      } else if (dq < dp) {
        this.qFactor = this.updateMean(q, this.qFactor, item, at, norm, qCount++);
        if (cosine) this.qSquare = this.squareOf(q, this.qFactor);
      }
    }
  }

  private normOf(item: number): number {
    if (this.metric === "angular") return fround(Math.sqrt(this.numbers.factors[item]!));
    return this.metric === "dot" ? this.numbers.norms[item]! : 1;
  }

  /** The distance of an item from a centroid, from their sum: a distance already, or an inner product. */
  private distance(sum: number, square: number, factor: number, item: number): number {
    const { numbers } = this;
    if (!this.cosine) return sum;
    if (this.metric === "angular") return angularDistance(sum, square, numbers.factors[item]!);
    const product = fround(sum + fround(factor * numbers.factors[item]!));
    return angularDistance(product, square, numbers.largestSquare);
  }

  /** Moves the mean of `count` items towards one more; returns the mean's extra coordinate. */
  private updateMean(
    mean: Float32Array,
    factor: number,
    item: number,
    at: number,
    norm: number,
    count: number,
  ): number {
    const { floats } = this.rows;
    const n = count + 1;
    for (let z = 0; z < mean.length; z++) {
      mean[z] = fround(fround(mean[z]! * count) + fround(floats[at + z]! / norm)) / n;
    }
    if (this.metric !== "dot") return factor;
    const added = fround(this.numbers.factors[item]! / norm);
    return fround(fround(fround(factor * count) + added) / n);
  }
}

class BitSplitter implements Splitter {
  readonly normal = new Float32Array(0);
  offset = 0;
  bit = 0;
  private readonly rows: Rows;
  private readonly dimensions: number;
  private readonly bits: number;

  constructor(rows: Rows, dimensions: number) {
    this.rows = rows;
    this.dimensions = dimensions;
    this.bits = Math.ceil(dimensions / 64) * 64;
  }

  create(indices: Uint32Array, from: number, to: number, random: Kiss64): void {
    const count = to - from;
    const separates = () => {
      const set = this.countSet(indices, from, to);
      return set > 0 && set < count;
    };
    for (let tries = 0; tries < RANDOM_BITS; tries++) {
      this.bit = random.index(this.bits);
      if (separates()) return;
    }
    for (this.bit = 0; this.bit < this.bits; this.bit++) if (separates()) return;
    // All items are equal: any bit puts them on one side, and the tree then splits them at random.
    this.bit = this.bits - 1;
  }

  assign(indices: Uint32Array, from: number, to: number, _random: Kiss64, sides: Uint8Array): void {
    for (let i = from; i < to; i++) sides[i] = this.bitOf(indices[i]!);
  }

  private countSet(indices: Uint32Array, from: number, to: number): number {
    let set = 0;
    for (let i = from; i < to; i++) set += this.bitOf(indices[i]!);
    return set;
  }

  /** Annoy counts bits from the top of each 64-bit word; bits past the last dimension are 0. */
  private bitOf(item: number): number {
    const dimension = (this.bit & ~63) + 63 - (this.bit & 63);
    if (dimension >= this.dimensions) return 0;
    return (this.rows.words[this.rows.at(item) + (dimension >>> 5)]! >>> (dimension & 31)) & 1;
  }
}
