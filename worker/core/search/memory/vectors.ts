import type { CompiledFilter } from "../../columns/compile.ts";
import { distanceBetween, scoreOf } from "../../forest/metrics.ts";
import type { Accept, ReadRanges } from "../../forest/types.ts";
import { AnnoyEdgeError, ArtifactError } from "../../format/errors.ts";
import { isRefusal } from "../../format/search-error.ts";
import type { Work } from "../../format/work.ts";
import { createItemNumbers } from "../item-numbers.ts";
import type { LoadedIndex } from "../loaded-index.ts";
import type { Query } from "../query.ts";
import type { Ranking, RankOptions } from "../ranking.ts";
import type { Exactness } from "../searcher.ts";
import type { PartOptions } from "./conditions.ts";

/**
 * Reads from the cold part of the file; when that fails, takes what is resident. With codec binary that is about 70% of the true
 * neighbours (docs/bench) instead of none.
 */
async function orEstimate<T>(read: () => Promise<T>, estimate: () => T, exactness: Exactness): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (isRefusal(error)) throw error;
    console.error(error);
    exactness.estimated = true;
    return estimate();
  }
}

/** As {@link vectorsOf}; when they cannot be read, estimates from what is resident. */
export async function vectorsOrEstimates(
  index: LoadedIndex,
  items: readonly number[],
  exactness: Exactness,
): Promise<(Float32Array | undefined)[]> {
  const { forest } = index;
  const read = () => vectorsOf(index, items);
  return forest.vectorsRescored
    ? orEstimate(read, () => items.map((item) => forest.vector(item)), exactness)
    : read();
}

/** The stored vectors of items, by the finest of the file; undefined for holes and numbers out of range. */
export async function vectorsOf(
  index: LoadedIndex,
  items: readonly number[],
): Promise<(Float32Array | undefined)[]> {
  const { forest, readRanges } = index;
  if (!forest.vectorsRescored || !readRanges) return items.map((item) => forest.vector(item));
  return items.length === 0 ? [] : forest.vectorsRescored(items, guarded(index.name, readRanges));
}

/** Annoy's distance of two items; undefined when either is not there. */
export async function distanceOf(index: LoadedIndex, i: number, j: number): Promise<number | undefined> {
  const { vectorsRescored } = index.forest;
  if (!vectorsRescored || !index.readRanges) return index.forest.distance(i, j);
  const [a, b] = await vectorsOf(index, [i, j]);
  return a && b && distanceBetween(index.forest.metric, a, b);
}

/** A failing read as an error that says what to do; refusals, and what says that the file is damaged, stay as they are. */
function guarded(name: string, read: ReadRanges): ReadRanges {
  return async (ranges) => {
    try {
      return await read(ranges);
    } catch (cause) {
      if (isRefusal(cause) || cause instanceof ArtifactError) throw cause;
      const message = `The vectors of index "${name}" cannot be read at the moment. Try again.`;
      throw new AnnoyEdgeError("VECTORS_UNAVAILABLE", message, { cause });
    }
  };
}

/** Conditions on the items that a vector may find, and the count of the work. */
interface Among {
  readonly accept: Accept | undefined;
  readonly filter: CompiledFilter | undefined;
  readonly work: Work | undefined;
}

/** The nearest items of a query's vector by the finest vectors of the file, wherever they lie, with their scores. */
export async function nearestTo(
  { forest, readRanges }: LoadedIndex,
  { vector, searchK }: Query & { readonly vector: Float32Array },
  { k, effort = 1, last }: PartOptions,
  { accept, filter, work }: Among,
  exactness: Exactness,
): Promise<Ranking> {
  const { metric, dimensions, searchRescored } = forest;
  const wanted = {
    k,
    searchK: searchK === -1 && effort !== 1 ? Math.ceil(forest.defaultSearchK(k) * effort) : searchK,
    work,
    ...(accept && { accept }),
    ...(filter && { acceptFraction: filter.fraction, acceptBits: filter.bits }),
    acceptsMost: filter !== undefined && accept === filter.accept && filter.fraction >= MOST,
    bound: last?.distance,
  };
  const resident = () => forest.search(vector, wanted);
  const { items, distances } =
    searchRescored && readRanges
      ? await orEstimate(() => searchRescored(vector, wanted, readRanges), resident, exactness)
      : resident();
  return { items, distances, scores: distances.map((distance) => scoreOf(metric, distance, dimensions)) };
}

/** Share of passing items from which the filter is asked only about the best candidates, which costs less. */
export const MOST = 0.85;

/** Distances of what the words have found, by what is resident unless the stored vectors are asked for. */
export async function wordDistances(
  index: LoadedIndex,
  vector: Float32Array,
  { words, vectors }: { readonly words: Ranking; readonly vectors: Ranking | undefined },
  { exactDistances }: RankOptions,
  exactness: Exactness,
): Promise<readonly number[]> {
  if (exactDistances) return distancesTo(index, vector, words.items, exactness);
  const { distanceFrom } = index.forest;
  const known = createItemNumbers(vectors?.items.length ?? 0);
  vectors?.items.forEach((item, i) => {
    known.set(item, vectors.distances![i]!);
  });
  return words.items.map((item) => known.get(item) ?? distanceFrom(vector, item) ?? Number.NaN);
}

/** Distances of a vector from stored ones; NaN where an item has none. */
export async function distancesTo(
  index: LoadedIndex,
  query: Float32Array,
  items: readonly number[],
  exactness: Exactness,
): Promise<number[]> {
  const { metric } = index.forest;
  const vectors = await vectorsOrEstimates(index, items, exactness);
  return vectors.map((vector) => (vector ? distanceBetween(metric, query, vector) : Number.NaN));
}
