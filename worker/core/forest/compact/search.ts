import type { Artifact } from "../../format/artifact.ts";
import type { CertifiedRecall } from "../../format/meta.ts";
import { type Finished, finishHits, ruledOutBy, scoreOfDistance } from "../finish.ts";
import { exactScan, keptForRescoring } from "../flat.ts";
import { createMeter } from "../meter.ts";
import type { PreparedQuery } from "../query.ts";
import { itemAt, slotOf } from "../slots.ts";
import type { TopScores } from "../top.ts";
import type { ForestSearchOptions, Neighbours, ReadRanges } from "../types.ts";
import { type Extent, gatherEstimated, gatherScored } from "./gather.ts";
import type { RescoreReader } from "./rescore.ts";
import type { CompactSections } from "./sections.ts";
import { ESTIMATE_DEVIATIONS, Walk } from "./walk.ts";

/** Rescoring rows that are read for k neighbours when sketches are all that is resident. */
const RESCORE_ROWS = 48;
const RESCORE_ROWS_PER_NEIGHBOUR = 8;

/** Returns the number of rescoring rows that decide on k neighbours. */
export function rescoreRows(k: number): number {
  return RESCORE_ROWS + RESCORE_ROWS_PER_NEIGHBOUR * k;
}

/** An opened compact forest, and the scratch that its synchronous searches share. */
export interface CompactForest {
  readonly artifact: Artifact;
  readonly sections: CompactSections;
  /** Present where rescoring vectors decide and are not in memory. */
  readonly rescoreReader: RescoreReader | undefined;
  /** Writes the stored vector of an item into a row; false when there is none. */
  readonly decode: (item: number, row: Float32Array) => boolean;
  /** As many scores as the largest leaf has items. */
  readonly scores: Float32Array;
  readonly top: TopScores;
  /** Made by the first search, so that opening allocates nothing that grows with the forest. */
  walk: Walk | undefined;
}

/** Searches with what is in memory: see `Forest.search`. */
export function search(forest: CompactForest, query: Float32Array, options: ForestSearchOptions): Neighbours {
  const { artifact, sections, decode, scores, top } = forest;
  const { vectors, rescore, scorer, slots, sketches } = sections;
  const { metric } = artifact.header;
  const { k, accept, acceptsMost, bound, work } = options;
  const meter = createMeter(work, artifact.header.dimensions);
  const searchK = searchKOf(artifact, options);
  const prepared = sections.prepare(query);
  const kept = keptForRescoring(k, rescore !== undefined);
  if (scorer && accept && scanIsCheaper(artifact, options, searchK)) {
    const scan = exactScan({ vectors: scorer, slots, query: prepared, meter }, kept, options);
    meter.finish(0, 0, scan.scored + scan.top.size);
    return {
      ...finish(forest, prepared, query, k, scan.top),
      met: scan.scored,
      candidates: scan.scored,
      scored: scan.scored,
    };
  }
  const walked = sections.walkedOf(prepared.vector);
  if (scorer && (vectors || !sketches)) {
    const { scale, margin } = sections.scaleOf(walked);
    const walk = walkOf(forest);
    walk.start(walked, margin, undefined, walked === prepared.vector ? prepared.pairs : undefined);
    const scoring = { slots, store: scorer, query: prepared, scale, scores };
    const scored = gatherScored(walk, scoring, top, {
      ...{ searchK, accept, acceptsMost, meter, k, kept },
      ...(bound !== undefined && { least: scoreOfDistance(metric, bound, prepared.length) }),
    });
    meter.finish(walk.met, walk.looked, scored + top.size);
    return { ...finish(forest, prepared, query, k, top), met: walk.met, candidates: walk.looked, scored };
  }
  const rows = scorer ? rescoreRows(k) : k;
  const best = estimateBest(forest, walked, rows, { searchK, accept, acceptsMost, meter });
  const items = best.map((slot) => itemAt(slots, slot));
  const scored = scorer ? best.length : 0;
  const { met, looked: candidates } = walkOf(forest);
  meter.finish(met, candidates, best.length);
  return { ...finishHits({ metric, query, k }, items, decode), met, candidates, scored };
}

/** @param top what the scorer found, by quick scores */
function finish(
  { artifact, sections, decode }: CompactForest,
  prepared: PreparedQuery,
  query: Float32Array,
  k: number,
  top: TopScores,
): Finished {
  const ruledOut = ruledOutBy(sections.scorer!, prepared, sections.slots, top);
  return finishHits({ metric: artifact.header.metric, query, k }, top.sorted(), decode, ruledOut);
}

/** Searches with rescoring rows that `read` brings: see `Forest.searchRescored`. */
export async function searchRescored(
  forest: CompactForest,
  query: Float32Array,
  options: ForestSearchOptions,
  read: ReadRanges,
): Promise<Neighbours> {
  const { artifact, sections } = forest;
  const { metric, nSlots, nTrees } = artifact.header;
  const { k, accept, acceptsMost, work } = options;
  const meter = createMeter(work, artifact.header.dimensions);
  const usual = searchKOf(artifact, options);
  // Where a scan of vectors in memory would do: everything that passes is estimated, and the best of it read.
  const searchK = accept && scanIsCheaper(artifact, options, usual) ? nSlots * nTrees : usual;
  const walked = sections.walkedOf(sections.prepare(query).vector);
  const best = estimateBest(forest, walked, rescoreRows(k), { searchK, accept, acceptsMost, meter });
  // Before anything is awaited: the next search shares the walk.
  const { met, looked: candidates } = walkOf(forest);
  meter.finish(met, candidates, best.length);
  const rows = await forest.rescoreReader!.read(best, read);
  const items = rows.slots.map((slot) => itemAt(sections.slots, slot));
  const decode = (_: number, row: Float32Array, place: number): true => {
    rows.store.decode(place, row);
    return true;
  };
  const finished = finishHits({ metric, query, k }, items, rows.store.floats ?? decode);
  rows.free();
  return { ...finished, met, candidates, scored: best.length };
}

/** Returns the stored vectors of items, whose rows `read` brings. */
export async function vectorsRescored(
  { artifact, sections, rescoreReader }: CompactForest,
  items: readonly number[],
  read: ReadRanges,
): Promise<(Float32Array | undefined)[]> {
  const wanted = items.map((item) => slotOf(sections.slots, item));
  const present = new Set(wanted.filter((slot) => slot >= 0));
  const rows = await rescoreReader!.read(Uint32Array.from(present), read);
  const positionOf = new Map<number, number>();
  for (const [i, slot] of rows.slots.entries()) positionOf.set(slot, i);
  const vectors = wanted.map((slot) => {
    const position = positionOf.get(slot);
    if (position === undefined) return undefined;
    const row = new Float32Array(artifact.header.dimensions);
    rows.store.decode(position, row);
    return row;
  });
  rows.free();
  return vectors;
}

function searchKOf(
  { header: { nSlots, nTrees }, meta }: Artifact,
  { k, searchK = -1, acceptFraction = 1, acceptsMost }: ForestSearchOptions,
): number {
  if (searchK < -1) return nSlots * nTrees;
  if (searchK !== -1) return searchK;
  if (acceptsMost) return defaultSearchK(meta.certified, k);
  // The k nearest of a share f are, on average, among the k / f nearest of all: a walk that would find those meets
  // f times as many items that pass.
  const share = Math.max(acceptFraction, 1 / Math.max(1, nSlots));
  const met = Math.min(nSlots * nTrees, defaultSearchK(meta.certified, Math.ceil(k / share)));
  return Math.max(2 * k, Math.ceil(met * share));
}

function walkOf(forest: CompactForest): Walk {
  const { artifact, sections } = forest;
  const { dimensions, nTrees } = artifact.header;
  forest.walk ??= new Walk(sections.nodes, sections.slots, sections.sketches, dimensions, nTrees);
  return forest.walk;
}

/** Returns the slots of the `kept` best estimates. */
function estimateBest(
  forest: CompactForest,
  walked: Float32Array,
  kept: number,
  extent: Extent,
): Uint32Array {
  const walk = walkOf(forest);
  walk.start(walked, 0, ESTIMATE_DEVIATIONS);
  const { slots } = forest.sections;
  return gatherEstimated(walk, slots, Math.min(kept, slots.nSlots), extent);
}

/** Whether the filter passes so few items that scoring them all costs less than walking until searchK of them are met. */
function scanIsCheaper(
  { header: { nSlots, dimensions } }: Artifact,
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

/**
 * The searchK that -1 stands for: the certified one up to k = 10; from the measured recall@100 at k = 100; between
 * them and beyond in proportion. O(rows).
 */
export function defaultSearchK(certified: CertifiedRecall, k: number): number {
  const ten = certified.defaultSearchK;
  if (k <= 10) return ten;
  const enough = certified.rows.find((row) => row.recallAt100 >= certified.target);
  const hundred = Math.max(ten, enough?.searchK ?? certified.rows.at(-1)?.searchK ?? ten);
  return k <= 100 ? Math.round(ten + ((hundred - ten) * (k - 10)) / 90) : Math.round((hundred * k) / 100);
}
