import { idOfItem, itemOfId } from "../../format/ids.ts";
import { DOCUMENT_NS } from "../docstore.ts";
import type { LoadedIndex } from "../loaded-index.ts";
import type { Searcher, SearchOptions } from "../searcher.ts";
import { passing } from "./conditions.ts";
import { type PreparedSearches, rankInMemory } from "./rank.ts";
import { distanceOf, distancesTo, vectorsOf, vectorsOrEstimates } from "./vectors.ts";

/** Makes the searcher of an index whose items are in memory. */
export function createMemorySearcher(index: LoadedIndex, options: SearchOptions): Searcher {
  const { docstore, ids } = index;
  const { work } = options;
  const prepared: PreparedSearches = new Map();
  return {
    index,
    options,
    rank: (query, k) => rankInMemory(index, query, { k }, options, prepared),
    async documents(items) {
      work?.spend("answer", items.length * DOCUMENT_NS);
      return docstore.getItems(items, work);
    },
    ids: async (items) => items.map((item) => idOfItem(ids, item) ?? String(item)),
    vectors: (items, exactness) =>
      exactness ? vectorsOrEstimates(index, items, exactness) : vectorsOf(index, items),
    distances: (vector, { items }, exactness) => distancesTo(index, vector, items, exactness),
    distance: (i, j) => distanceOf(index, i, j),
    itemOf: async (id) => itemOfId(ids, id),
    vectorOf: async (item) => (await vectorsOf(index, [item]))[0],
    passes: async (items, filter) => passing(index, items, filter, undefined, work),
  };
}
