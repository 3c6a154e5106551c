import { isRefusal } from "../../format/search-error.ts";
import type { ItemParts, PlacedDocument, ReadPlaced } from "../docstore.ts";
import type { DetailsRequest, ItemDetails } from "./types.ts";

/** Details of an item that have reached this request. */
export type CachedItem = ItemDetails & { readonly id: string };

/** Details of items that one request has received from the shards, by the whole index's numbers. */
export interface ItemCache {
  readonly items: ReadonlyMap<number, CachedItem>;
  /** The shard that holds an item, once that is cached. */
  homeOf(item: number): number | undefined;
  /** Notes which shard holds these items. */
  setHome(items: readonly number[], shard: number): void;
  /** @param firstItem is added to the shard's own numbers */
  add(details: readonly ItemDetails[], shard: number, firstItem: number): void;
  /** Whether all of this is cached of an item. */
  has(item: number, parts: ItemParts): boolean;
  /** Reads documents that are wanted and whose places are cached. Those that cannot be read are left to the shards. */
  readPlaced(wants: readonly DetailsRequest[]): Promise<void>;
  /** Requests for what is not cached yet, by the shard to ask: an item's own where it is known, else all. */
  missingOf(wants: readonly DetailsRequest[], everyone: readonly number[]): Map<number, DetailsRequest[]>;
}

export function createItemCache(read: ReadPlaced | undefined): ItemCache {
  const homes = new Map<number, number>();
  const cached = new Map<number, CachedItem>();
  /** Ids as they are stored: an item without one is named by its number. */
  const storedIds = new Map<number, string>();
  const has = (item: number, { documents, vectors }: ItemParts): boolean => {
    const one = cached.get(item);
    if (!one) return false;
    return (
      (!documents || one.pageContent !== undefined || one.place === null) &&
      (!vectors || one.vector !== undefined)
    );
  };
  return {
    items: cached,
    has,
    homeOf: (item) => homes.get(item),
    setHome(items, shard) {
      for (const item of items) homes.set(item, shard);
    },
    add(details, shard, firstItem) {
      for (const one of details) {
        const item = one.item + firstItem;
        if (one.id !== undefined) storedIds.set(item, one.id);
        cached.set(item, { ...cached.get(item), ...one, item, id: one.id ?? String(item) });
        homes.set(item, shard);
      }
    },
    async readPlaced(wants) {
      if (!read) return;
      const wanted = new Map<number, PlacedDocument>();
      for (const { items, documents } of wants) {
        if (!documents) continue;
        for (const item of items) {
          const one = cached.get(item);
          if (!one?.place || one.pageContent !== undefined) continue;
          wanted.set(item, { item, id: storedIds.get(item), place: one.place });
        }
      }
      if (wanted.size === 0) return;
      const placed = [...wanted.values()];
      try {
        for (const [i, { pageContent, metadata }] of (await read(placed)).entries()) {
          const { item } = placed[i]!;
          cached.set(item, { ...cached.get(item)!, pageContent, metadata: metadata ?? {} });
        }
      } catch (error) {
        if (isRefusal(error)) throw error;
        // The shards may have these pages in memory; if not, what is missing is reported as theirs.
        console.error(error);
      }
    },
    missingOf(wants, everyone) {
      const unknown = new Map<number, ItemParts>();
      for (const { items, ...what } of wants) {
        for (const item of items) {
          if (!has(item, what)) unknown.set(item, either(what, unknown.get(item)));
        }
      }
      const parts = new Map<number, Map<string, DetailsRequest & { readonly items: number[] }>>();
      for (const [item, what] of unknown) {
        const home = homes.get(item);
        for (const shard of home === undefined ? everyone : [home]) {
          const requests = parts.get(shard) ?? new Map();
          parts.set(shard, requests);
          const kind = JSON.stringify(what);
          const request = requests.get(kind) ?? { ...what, items: [] };
          requests.set(kind, request);
          request.items.push(item);
        }
      }
      return new Map([...parts].map(([shard, requests]) => [shard, [...requests.values()]]));
    },
  };
}

function either(one: ItemParts, other: ItemParts | undefined): ItemParts {
  return {
    documents: one.documents || other?.documents === true,
    vectors: one.vectors || other?.vectors === true,
  };
}
