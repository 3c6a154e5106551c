import type { StoredDocument } from "../../core/format/meta.ts";
import { NO_DOCUMENT, type Placement, pageOf, slotOf } from "../../core/format/placement.ts";
import type { Docstore, DocumentPlace, PlacedDocument } from "../../core/search/docstore.ts";
import { createPlacedReader, type PageOptions } from "./pages.ts";

export interface KvDocstoreOptions extends PageOptions {
  readonly placement: Placement;
  /** The docstore id of an item, held against the document found: a wrong document is never returned. */
  readonly idOf?: (item: number) => string | undefined;
}

/**
 * The docstore over KV pages: a placement says where items' documents lie.
 *
 * `getItems` throws what {@link createPlacedReader}'s reader throws.
 */
export function openKvDocstore({ placement, idOf, ...options }: KvDocstoreOptions): Required<Docstore> {
  const read = createPlacedReader(options);
  const placeOf = (item: number): DocumentPlace | undefined => {
    const entry = placement.entries[item] ?? NO_DOCUMENT;
    const page = entry === NO_DOCUMENT ? undefined : placement.pages[pageOf(entry)];
    if (!page) return undefined;
    const { hash, bytes, pack, packOffset } = page;
    return { page: hash, bytes, slot: slotOf(entry), pack: placement.packs[pack] ?? "", packOffset };
  };
  return {
    placeOf,
    async getItems(items, work) {
      const documents = new Array<StoredDocument | undefined>(items.length).fill(undefined);
      const wanted: PlacedDocument[] = [];
      const positions: number[] = [];
      for (const [i, item] of items.entries()) {
        const place = placeOf(item);
        if (!place) continue;
        wanted.push({ item, id: idOf?.(item), place });
        positions.push(i);
      }
      for (const [i, document] of (await read(wanted, work)).entries()) documents[positions[i]!] = document;
      return documents;
    },
  };
}
