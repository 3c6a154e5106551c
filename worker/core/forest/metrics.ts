import type { Metric } from "../format/constants.ts";

/**
 * Annoy's distance between two vectors, in double precision: angular sqrt(2 - 2 cos) (sqrt 2 when either is all
 * zeros), euclidean, manhattan, hamming (differing coordinates, each taken as x > 0.5), dot the inner product.
 * Source: annoylib.h, `distance` and `normalized_distance` of each metric.
 */
export function distanceBetween(metric: Metric, a: Float32Array, b: Float32Array): number {
  return distanceFrom(metric, a, metric === "angular" ? squaredLength(a) : 0, b);
}

/**
 * {@link distanceBetween} one vector and many others.
 *
 * @param squares the {@link squaredLength} of `a`; only angular asks
 * @param at place of the other's first coordinate in `b`
 */
export function distanceFrom(
  metric: Metric,
  a: Float32Array,
  squares: number,
  b: Float32Array,
  at = 0,
): number {
  const length = a.length;
  let sum = 0;
  switch (metric) {
    case "angular": {
      let bb = 0;
      for (let i = 0; i < length; i++) {
        const x = b[at + i]!;
        sum += a[i]! * x;
        bb += x * x;
      }
      return angularDistance(sum, squares * bb);
    }
    case "euclidean":
      for (let i = 0; i < length; i++) sum += (a[i]! - b[at + i]!) ** 2;
      return Math.sqrt(sum);
    case "manhattan":
      for (let i = 0; i < length; i++) sum += Math.abs(a[i]! - b[at + i]!);
      return sum;
    case "hamming":
      for (let i = 0; i < length; i++) sum += a[i]! > 0.5 === b[at + i]! > 0.5 ? 0 : 1;
      return sum;
    case "dot":
      for (let i = 0; i < length; i++) sum += a[i]! * b[at + i]!;
      return sum;
  }
}

export function squaredLength(vector: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i]! * vector[i]!;
  return sum;
}

export function lengthOf(vector: Float32Array): number {
  return Math.sqrt(squaredLength(vector));
}

/**
 * A vector at unit length, so that its products with unit vectors are cosines; a zero vector stays one.
 *
 * @param result is written to and returned, unless the vector is zero
 */
export function atUnitLength(
  vector: Float32Array,
  result: Float32Array = new Float32Array(vector.length),
): Float32Array {
  const length = lengthOf(vector);
  if (!(length > 0)) return vector;
  for (let i = 0; i < vector.length; i++) result[i] = vector[i]! / length;
  return result;
}

/** sqrt(2 - 2 cos) from an inner product and the product of the squared lengths; 2 - 2 cos is 2 for a zero vector. */
function angularDistance(product: number, squares: number): number {
  if (!(squares > 0)) return Math.SQRT2;
  return Math.sqrt(Math.max(0, 2 - (2 * product) / Math.sqrt(squares)));
}

/** Whether a smaller distance is nearer; only for dot a larger one is. */
export function smallerIsNearer(metric: Metric): boolean {
  return metric !== "dot";
}

/**
 * The score of a distance: in 0..1, larger is better, and in the same order as the metric's own.
 *
 * | metric | distance d | score |
 * |---|---|---|
 * | angular | sqrt(2 - 2 cos), 0..2 | (1 + cos) / 2 = 1 - d²/4 |
 * | euclidean, manhattan | 0.. | 1 / (1 + d) |
 * | hamming | differing bits of `dimensions` | 1 - d / dimensions |
 * | dot | the inner product p, larger is nearer | (1 + p / (1 + abs(p))) / 2 |
 *
 * The inner product has no bounds; p / (1 + |p|) keeps its order up to magnitudes where a logistic function
 * would have become 1 for all.
 */
export function scoreOf(metric: Metric, distance: number, dimensions: number): number {
  switch (metric) {
    case "angular":
      return clamp(1 - (distance * distance) / 4);
    case "euclidean":
    case "manhattan":
      return 1 / (1 + Math.max(0, distance));
    case "hamming":
      return clamp(1 - distance / dimensions);
    case "dot":
      return (1 + distance / (1 + Math.abs(distance))) / 2;
  }
}

/** Rounding can carry a distance a little beyond its range. */
function clamp(score: number): number {
  return score < 0 ? 0 : score > 1 ? 1 : score;
}
