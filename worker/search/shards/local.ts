import { findSection, requireView } from "../../format/artifact.ts";
import { ArtifactError } from "../../format/errors.ts";
import { idOfItem, itemOfId } from "../../format/ids.ts";
import { rankSides } from "../sides.ts";
import type { LoadedIndex } from "../types.ts";
import { vectorsOf } from "../vectors.ts";
import type { ItemDetails, Shard, ShardRanking } from "./types.ts";

/** How a shard's own item numbers and those of the whole index lead to each other. */
interface Numbering {
  readonly outer: (item: number) => number;
  /** Undefined for an item of another shard. */
  readonly inner: (item: number) => number | undefined;
}

/**
 * A shard over an index in memory. Opening checks its numbers, O(items).
 *
 * @throws ArtifactError `CORRUPT_IDS` when section `shardItems` does not ascend
 */
export function openShard(index: LoadedIndex): Shard {
  const { outer, inner } = numberingOf(index);
  const outward = <T extends { readonly items: readonly number[] }>(side: T): T => ({
    ...side,
    items: side.items.map(outer),
  });
  return {
    async rank(query): Promise<ShardRanking> {
      const { vectors, words, ...rest } = await rankSides(index, query, {});
      return {
        ...(vectors && { vectors: outward(vectors) }),
        ...(words && { words: outward(words) }),
        ...rest,
      };
    },
    async details({ items, documents, vectors }): Promise<ItemDetails[]> {
      const own = items.map(inner).filter((item) => item !== undefined);
      const [stored, found] = await Promise.all([
        documents ? index.docstore.getItems(own) : [],
        vectors ? vectorsOf(index, own) : [],
      ]);
      return own.flatMap((item, i) => {
        const id = idOfItem(index.ids, item);
        const document = stored[i];
        const vector = found[i];
        if (id === undefined && document === undefined && !index.forest.vector(item)) return [];
        return {
          item: outer(item),
          id: id ?? String(outer(item)),
          ...(document && { pageContent: document.pageContent, metadata: document.metadata }),
          ...(vector && { vector }),
        };
      });
    },
    async locate(wanted) {
      const item = "id" in wanted ? itemOfId(index.ids, wanted.id) : inner(wanted.item);
      if (item === undefined) return undefined;
      const [vector] = await vectorsOf(index, [item]);
      if (!vector && !("id" in wanted)) return undefined;
      return { item: outer(item), ...(vector && { vector }) };
    },
  };
}

function numberingOf({ forest }: LoadedIndex): Numbering {
  const { artifact, nItems } = forest;
  if (!findSection(artifact, "shardItems")) {
    return { outer: (item) => item, inner: (item) => (item < nItems ? item : undefined) };
  }
  const numbers = requireView(artifact, "shardItems", Uint32Array, nItems);
  for (let i = 1; i < nItems; i++) {
    if (numbers[i]! <= numbers[i - 1]!) {
      throw new ArtifactError("CORRUPT_IDS", `Section shardItems does not ascend at item ${i}.`);
    }
  }
  return {
    outer: (item) => numbers[item] ?? item,
    inner: (item) => {
      let low = 0;
      let high = nItems;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (numbers[middle]! < item) low = middle + 1;
        else high = middle;
      }
      return numbers[low] === item ? low : undefined;
    },
  };
}
