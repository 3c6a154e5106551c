import type * as z from "zod/mini";
import type { Docstore } from "../docstore/types.ts";
import type { Embedder } from "../embedding/types.ts";
import type { Forest, ReadRange } from "../forest/types.ts";
import type { IdTable } from "../format/ids.ts";
import type { Manifest } from "../format/meta.ts";
import type { Columns } from "./filter/columns.ts";
import type { KeywordIndex } from "./keyword/open.ts";
import type {
  batchRequestSchema,
  batchResponseSchema,
  facetCountsSchema,
  highlightSchema,
  hitSchema,
  searchRequestSchema,
  searchResponseSchema,
  warningSchema,
} from "./schema.ts";

/** One version of an index, whole: everything an answer needs comes from here and nowhere else. */
export interface LoadedIndex {
  readonly name: string;
  readonly version: string;
  readonly manifest: Manifest;
  readonly forest: Forest;
  readonly ids: IdTable;
  readonly docstore: Docstore;
  /** Reads the cold part of forest.bin, where an answer needs it. */
  readonly readRange?: ReadRange;
  /** Absent when the index holds vectors only. */
  readonly embedder?: Embedder;
  /** Absent when the index was built without one. */
  readonly keyword?: KeywordIndex;
  /** Filterable fields; absent when there are none. */
  readonly columns?: Columns;
}

/** A search as a caller writes it: defaults may be left out. */
export type SearchInput = z.input<typeof searchRequestSchema>;
/** A search with its fields checked and its defaults filled in; exactly one of query, vector, item and id is there. */
export type SearchRequest = z.output<typeof searchRequestSchema>;
export type SearchResponse = z.output<typeof searchResponseSchema>;
export type SearchWarning = z.output<typeof warningSchema>;
export type BatchInput = z.input<typeof batchRequestSchema>;
export type BatchResponse = z.output<typeof batchResponseSchema>;
export type Hit = z.output<typeof hitSchema>;
export type Highlight = z.output<typeof highlightSchema>;
export type FacetCounts = z.output<typeof facetCountsSchema>;
export type SearchMode = NonNullable<SearchRequest["mode"]>;
export type Include = SearchRequest["include"][number];
