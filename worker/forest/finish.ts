import type { Metric } from "../format/constants.ts";
import { distanceBetween, smallerIsNearer } from "./metrics.ts";

/** The kept items with Annoy's distances, nearest first, ties by item number: what every search ends with. */
export interface Finished {
  readonly items: number[];
  readonly distances: number[];
}

/**
 * Computes the distances of the kept items in double precision from the finest vectors at hand, sorts and keeps k.
 *
 * @param decode writes the vector of an item into a row; false when there is none
 */
export function finishHits(
  metric: Metric,
  query: Float32Array,
  kept: ArrayLike<number>,
  k: number,
  decode: (item: number, row: Float32Array) => boolean,
): Finished {
  const row = new Float32Array(query.length);
  const hits: { item: number; distance: number }[] = [];
  for (let i = 0; i < kept.length; i++) {
    const item = kept[i]!;
    if (decode(item, row)) hits.push({ item, distance: distanceBetween(metric, query, row) });
  }
  const sign = smallerIsNearer(metric) ? 1 : -1;
  hits.sort((a, b) => sign * (a.distance - b.distance) || a.item - b.item);
  const best = hits.slice(0, k);
  return { items: best.map((h) => h.item), distances: best.map((h) => h.distance) };
}
