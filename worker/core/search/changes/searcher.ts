import { distanceBetween } from "../../forest/metrics.ts";
import { createMemorySearcher } from "../memory/searcher.ts";
import type { Searcher, SearchOptions } from "../searcher.ts";
import { type ChangedIndex, rankChanged } from "./rank.ts";

/** Makes the searcher of a base with changes: the base's items keep their numbers, those of the changes follow. */
export function createChangedSearcher(index: ChangedIndex, options: SearchOptions): Searcher {
  const { changes } = index;
  const { nItems: first } = changes.base.forest;
  const base = createMemorySearcher(changes.base, options);
  const added = createMemorySearcher(changes.added, options);
  const isBase = (item: number) => item < first;
  const isThere = (item: number) => !isBase(item) || (item >= 0 && changes.kept.accept(item));
  const partOf = (item: number) => (isBase(item) ? base : added);
  const inside = (item: number) => (isBase(item) ? item : item - first);

  /** Reads of each part what it has; `none` for items that are gone. */
  const spread = async <T>(
    items: readonly number[],
    read: (part: Searcher, items: readonly number[], places: readonly number[]) => Promise<readonly T[]>,
    none: (item: number) => T,
  ): Promise<T[]> => {
    const values = items.map(none);
    const readOf = async (part: Searcher, places: readonly number[]) => {
      const own = places.map((i) => inside(items[i]!));
      const found = await read(part, own, places);
      for (const [i, place] of places.entries()) values[place] = found[i]!;
    };
    const places = [...items.keys()].filter((i) => isThere(items[i]!));
    const ofBase = places.filter((i) => isBase(items[i]!));
    const ofAdded = ofBase.length < places.length ? places.filter((i) => !isBase(items[i]!)) : [];
    const reads = [];
    if (ofBase.length > 0) reads.push(readOf(base, ofBase));
    if (ofAdded.length > 0) reads.push(readOf(added, ofAdded));
    await (reads.length > 1 ? Promise.all(reads) : reads[0]);
    return values;
  };
  const nothing = () => undefined;
  const vectors: Searcher["vectors"] = (items, exactness) =>
    spread<Float32Array | undefined>(items, (part, own) => part.vectors(own, exactness), nothing);

  return {
    index,
    options,
    rank: (query, k) => rankChanged(index, query, { k }, options),
    documents: (items) => spread(items, (part, own) => part.documents(own), nothing),
    // Every document of the changes has an id, so none is shown the number that it has among them.
    ids: (items) => spread(items, (part, own) => part.ids(own), String),
    vectors,
    distances: (vector, ranked, exactness) =>
      spread(
        ranked.items,
        (part, own, places) =>
          part.distances(vector, { items: own, scores: places.map((i) => ranked.scores[i]!) }, exactness),
        () => Number.NaN,
      ),
    async distance(i, j) {
      if (!isThere(i) || !isThere(j)) return undefined;
      if (isBase(i) === isBase(j)) return partOf(i).distance(inside(i), inside(j));
      const [a, b] = await vectors([i, j]);
      return a && b && distanceBetween(changes.base.forest.metric, a, b);
    },
    async itemOf(id) {
      const own = await added.itemOf(id);
      if (own !== undefined) return own + first;
      const item = await base.itemOf(id);
      return item !== undefined && isThere(item) ? item : undefined;
    },
    vectorOf: async (item) => (isThere(item) ? partOf(item).vectorOf(inside(item)) : undefined),
    passes: (items, filter) =>
      spread(
        items,
        (part, own) => part.passes(own, filter),
        () => false,
      ),
  };
}
