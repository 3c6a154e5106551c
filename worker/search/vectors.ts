import { distanceBetween } from "../forest/metrics.ts";
import type { ForestSearchOptions, Neighbours, ReadRange } from "../forest/types.ts";
import { AnnoyEdgeError } from "../format/errors.ts";
import type { LoadedIndex } from "./types.ts";

/** Nearest items, by the finest vectors of the file, wherever they lie. */
export function nearestItems(
  index: LoadedIndex,
  query: Float32Array,
  options: ForestSearchOptions,
): Neighbours | Promise<Neighbours> {
  const { forest, readRange } = index;
  if (!forest.searchCold || !readRange) return forest.search(query, options);
  return forest.searchCold(query, options, guarded(index.name, readRange));
}

/** The stored vectors of items, by the finest of the file; undefined for holes and numbers out of range. */
export async function vectorsOf(
  index: LoadedIndex,
  items: readonly number[],
): Promise<(Float32Array | undefined)[]> {
  const { forest, readRange, session } = index;
  if (session) {
    const known = await session.details(items, { vectors: true });
    return items.map((item) => known.get(item)?.vector);
  }
  if (!forest.vectorsCold || !readRange) return items.map((item) => forest.vector(item));
  return items.length === 0 ? [] : forest.vectorsCold(items, guarded(index.name, readRange));
}

/** Annoy's distance of two items; undefined when either is not there. */
export async function distanceOf(index: LoadedIndex, i: number, j: number): Promise<number | undefined> {
  const { vectorsCold } = index.forest;
  if (!index.session && (!vectorsCold || !index.readRange)) return index.forest.distance(i, j);
  const [a, b] = await vectorsOf(index, [i, j]);
  return a && b && distanceBetween(index.forest.metric, a, b);
}

/** A failing read as an error that says what to do; one of ours stays as it is. */
function guarded(name: string, read: ReadRange): ReadRange {
  return async (offset, length) => {
    try {
      return await read(offset, length);
    } catch (cause) {
      if (cause instanceof AnnoyEdgeError) throw cause;
      const message = `The vectors of index "${name}" cannot be read at the moment. Try again.`;
      throw new AnnoyEdgeError("VECTORS_UNAVAILABLE", message, { cause });
    }
  };
}
