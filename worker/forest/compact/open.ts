import { type Artifact, requireView, sectionBytes } from "../../format/artifact.ts";
import { ArtifactError } from "../../format/errors.ts";
import { finishHits } from "../finish.ts";
import { distanceOfItems, exactScan, itemDecoder, keptForRescoring, vectorOfItem } from "../flat.ts";
import { type PreparedQuery, prepareQuery } from "../query.ts";
import { defaultSearchK } from "../search-k.ts";
import { itemAt, openSlots, slotOf } from "../slots.ts";
import { TopScores } from "../top.ts";
import type { Forest, ForestSearchOptions, Neighbours, ReadRange } from "../types.ts";
import { openVectors, type VectorStore } from "../vectors.ts";
import { openColdTier } from "./cold.ts";
import { sketchDecoder } from "./decode.ts";
import { openNodes } from "./nodes.ts";
import { openSketches } from "./sketches.ts";
import { type Candidates, Walk } from "./walk.ts";

const BLOCK = 512;
const BINS = 1024;
/** At least this many candidates, and two for each neighbour wanted, are scored by the full code. */
const LEAST_SCORED = 32;
/** Rows of the rescoring tier that are read for k neighbours when sketches are all that is resident. */
const COLD_ROWS = 48;
const COLD_ROWS_PER_NEIGHBOUR = 8;

function coldRows(k: number): number {
  return COLD_ROWS + COLD_ROWS_PER_NEIGHBOUR * k;
}

/**
 * Opens our own forest. A search walks the nodes best first, estimates every candidate from its sketch, scores the
 * best by the full vector code, and measures the distances of the last few with the finest vectors at hand.
 *
 * @throws ArtifactError when sections are missing, of the wrong length or inconsistent
 */
export function openCompact(artifact: Artifact): Forest {
  const { metric, dimensions, nItems, nSlots, nTrees } = artifact.header;
  const vectors = openVectors(artifact, "vectors");
  const finer = openVectors(artifact, "rescore");
  const slots = openSlots(artifact);
  const nodes = openNodes(artifact);
  const sketches = openSketches(artifact);
  const translation = sectionBytes(artifact, "translation")
    ? requireView(artifact, "translation", Float32Array, dimensions)
    : undefined;
  const scorer = vectors ?? finer;
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
  const block = new Uint32Array(BLOCK);
  const scores = new Float32Array(BLOCK);

  function search(query: Float32Array, options: ForestSearchOptions): Neighbours {
    const { k, accept } = options;
    const searchK = searchKOf(options);
    const kept = keptForRescoring(k, finer !== undefined && vectors !== undefined);
    if (scorer && accept && scanIsCheaper(options, searchK)) {
      const { top, scored } = exactScan(scorer, slots, prepare(query), kept, accept, options.acceptBits);
      return { ...finishHits(metric, query, top.sorted(), k, decode), candidates: scored, scored };
    }
    const { found, prepared, walked } = walkFor(query, searchK, accept);
    const top = new TopScores(Math.min(kept, found.count));
    if (!sketches || !scorer) {
      keepAll(found, top);
      const scored = sketches ? 0 : found.count;
      return { ...finishHits(metric, query, top.sorted(), k, decode), candidates: found.count, scored };
    }
    const threshold = vectors
      ? thresholdFor(found, k, sketches.margin * lengthOf(walked), Math.max(LEAST_SCORED, 2 * k))
      : thresholdFor(found, coldRows(k), 0, 0);
    const scored = scoreBest(found, prepared, scorer, threshold, top);
    return { ...finishHits(metric, query, top.sorted(), k, decode), candidates: found.count, scored };
  }

  async function searchCold(
    query: Float32Array,
    options: ForestSearchOptions,
    read: ReadRange,
  ): Promise<Neighbours> {
    const { k, accept } = options;
    const { found } = walkFor(query, searchKOf(options), accept);
    const threshold = thresholdFor(found, coldRows(k), 0, 0);
    // Copied before anything is awaited: the next search overwrites what this walk found.
    const best = found.slots.slice(0, found.count).filter((_, i) => found.scores[i]! >= threshold);
    const candidates = found.count;
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
    read: ReadRange,
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

  function prepare(query: Float32Array): PreparedQuery {
    return prepareQuery(metric, metric === "angular" ? unit(query) : query);
  }

  function walkFor(query: Float32Array, searchK: number, accept: ForestSearchOptions["accept"]) {
    walk ??= new Walk(nodes, slots, sketches, scorer, dimensions, nTrees);
    const prepared = prepare(query);
    const walked = translation ? query.map((x, i) => x - translation[i]!) : prepared.vector;
    return { found: walk.run(prepared, walked, searchK, accept), prepared, walked };
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

  /** Scores the candidates with the best estimates by the full code. */
  function scoreBest(
    found: Candidates,
    query: PreparedQuery,
    store: VectorStore,
    threshold: number,
    top: TopScores,
  ): number {
    let scored = 0;
    let n = 0;
    for (let i = 0; i <= found.count; i++) {
      if (n === BLOCK || (i === found.count && n > 0)) {
        store.score(query, block, n, scores);
        for (let j = 0; j < n; j++) top.push(scores[j]!, itemAt(slots, block[j]!));
        scored += n;
        n = 0;
      }
      if (i < found.count && found.scores[i]! >= threshold) block[n++] = found.slots[i]!;
    }
    return scored;
  }

  /** Without a second code the walk's own scores decide. */
  function keepAll(found: Candidates, top: TopScores): void {
    for (let i = 0; i < found.count; i++) top.push(found.scores[i]!, itemAt(slots, found.slots[i]!));
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

const bins = new Uint32Array(BINS);

/**
 * The score from which on candidates deserve the full code: `margin` below the k-th best estimate, but low enough for
 * `least` of them. From a histogram, O(candidates).
 */
function thresholdFor(found: Candidates, k: number, margin: number, least: number): number {
  const { scores, count } = found;
  if (count <= Math.max(k, least)) return Number.NEGATIVE_INFINITY;
  let lowest = scores[0]!;
  let highest = lowest;
  for (let i = 1; i < count; i++) {
    const score = scores[i]!;
    if (score < lowest) lowest = score;
    else if (score > highest) highest = score;
  }
  const width = (highest - lowest) / BINS;
  if (!(width > 0)) return Number.NEGATIVE_INFINITY;
  bins.fill(0);
  for (let i = 0; i < count; i++) {
    const bin = ((scores[i]! - lowest) / width) | 0;
    bins[bin < BINS ? bin : BINS - 1]!++;
  }
  let above = 0;
  let bin = BINS;
  while (bin > 0 && above < k) above += bins[--bin]!;
  const wanted = lowest + bin * width - margin;
  while (bin > 0 && above < least) above += bins[--bin]!;
  return Math.min(wanted, lowest + bin * width);
}

function lengthOf(vector: Float32Array): number {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += vector[i]! * vector[i]!;
  return Math.sqrt(squares);
}

/** The query at unit length, so that angular scores are cosines; a zero vector stays one. */
function unit(query: Float32Array): Float32Array {
  let squares = 0;
  for (let i = 0; i < query.length; i++) squares += query[i]! * query[i]!;
  if (!(squares > 0)) return query;
  const scale = 1 / Math.sqrt(squares);
  return query.map((x) => x * scale);
}
