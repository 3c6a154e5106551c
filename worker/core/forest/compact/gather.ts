import type { Meter } from "../meter.ts";
import type { PreparedQuery } from "../query.ts";
import { itemAt, type SlotTable } from "../slots.ts";
import { TopScores } from "../top.ts";
import type { Accept } from "../types.ts";
import type { VectorStore } from "../vector-stores.ts";
import type { Walk } from "./walk.ts";

/** Length of a walk, and the items that it passes over. */
export interface Extent {
  /** Accepted items to meet, duplicates across trees counted; with `acceptsMost`, items. */
  readonly searchK: number;
  readonly accept: Accept | undefined;
  readonly acceptsMost?: boolean | undefined;
  readonly meter: Meter;
}

/** Relation of scores to the bounds that a walk compares them with. */
export type Scale =
  /** Scores are estimated as they are, but for a constant that a bound lies above its score. */
  | { readonly kind: "score"; readonly shift: number }
  /** Estimates only order; candidates within `margin` of the k-th best estimate are scored. */
  | { readonly kind: "order"; readonly margin: number };

/** Vectors that score candidates, and the query in their form. */
export interface Scoring {
  readonly slots: SlotTable;
  readonly store: VectorStore;
  readonly query: PreparedQuery;
  readonly scale: Scale;
  /** Scratch for as many scores as the largest leaf has items. */
  readonly scores: Float32Array;
}

/** Returns the height of the cut above the k-th best of what counts. */
export function cutAbove(scale: Scale): number {
  return scale.kind === "score" ? scale.shift : -scale.margin;
}

/**
 * Walks, and scores at once by the full code what may still be among the k best: a candidate whose bound lies below the
 * k-th best score so far can change nothing any more. So the nearest leaves, which come first, spare the others most of
 * their scores, and nothing but the best is kept.
 *
 * @param top receives the `kept` best, keyed by item
 * @param least score below which nothing is wanted
 * @returns the number of full scores
 */
export function gatherScored(
  walk: Walk,
  { slots, store, query, scale, scores }: Scoring,
  top: TopScores,
  {
    k,
    kept,
    least = Number.NEGATIVE_INFINITY,
    ...extent
  }: Extent & { readonly k: number; readonly kept: number; readonly least?: number | undefined },
): number {
  const rank = Math.min(k, slots.nSlots);
  top.reset(Math.min(kept, slots.nSlots));
  // Where estimates only order, what is compared with them are other estimates.
  const best = scale.kind === "score" ? top : new TopScores(rank);
  const { found } = walk;
  const offset = cutAbove(scale);
  // Estimates are not compared with scores.
  const floor = scale.kind === "score" ? least : Number.NEGATIVE_INFINITY;
  const { searchK, early, late, enough } = conditionsOf(extent, rank);
  let scored = 0;
  for (let met = 0; met < searchK || top.size < enough; ) {
    const accepted = walk.next(Math.max(best.scoreAt(rank), floor) + offset, early);
    if (accepted < 0) break;
    met += accepted;
    const { count } = found;
    store.score(query, found.slots, count, scores);
    scored += count;
    extent.meter.count(walk.met, walk.looked, scored);
    for (let i = 0; i < count; i++) {
      const score = scores[i]!;
      if (best === top && score < top.threshold) continue;
      const slot = found.slots[i]!;
      const item = itemAt(slots, slot);
      if (late && !late(item)) continue;
      top.push(score, item);
      if (best !== top) best.push(found.bounds[i]!, slot);
    }
  }
  return scored;
}

/** The condition on items as a walk asks for it: of all that it meets, or of those that would be kept. */
function conditionsOf({ searchK, accept, acceptsMost }: Extent, wanted: number) {
  return acceptsMost
    ? { searchK, early: undefined, late: accept, enough: Math.min(wanted, searchK) }
    : { searchK, early: accept, late: undefined, enough: 0 };
}

/** Walks, and keeps the slots of the `kept` best estimates, best first. */
export function gatherEstimated(walk: Walk, slots: SlotTable, kept: number, extent: Extent): Uint32Array {
  const { found } = walk;
  const top = new TopScores(kept);
  const { searchK, early, late, enough } = conditionsOf(extent, kept);
  for (let met = 0; met < searchK || top.size < enough; ) {
    const accepted = walk.next(top.threshold, early);
    if (accepted < 0) break;
    met += accepted;
    extent.meter.count(walk.met, walk.looked, 0);
    for (let i = 0; i < found.count; i++) {
      const bound = found.bounds[i]!;
      const slot = found.slots[i]!;
      if (late && (bound < top.threshold || !late(itemAt(slots, slot)))) continue;
      top.push(bound, slot);
    }
  }
  return top.sorted();
}
