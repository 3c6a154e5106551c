import type { StoredDocument } from "../format/meta.ts";
import type { Work } from "../format/work.ts";

/** Work of finding a document in its page, in nanoseconds, without that of its bytes. */
export const DOCUMENT_NS = 15_000;

/** Store of an index's documents: pages in KV behind the Worker, a file in Node. */
export interface Docstore {
  /** The documents of these items, in order; undefined where an item has none. One round trip whatever the number. */
  getItems(items: readonly number[], work?: Work): Promise<(StoredDocument | undefined)[]>;
  /** Returns the place of an item's document, for another reader; absent where there is none. */
  placeOf?(item: number): DocumentPlace | undefined;
}

/** Fields wanted of items, besides their ids. */
export interface ItemParts {
  readonly documents: boolean;
  readonly vectors: boolean;
}

/** Place of a published document. Plain data. */
export interface DocumentPlace {
  /** Hash of the page, and its length in bytes. */
  readonly page: string;
  readonly bytes: number;
  /** The document's line in it. */
  readonly slot: number;
  /** Hash of the pack that holds the page's second copy in R2, and where in it. */
  readonly pack: string;
  readonly packOffset: number;
}

/** A document to be read from its place. */
export interface PlacedDocument {
  readonly item: number;
  /** Held against the document found: a wrong one is never returned. */
  readonly id: string | undefined;
  readonly place: DocumentPlace;
}

/**
 * Reads documents from their places, in order. One round trip whatever the number.
 *
 * @throws SearchError `ANSWER_TOO_LARGE` when they are more than one answer may hold
 * @throws AnnoyEdgeError `DOCUMENTS_UNAVAILABLE` when a page cannot be read, `CORRUPT_PAGE` when it holds other bytes
 */
export type ReadPlaced = (wanted: readonly PlacedDocument[], work?: Work) => Promise<StoredDocument[]>;
