import type { Metric } from "../format/constants.ts";
import { distanceFrom, smallerIsNearer, squaredLength } from "./metrics.ts";
import type { PreparedQuery } from "./query.ts";
import { type SlotTable, slotOf } from "./slots.ts";
import type { TopScores } from "./top.ts";
import type { VectorStore } from "./vector-stores.ts";

/** The kept items with Annoy's distances, nearest first, ties by item number: what every search ends with. */
export interface Finished {
  readonly items: number[];
  readonly distances: number[];
}

/** Whether a kept item cannot be nearer than the k-th distance so far, so that it need not be looked at again. */
export type RuledOut = (place: number, distance: number) => boolean;

/** Standard deviations by which a quick score may be off before it is believed. */
const DEVIATIONS = 6;

/**
 * Rules kept items out by their quick scores. Of 36 that are kept for ten neighbours about 14 are left, unless many lie
 * as near as the codes can tell, which is the case that rescoring vectors are for.
 *
 * @returns undefined where scores do not say how far off they may be
 */
export function ruledOutBy(
  { deviation }: VectorStore,
  query: PreparedQuery,
  slots: SlotTable,
  top: TopScores,
): RuledOut | undefined {
  if (!deviation) return undefined;
  return (place, distance) => {
    const needed = scoreOfDistance("angular", distance, query.length);
    const slot = slotOf(slots, top.keyAt(place));
    return top.scoreAt(place + 1) + DEVIATIONS * deviation(query, slot) < needed;
  };
}

/** The score of a vector at a distance: see {@link VectorStore}. @param length the query's */
export function scoreOfDistance(metric: Metric, distance: number, length: number): number {
  // Of angular vectors the cosine times the query's length; the distance is sqrt(2 - 2 cos).
  if (metric === "angular") return length * (1 - (distance * distance) / 2);
  if (metric === "euclidean") return -0.5 * distance * distance;
  return metric === "dot" ? distance : -distance;
}

let scratch = new Float32Array(0);

/**
 * Computes the distances of the kept items in double precision from the finest vectors in memory, and keeps the k nearest
 * in order. Allocates the two arrays that it returns; items that come best first cost one comparison each.
 *
 * @param kept items, best first
 * @param rows vectors by place in `kept`, one behind the other; or writes the vector of an item into a row, given that
 *   place, and returns false when there is none
 */
export function finishHits(
  { metric, query, k }: { readonly metric: Metric; readonly query: Float32Array; readonly k: number },
  kept: ArrayLike<number>,
  rows: Float32Array | ((item: number, row: Float32Array, place: number) => boolean),
  ruledOut?: RuledOut,
): Finished {
  if (scratch.length !== query.length) scratch = new Float32Array(query.length);
  const row = scratch;
  const squares = squaredLength(query);
  const sign = smallerIsNearer(metric) ? 1 : -1;
  const items: number[] = [];
  const distances: number[] = [];
  for (let i = 0; i < kept.length; i++) {
    const item = kept[i]!;
    if (ruledOut && items.length === k && ruledOut(i, distances[k - 1]!)) continue;
    if (typeof rows === "function" && !rows(item, row, i)) continue;
    const distance =
      typeof rows === "function"
        ? distanceFrom(metric, query, squares, row)
        : distanceFrom(metric, query, squares, rows, i * query.length);
    let at = items.length;
    if (at === k && !comesBefore(sign * (distance - distances[k - 1]!), item, items[k - 1]!)) continue;
    if (at === k) at--;
    // Moves what comes after it, and not by splice, which returns an array of what it removes.
    for (; at > 0 && comesBefore(sign * (distance - distances[at - 1]!), item, items[at - 1]!); at--) {
      items[at] = items[at - 1]!;
      distances[at] = distances[at - 1]!;
    }
    items[at] = item;
    distances[at] = distance;
  }
  return { items, distances };
}

function comesBefore(difference: number, item: number, other: number): boolean {
  return difference < 0 || (difference === 0 && item < other);
}
