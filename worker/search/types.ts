import type { Docstore } from "../docstore/types.ts";
import type { Embedder } from "../embedding/types.ts";
import type { Forest } from "../forest/types.ts";
import type { Metric } from "../format/constants.ts";
import type { IdTable } from "../format/ids.ts";
import type { Document, Manifest } from "../format/meta.ts";

/** One version of an index, whole: everything an answer needs comes from here and nowhere else. */
export interface LoadedIndex {
  readonly name: string;
  readonly version: string;
  readonly manifest: Manifest;
  readonly forest: Forest;
  readonly ids: IdTable;
  readonly docstore: Docstore;
  /** Absent when the index holds vectors only. */
  readonly embedder?: Embedder;
}

export type SearchMode = "vector" | "keyword" | "hybrid";
export type Include = "document" | "vector" | "highlights";

/** A search with its fields checked; exactly one of query, vector, item and id is there. */
export interface SearchRequest {
  readonly query?: string;
  readonly vector?: readonly number[];
  readonly item?: number;
  readonly id?: string;
  readonly k: number;
  /** -1: the certified default. */
  readonly searchK: number;
  readonly filter?: unknown;
  readonly mmr?: { readonly fetchK: number; readonly lambda: number };
  readonly mode?: SearchMode;
  readonly include: readonly Include[];
}

export interface Hit {
  readonly item: number;
  readonly id: string;
  /** Annoy's distance: angular sqrt(2 - 2 cos), dot the inner product. */
  readonly distance: number;
  /** In 0..1, larger is better. */
  readonly score: number;
  readonly document?: Document;
  readonly vector?: readonly number[];
}

export interface SearchResponse {
  readonly index: string;
  readonly version: string;
  readonly metric: Metric;
  readonly hits: readonly Hit[];
}
