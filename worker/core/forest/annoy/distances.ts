// biome-ignore-all lint/complexity/useMaxParams: inner loops take numbers: an object for each call would be allocated.
import type { Metric } from "../../format/constants.ts";
import { popcount } from "../products.ts";

/*
 * Annoy's distances in float32 arithmetic, one rounding an operation and in annoylib.h's order, so that results equal
 * those of its scalar build bit for bit. A product of two float32 numbers is exact in double, and a sum, quotient or
 * root rounded to double and then to float32 equals the one rounded to float32 at once (53 >= 2 * 24 + 2), so
 * Math.fround after each operation is enough. V8 compiles such chains to single-precision instructions.
 */
const { fround } = Math;

/** Inner product of `values[at..]` and `q`. */
export function dot(values: Float32Array, at: number, q: Float32Array, dimensions: number): number {
  let s = 0;
  for (let z = 0; z < dimensions; z++) s = fround(s + fround(values[at + z]! * q[z]!));
  return s;
}

export function squaredEuclidean(
  values: Float32Array,
  at: number,
  q: Float32Array,
  dimensions: number,
): number {
  let s = 0;
  for (let z = 0; z < dimensions; z++) {
    const d = fround(q[z]! - values[at + z]!);
    s = fround(s + fround(d * d));
  }
  return s;
}

export function taxicab(values: Float32Array, at: number, q: Float32Array, dimensions: number): number {
  let s = 0;
  for (let z = 0; z < dimensions; z++) s = fround(s + Math.abs(fround(q[z]! - values[at + z]!)));
  return s;
}

/** 2 - 2 cos from the inner product and the two squared lengths; 2 when a length is zero. */
export function angularDistance(pq: number, pp: number, qq: number): number {
  const ppqq = fround(pp * qq);
  if (!(ppqq > 0)) return 2;
  return fround(2 - (2 * pq) / fround(Math.sqrt(ppqq)));
}

export function differingBits(words: Uint32Array, at: number, q: Uint32Array, stride: number): number {
  let n = 0;
  for (let z = 0; z < stride; z++) n += popcount(words[at + z]! ^ q[z]!);
  return n;
}

/** Returns the distance that Annoy reports for a raw one, by which it orders. */
export function reportedDistance(metric: Metric, raw: number): number {
  switch (metric) {
    case "angular":
    case "euclidean":
      return fround(Math.sqrt(Math.max(raw, 0)));
    case "manhattan":
      return Math.max(raw, 0);
    case "dot":
      // Not -0 for orthogonal vectors.
      return raw === 0 ? 0 : -raw;
    case "hamming":
      return raw;
  }
}

/**
 * Inner products of four stored vectors with one query, each summed in order: four independent chains keep the
 * processor's adders busy where one chain waits for each sum.
 */
export function dot4(
  values: Float32Array,
  a: number,
  b: number,
  c: number,
  d: number,
  q: Float32Array,
  dimensions: number,
  out: Float32Array,
): void {
  let sa = 0;
  let sb = 0;
  let sc = 0;
  let sd = 0;
  for (let z = 0; z < dimensions; z++) {
    const x = q[z]!;
    sa = fround(sa + fround(values[a + z]! * x));
    sb = fround(sb + fround(values[b + z]! * x));
    sc = fround(sc + fround(values[c + z]! * x));
    sd = fround(sd + fround(values[d + z]! * x));
  }
  out[0] = sa;
  out[1] = sb;
  out[2] = sc;
  out[3] = sd;
}

/** Squared Euclidean distances of four stored vectors; see {@link dot4}. */
export function squaredEuclidean4(
  values: Float32Array,
  a: number,
  b: number,
  c: number,
  d: number,
  q: Float32Array,
  dimensions: number,
  out: Float32Array,
): void {
  let sa = 0;
  let sb = 0;
  let sc = 0;
  let sd = 0;
  for (let z = 0; z < dimensions; z++) {
    const x = q[z]!;
    const da = fround(x - values[a + z]!);
    const db = fround(x - values[b + z]!);
    const dc = fround(x - values[c + z]!);
    const dd = fround(x - values[d + z]!);
    sa = fround(sa + fround(da * da));
    sb = fround(sb + fround(db * db));
    sc = fround(sc + fround(dc * dc));
    sd = fround(sd + fround(dd * dd));
  }
  out[0] = sa;
  out[1] = sb;
  out[2] = sc;
  out[3] = sd;
}

/** Manhattan distances of four stored vectors; see {@link dot4}. */
export function taxicab4(
  values: Float32Array,
  a: number,
  b: number,
  c: number,
  d: number,
  q: Float32Array,
  dimensions: number,
  out: Float32Array,
): void {
  let sa = 0;
  let sb = 0;
  let sc = 0;
  let sd = 0;
  for (let z = 0; z < dimensions; z++) {
    const x = q[z]!;
    sa = fround(sa + Math.abs(fround(x - values[a + z]!)));
    sb = fround(sb + Math.abs(fround(x - values[b + z]!)));
    sc = fround(sc + Math.abs(fround(x - values[c + z]!)));
    sd = fround(sd + Math.abs(fround(x - values[d + z]!)));
  }
  out[0] = sa;
  out[1] = sb;
  out[2] = sc;
  out[3] = sd;
}
