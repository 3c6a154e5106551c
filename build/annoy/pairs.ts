// biome-ignore-all lint/complexity/useMaxParams: inner loops take numbers: an object for each call would be allocated.
const { fround } = Math;

/**
 * Inner products of one stored vector with two others, each summed in order: two independent chains keep the processor's
 * adders busy. In Annoy's arithmetic, as the distances of `worker/core/forest/annoy`.
 */
export function dotPair(
  values: Float32Array,
  at: number,
  p: Float32Array,
  q: Float32Array,
  dimensions: number,
  out: Float32Array,
): void {
  let sp = 0;
  let sq = 0;
  for (let z = 0; z < dimensions; z++) {
    const x = values[at + z]!;
    sp = fround(sp + fround(x * p[z]!));
    sq = fround(sq + fround(x * q[z]!));
  }
  out[0] = sp;
  out[1] = sq;
}

/** Squared Euclidean distances of one stored vector from two others, likewise. */
export function squaredEuclideanPair(
  values: Float32Array,
  at: number,
  p: Float32Array,
  q: Float32Array,
  dimensions: number,
  out: Float32Array,
): void {
  let sp = 0;
  let sq = 0;
  for (let z = 0; z < dimensions; z++) {
    const x = values[at + z]!;
    const dp = fround(p[z]! - x);
    const dq = fround(q[z]! - x);
    sp = fround(sp + fround(dp * dp));
    sq = fround(sq + fround(dq * dq));
  }
  out[0] = sp;
  out[1] = sq;
}

/** Manhattan distances of one stored vector from two others, likewise. */
export function taxicabPair(
  values: Float32Array,
  at: number,
  p: Float32Array,
  q: Float32Array,
  dimensions: number,
  out: Float32Array,
): void {
  let sp = 0;
  let sq = 0;
  for (let z = 0; z < dimensions; z++) {
    const x = values[at + z]!;
    sp = fround(sp + Math.abs(fround(p[z]! - x)));
    sq = fround(sq + Math.abs(fround(q[z]! - x)));
  }
  out[0] = sp;
  out[1] = sq;
}
