import type { Metric } from "../../worker/core/format/constants.ts";
import { lengthOf } from "../numeric/arrays.ts";

/**
 * Whether clusters of a metric's vectors are directions, compared by angle. Otherwise they are means: near ones by
 * Euclidean distance, and for dot by it as well, so that long vectors gather and their mean stands out.
 */
export function isSpherical(metric: Metric): boolean {
  return metric === "angular";
}

/** Makes rows fit for clustering, in place: unit length where clusters are directions. */
export function toSpace(metric: Metric, rows: Float32Array, dimensions: number): void {
  if (!isSpherical(metric)) return;
  for (let at = 0; at < rows.length; at += dimensions) {
    const length = lengthOf(rows, at, dimensions);
    const scale = length > 0 ? 1 / length : 0;
    for (let i = at; i < at + dimensions; i++) rows[i]! *= scale;
  }
}
