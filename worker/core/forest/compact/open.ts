import type { Artifact } from "../../format/artifact.ts";
import { ArtifactError } from "../../format/errors.ts";
import { type Finished, finishHits, ruledOutBy } from "../finish.ts";
import { distanceOfItems, exactScan, itemDecoder, keptForRescoring, vectorOfItem } from "../flat.ts";
import type { PreparedQuery } from "../query.ts";
import { defaultSearchK } from "../search-k.ts";
import { itemAt, slotOf } from "../slots.ts";
import { TopScores } from "../top.ts";
import type { Forest, ForestSearchOptions, Neighbours, ReadRanges } from "../types.ts";
import type { VectorStore } from "../vectors.ts";
import { openColdTier } from "./cold.ts";
import { sketchDecoder } from "./decode.ts";
import { type Extent, gatherEstimated, gatherScored } from "./gather.ts";
import { openParts } from "./parts.ts";
import { ESTIMATE_DEVIATIONS, Walk } from "./walk.ts";

/** Rows of the rescoring tier that are read for k neighbours when sketches are all that is resident. */
const COLD_ROWS = 48;
const COLD_ROWS_PER_NEIGHBOUR = 8;

/** How many rows of the rescoring tier decide on k neighbours. */
export function coldRows(k: number): number {
  return COLD_ROWS + COLD_ROWS_PER_NEIGHBOUR * k;
}

/**
 * Opens our own forest. A search walks the nodes best first, bounds every candidate's score by its sketch, scores by the
 * full vector code those that may still be among the nearest, and measures the distances of the last few with the finest
 * vectors at hand.
 *
 * @throws ArtifactError when sections are missing, of the wrong length or inconsistent
 */
export function openCompact(artifact: Artifact): Forest {
  const { metric, dimensions, nItems, nSlots, nTrees } = artifact.header;
  const parts = openParts(artifact);
  const { vectors, finer, scorer, slots, nodes, sketches, translation } = parts;
  const { prepare, walkedOf, scaleOf } = parts;
  if (!scorer && !sketches)
    throw new ArtifactError("MISSING_SECTION", "The artifact has neither vectors nor sketches.");
  const finest = finer ?? vectors;
  const decodeSlot = finest
    ? (slot: number, row: Float32Array) => finest.decode(slot, row)
    : sketchDecoder(nodes, sketches!, dimensions, nSlots, translation);
  const cold = sketches && !scorer ? openColdTier(artifact) : undefined;
  const decode = itemDecoder(slots, decodeSlot);
  const vector = vectorOfItem(dimensions, decode);
  // Made by the first search, so that opening allocates nothing that grows with the forest.
  let walk: Walk | undefined;
  const scores = new Float32Array(scorer ? nodes.largestLeaf : 0);
  const top = new TopScores(0);

  function search(query: Float32Array, options: ForestSearchOptions): Neighbours {
    const { k, accept } = options;
    const searchK = searchKOf(options);
    const prepared = prepare(query);
    const kept = keptForRescoring(k, finer !== undefined);
    if (scorer && accept && scanIsCheaper(options, searchK)) {
      const { top, scored } = exactScan(scorer, slots, prepared, kept, accept, options.acceptBits);
      return { ...finish(query, k, scorer, prepared, top), candidates: scored, scored };
    }
    const walked = walkedOf(prepared.vector);
    if (scorer && (vectors || !sketches)) {
      const { scale, margin } = scaleOf(walked);
      const walk = startedWalk();
      walk.start(walked, margin, undefined, walked === prepared.vector ? prepared.pairs : undefined);
      const extent = { searchK, accept };
      const scored = gatherScored(walk, slots, scorer, prepared, scale, scores, k, kept, top, extent);
      return { ...finish(query, k, scorer, prepared, top), candidates: walk.looked, scored };
    }
    const best = estimateBest(walked, scorer ? coldRows(k) : k, { searchK, accept });
    const items = best.map((slot) => itemAt(slots, slot));
    const scored = scorer ? best.length : 0;
    return { ...finishHits(metric, query, items, k, decode), candidates: startedWalk().looked, scored };
  }

  /** @param by what scored `top`, with the query prepared */
  function finish(
    query: Float32Array,
    k: number,
    by: VectorStore,
    prepared: PreparedQuery,
    top: TopScores,
  ): Finished {
    return finishHits(metric, query, top.sorted(), k, decode, ruledOutBy(by, prepared, slots, top));
  }

  async function searchCold(
    query: Float32Array,
    options: ForestSearchOptions,
    read: ReadRanges,
  ): Promise<Neighbours> {
    const { k, accept } = options;
    const usual = searchKOf(options);
    // Where a scan of vectors at hand would do: everything that passes is estimated, and the best of it read.
    const searchK = accept && scanIsCheaper(options, usual) ? nSlots * nTrees : usual;
    const best = estimateBest(walkedOf(prepare(query).vector), coldRows(k), { searchK, accept });
    // Before anything is awaited: the next search shares the walk.
    const candidates = startedWalk().looked;
    const rows = await cold!.read(best, read);
    const positionOf = new Map(Array.from(rows.slots, (slot, i) => [itemAt(slots, slot), i]));
    const finished = finishHits(metric, query, [...positionOf.keys()], k, (item, row) => {
      rows.store.decode(positionOf.get(item)!, row);
      return true;
    });
    return { ...finished, candidates, scored: best.length };
  }

  async function vectorsCold(
    items: readonly number[],
    read: ReadRanges,
  ): Promise<(Float32Array | undefined)[]> {
    const wanted = items.map((item) => slotOf(slots, item));
    const rows = await cold!.read(Uint32Array.from(new Set(wanted.filter((slot) => slot >= 0))), read);
    const positionOf = new Map(Array.from(rows.slots, (slot, i) => [slot, i]));
    return wanted.map((slot) => {
      const position = positionOf.get(slot);
      if (position === undefined) return undefined;
      const row = new Float32Array(dimensions);
      rows.store.decode(position, row);
      return row;
    });
  }

  function searchKOf({ k, searchK = -1, acceptFraction = 1 }: ForestSearchOptions): number {
    if (searchK < -1) return nSlots * nTrees;
    if (searchK !== -1) return searchK;
    // The k nearest of a share f are, on average, among the k / f nearest of all: a walk that would find those meets
    // f times as many items that pass.
    const share = Math.max(acceptFraction, 1 / Math.max(1, nSlots));
    const met = Math.min(nSlots * nTrees, defaultSearchK(artifact.meta.certified, Math.ceil(k / share)));
    return Math.max(2 * k, Math.ceil(met * share));
  }

  function startedWalk(): Walk {
    walk ??= new Walk(nodes, slots, sketches, dimensions, nTrees);
    return walk;
  }

  function estimateBest(walked: Float32Array, kept: number, extent: Extent): Uint32Array {
    const walk = startedWalk();
    walk.start(walked, 0, ESTIMATE_DEVIATIONS);
    return gatherEstimated(walk, Math.min(kept, nSlots), extent);
  }

  /** The filter passes so few items that scoring them all costs less than walking until searchK of them are met. */
  function scanIsCheaper(
    { acceptFraction: fraction, acceptBits }: ForestSearchOptions,
    searchK: number,
  ): boolean {
    if (fraction === undefined) return false;
    // In nanoseconds, from the bench: 8 an item asked one by one; 25 an item met in the walk; for a scored one a
    // cache miss and 0.8 a coordinate.
    const scan = (acceptBits ? acceptBits.length : nSlots * 8) + fraction * nSlots * (40 + 0.8 * dimensions);
    const walking = Math.min(nSlots, searchK / Math.max(fraction, 1 / nSlots)) * 25;
    return scan <= walking;
  }

  return {
    artifact,
    metric,
    dimensions,
    nItems,
    nTrees,
    defaultSearchK: (k) => defaultSearchK(artifact.meta.certified, k),
    vector,
    distance: distanceOfItems(metric, vector),
    search,
    ...(cold && { searchCold, vectorsCold }),
  };
}
