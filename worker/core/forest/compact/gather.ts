import type { PreparedQuery } from "../query.ts";
import { itemAt, type SlotTable } from "../slots.ts";
import { TopScores } from "../top.ts";
import type { VectorStore } from "../vectors.ts";
import type { Walk } from "./walk.ts";

/** Length of a walk, and the items that it passes over. */
export interface Extent {
  /** Accepted items to meet, duplicates across trees counted. */
  readonly searchK: number;
  readonly accept: ((item: number) => boolean) | undefined;
}

/** Relation of scores to the bounds that a walk compares them with. */
export type Scale =
  /** Scores are estimated as they are, but for a constant that a bound lies above its score. */
  | { readonly kind: "score"; readonly shift: number }
  /** Estimates only order; candidates down to so much below the k-th best estimate deserve a score. */
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
 * @returns the number of full scores
 */
export function gatherScored(
  walk: Walk,
  { slots, store, query, scale, scores }: Scoring,
  top: TopScores,
  { searchK, accept, k, kept }: Extent & { readonly k: number; readonly kept: number },
): number {
  const rank = Math.min(k, slots.nSlots);
  top.reset(Math.min(kept, slots.nSlots));
  // Where estimates only order, what is compared with them are other estimates.
  const best = scale.kind === "score" ? top : new TopScores(rank);
  const { found } = walk;
  const offset = cutAbove(scale);
  let scored = 0;
  for (let met = 0; met < searchK; ) {
    const accepted = walk.next(best.scoreAt(rank) + offset, accept);
    if (accepted < 0) break;
    met += accepted;
    const { count } = found;
    store.score(query, found.slots, count, scores);
    scored += count;
    for (let i = 0; i < count; i++) {
      const score = scores[i]!;
      if (score >= top.threshold) top.push(score, itemAt(slots, found.slots[i]!));
      if (best !== top) best.push(found.bounds[i]!, found.slots[i]!);
    }
  }
  return scored;
}

/** Walks, and keeps the slots of the `kept` best estimates, best first. */
export function gatherEstimated(walk: Walk, kept: number, { searchK, accept }: Extent): Uint32Array {
  const { found } = walk;
  const top = new TopScores(kept);
  for (let met = 0; met < searchK; ) {
    const accepted = walk.next(top.threshold, accept);
    if (accepted < 0) break;
    met += accepted;
    for (let i = 0; i < found.count; i++) top.push(found.bounds[i]!, found.slots[i]!);
  }
  return top.sorted();
}
