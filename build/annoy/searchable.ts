import {
  angularDistance,
  dot,
  reportedDistance,
  squaredEuclidean,
  taxicab,
} from "../../worker/core/forest/annoy/distances.ts";
import { bitScorer, floatScorer, type Scorer } from "../../worker/core/forest/annoy/scorer.ts";
import { annoySearch } from "../../worker/core/forest/annoy/search.ts";
import type { Forest } from "../../worker/core/forest/types.ts";
import type { Metric } from "../../worker/core/format/constants.ts";
import type { AnnoyData } from "./read.ts";

/** An index in memory that can be asked. */
export interface Searchable {
  readonly data: AnnoyData;
  readonly scorer: Scorer;
  readonly search: Forest["search"];
}

/** Prepares an index for searching; nothing is copied. */
export function searchable(data: AnnoyData): Searchable {
  const { trees, slots } = data;
  const { metric, dimensions, itemFactors, roots } = trees;
  const scorer =
    metric === "hamming"
      ? bitScorer(data.bits, dimensions)
      : floatScorer(metric, data.vectors, dimensions, itemFactors);
  return { data, scorer, search: annoySearch(trees, slots, scorer, (k) => k * roots.length) };
}

/** Annoy's distance between two vectors, in its arithmetic. */
export function distanceOf(metric: Metric, a: Float32Array, b: Float32Array): number {
  const f = a.length;
  switch (metric) {
    case "angular":
      return reportedDistance(metric, angularDistance(dot(a, 0, b, f), dot(a, 0, a, f), dot(b, 0, b, f)));
    case "euclidean":
      return reportedDistance(metric, squaredEuclidean(a, 0, b, f));
    case "manhattan":
      return reportedDistance(metric, taxicab(a, 0, b, f));
    case "dot":
      return reportedDistance(metric, -dot(a, 0, b, f));
    case "hamming":
      return a.reduce((n, x, z) => n + (x > 0.5 === b[z]! > 0.5 ? 0 : 1), 0);
  }
}
