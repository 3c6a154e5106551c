import type { Metric } from "../../worker/core/format/constants.ts";
import { lengthOf, sharedFloats } from "./arrays.ts";

/**
 * The space in which trees are grown for a metric: one where a larger inner product (spherical) or a smaller Euclidean
 * distance means nearer.
 *
 * - angular: unit vectors.
 * - dot: one more coordinate gives every vector the length of the longest, which turns the largest inner product into
 *   the smallest angle (Bachrach et al. 2014); a query's further coordinate is 0.
 * - hamming: coordinates 0 and 1, whose squared Euclidean distance is the number of differing ones.
 * - euclidean: vectors less their mean, so that codes spend nothing on where the origin happens to be.
 * - manhattan: the same; Euclidean neighbourhoods serve as candidates, and scores are exact.
 */
export interface Geometry {
  /** Row-major, `width` numbers a row, in shared memory. */
  readonly rows: Float32Array<SharedArrayBuffer>;
  readonly width: number;
  /** Coordinates that a query has; the rest are 0 in it. */
  readonly dimensions: number;
  /** Vectors on a sphere: clusters are directions. Otherwise clusters are means. */
  readonly spherical: boolean;
  /** Point that was subtracted from every row, and must be from a query. */
  readonly translation?: Float32Array;
}

export function geometryOf(
  metric: Metric,
  vectors: Float32Array<SharedArrayBuffer>,
  dimensions: number,
): Geometry {
  const count = vectors.length / dimensions;
  switch (metric) {
    case "euclidean":
    case "manhattan": {
      const translation = meanRow(vectors, dimensions);
      const rows = sharedFloats(vectors.length);
      for (let at = 0; at < rows.length; at += dimensions) {
        for (let i = 0; i < dimensions; i++) rows[at + i] = vectors[at + i]! - translation[i]!;
      }
      return { rows, width: dimensions, dimensions, spherical: false, translation };
    }
    case "hamming": {
      const rows = sharedFloats(vectors.length);
      for (let i = 0; i < rows.length; i++) rows[i] = vectors[i]! > 0.5 ? 1 : 0;
      return { rows, width: dimensions, dimensions, spherical: false };
    }
    case "angular": {
      const rows = sharedFloats(vectors.length);
      for (let r = 0; r < count; r++) writeUnit(vectors, r * dimensions, dimensions, rows);
      return { rows, width: dimensions, dimensions, spherical: true };
    }
    case "dot": {
      const width = dimensions + 1;
      const rows = sharedFloats(count * width);
      const lengths = Float64Array.from({ length: count }, (_, r) =>
        lengthOf(vectors, r * dimensions, dimensions),
      );
      const longest = lengths.reduce((a, b) => Math.max(a, b), 0);
      for (let r = 0; r < count; r++) {
        rows.set(vectors.subarray(r * dimensions, (r + 1) * dimensions), r * width);
        rows[r * width + dimensions] = Math.sqrt(Math.max(0, longest ** 2 - lengths[r]! ** 2));
      }
      return { rows, width, dimensions, spherical: true };
    }
  }
}

/** A function of its own, which V8 compiles once and soon. */
function writeUnit(vectors: Float32Array, at: number, dimensions: number, rows: Float32Array): void {
  const length = lengthOf(vectors, at, dimensions);
  const scale = length > 0 ? 1 / length : 0;
  for (let i = at; i < at + dimensions; i++) rows[i] = vectors[i]! * scale;
}

/** The mean of the first `dimensions` coordinates of all rows of `width` numbers. */
export function meanRow(rows: Float32Array, dimensions: number, width = dimensions): Float32Array {
  const sums = new Float64Array(dimensions);
  const count = rows.length / width;
  for (let r = 0; r < count; r++) for (let i = 0; i < dimensions; i++) sums[i]! += rows[r * width + i]!;
  return Float32Array.from(sums, (sum) => (count > 0 ? sum / count : 0));
}
