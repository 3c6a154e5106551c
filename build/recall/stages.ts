import { cutAbove } from "../../worker/core/forest/compact/gather.ts";
import { rescoreRows } from "../../worker/core/forest/compact/search.ts";
import { openSections, shiftOf } from "../../worker/core/forest/compact/sections.ts";
import { ESTIMATE_DEVIATIONS, Walk } from "../../worker/core/forest/compact/walk.ts";
import { keptForRescoring, openFlat } from "../../worker/core/forest/flat.ts";
import { lengthOf } from "../../worker/core/forest/metrics.ts";
import { itemAt } from "../../worker/core/forest/slots.ts";
import { TopScores } from "../../worker/core/forest/top.ts";
import type { Forest } from "../../worker/core/forest/types.ts";
import type { Artifact } from "../../worker/core/format/artifact.ts";
import { MarginComparison } from "./margins.ts";

/** State of a walk that has met as many items as one searchK asks for. */
export interface Stage {
  /** Position in `searchKs`. */
  readonly index: number;
  /** Whether the answer may be another than at the stage before. */
  readonly changed: boolean;
  readonly candidates: number;
  readonly scored: number;
  /** The items of which a search measures the distances, in no order. */
  items(): number[];
  /** Returns a bit mask of the margins under which an item was scored. */
  scoredWith(item: number): number;
}

/** Goal of a staged walk. */
export interface Staging {
  /** Neighbours wanted. */
  readonly k: number;
  /** Ascending. */
  readonly searchKs: readonly number[];
  /** Margins to compare, in mean factors; none unless the artifact's own is endless. */
  readonly margins: readonly number[];
}

/** Walks to the last searchK, and tells what a search would have come to at each. */
export type StagedWalk = (query: Float32Array, staging: Staging, onStage: (stage: Stage) => void) => void;

/**
 * The search of worker/core/forest/compact/search.ts, without filters and without its last step, the distances of the best few.
 * The walk to one searchK passes all smaller ones, so one walk a query gives a whole table of recall. A test holds every
 * stage to the answer of a search.
 */
export function openStages(artifact: Artifact): StagedWalk {
  if (artifact.header.forestKind === "flat") return scanStages(openFlat(artifact));
  const { metric, dimensions, nSlots, nTrees } = artifact.header;
  const sections = openSections(artifact);
  const { vectors, rescore, scorer, slots, nodes, sketches } = sections;
  const walk = new Walk(nodes, slots, sketches, dimensions, nTrees);
  const { found } = walk;
  const scores = new Float32Array(nodes.largestLeaf);
  // Where the resident codes are nothing but sketches, the best estimates are scored last.
  const estimates = !vectors && sketches !== undefined;
  const ordered = metric === "manhattan";

  return (query, { k, searchKs, margins }, onStage) => {
    const prepared = sections.prepare(query);
    const walked = sections.walkedOf(prepared.vector);
    const { scale, margin } = sections.scaleOf(walked);
    const wanted = estimates ? (scorer ? rescoreRows(k) : k) : keptForRescoring(k, rescore !== undefined);
    const kept = new TopScores(Math.min(wanted, nSlots));
    const rank = Math.min(k, nSlots);
    // Where estimates only order, what is compared with them are other estimates.
    const best = scale.kind === "order" ? new TopScores(rank) : kept;
    const offset = cutAbove(scale);
    const length = lengthOf(walked);
    const comparison =
      sketches && margins.length > 0
        ? new MarginComparison({ sketches, ordered, shift: shiftOf(metric, length) }, margins, length, rank)
        : undefined;
    const scoredWith = new Map<number, number>();
    let scored = 0;
    let changed = true;
    const itemsOfKept = () => {
      const items: number[] = [];
      for (let i = 0; i < kept.size; i++)
        items.push(estimates ? itemAt(slots, kept.keyAt(i)) : kept.keyAt(i));
      return items;
    };
    const tell = (index: number) => {
      onStage({
        index,
        changed,
        candidates: walk.looked,
        scored: estimates ? (scorer ? kept.size : 0) : scored,
        items: itemsOfKept,
        scoredWith: (item) => scoredWith.get(item) ?? 0,
      });
      changed = false;
    };
    /** Keeps what the leaf visited last has that is good. */
    const take = () => {
      if (estimates) {
        if (found.count > 0) changed = true;
        for (let i = 0; i < found.count; i++) kept.push(found.bounds[i]!, found.slots[i]!);
        return;
      }
      comparison?.beginLeaf();
      scorer!.score(prepared, found.slots, found.count, scores);
      scored += found.count;
      for (let i = 0; i < found.count; i++) {
        const slot = found.slots[i]!;
        const score = scores[i]!;
        if (best !== kept) best.push(found.bounds[i]!, slot);
        const margins = comparison ? comparison.push(slot, found.bounds[i]!, score) : 0;
        if (score < kept.threshold) continue;
        const item = itemAt(slots, slot);
        kept.push(score, item);
        changed = true;
        if (comparison) scoredWith.set(item, margins);
      }
    };
    if (estimates) walk.start(walked, 0, ESTIMATE_DEVIATIONS);
    else walk.start(walked, margin);
    let met = 0;
    for (let stage = 0; stage < searchKs.length; ) {
      const accepted =
        met < searchKs[stage]!
          ? walk.next(estimates ? kept.threshold : best.scoreAt(rank) + offset, undefined)
          : -1;
      if (accepted < 0) {
        tell(stage++);
      } else {
        met += accepted;
        take();
      }
    }
  };
}

/** A scan is the same whatever the searchK. */
function scanStages(forest: Forest): StagedWalk {
  return (query, { k, searchKs }, onStage) => {
    const { items, candidates, scored } = forest.search(query, { k });
    for (const index of searchKs.keys())
      onStage({ index, changed: index === 0, candidates, scored, items: () => items, scoredWith: () => 0 });
  };
}
