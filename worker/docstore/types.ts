import type { StoredDocument } from "../format/meta.ts";

/** Where an index keeps its documents: pages in KV behind the Worker, a file in Node. */
export interface Docstore {
  /** The documents of these items, in order; undefined where an item has none. One round trip whatever the number. */
  getItems(items: readonly number[]): Promise<(StoredDocument | undefined)[]>;
}
