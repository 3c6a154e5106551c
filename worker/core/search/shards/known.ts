import type { PlacedDocument, ReadPlaced } from "../docstore.ts";
import type { DetailsRequest, ItemDetails } from "./types.ts";

/** What a request has heard of an item. */
export type KnownItem = ItemDetails & { readonly id: string };

export type Parts = Pick<DetailsRequest, "documents" | "vectors">;

/** What one request has heard of items from the shards, by the whole index's numbers. */
export interface KnownItems {
  readonly known: ReadonlyMap<number, KnownItem>;
  /** The shard that an item was heard of from. */
  homeOf(item: number): number | undefined;
  found(items: readonly number[], shard: number): void;
  /** @param firstItem is added to the shard's own numbers */
  learn(details: readonly ItemDetails[], shard: number, firstItem: number): void;
  /** Whether all of this is known of an item. */
  has(item: number, parts: Parts): boolean;
  /** Reads documents that are wanted and whose places are known. What cannot be read is left to the shards. */
  readPlaced(wants: readonly DetailsRequest[]): Promise<void>;
  /** What is not known yet, by the shard to ask: an item's own where it is known, else all. */
  missingOf(wants: readonly DetailsRequest[], everyone: readonly number[]): Map<number, DetailsRequest[]>;
}

export function createKnownItems(read: ReadPlaced | undefined): KnownItems {
  const homes = new Map<number, number>();
  const known = new Map<number, KnownItem>();
  /** Ids as they are stored: an item without one is told by its number. */
  const storedIds = new Map<number, string>();
  const has = (item: number, { documents, vectors }: Parts): boolean => {
    const one = known.get(item);
    if (!one) return false;
    return (
      (!documents || one.pageContent !== undefined || one.place === null) &&
      (!vectors || one.vector !== undefined)
    );
  };
  return {
    known,
    has,
    homeOf: (item) => homes.get(item),
    found(items, shard) {
      for (const item of items) homes.set(item, shard);
    },
    learn(details, shard, firstItem) {
      for (const one of details) {
        const item = one.item + firstItem;
        if (one.id !== undefined) storedIds.set(item, one.id);
        known.set(item, { ...known.get(item), ...one, item, id: one.id ?? String(item) });
        homes.set(item, shard);
      }
    },
    async readPlaced(wants) {
      if (!read) return;
      const wanted = new Map<number, PlacedDocument>();
      for (const { items, documents } of wants) {
        if (!documents) continue;
        for (const item of items) {
          const one = known.get(item);
          if (!one?.place || one.pageContent !== undefined) continue;
          wanted.set(item, { item, id: storedIds.get(item), place: one.place });
        }
      }
      if (wanted.size === 0) return;
      const placed = [...wanted.values()];
      try {
        for (const [i, { pageContent, metadata }] of (await read(placed)).entries()) {
          const { item } = placed[i]!;
          known.set(item, { ...known.get(item)!, pageContent, metadata: metadata ?? {} });
        }
      } catch (error) {
        // The shards may have these pages in memory; if not, what is missing is told as theirs.
        console.error(error);
      }
    },
    missingOf(wants, everyone) {
      const unknown = new Map<number, Parts>();
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

function either(one: Parts, other: Parts | undefined): Parts {
  return {
    documents: one.documents || other?.documents === true,
    vectors: one.vectors || other?.vectors === true,
  };
}
