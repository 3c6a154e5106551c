import type { Metric } from "../format/constants.ts";

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
