import type * as z from "zod/mini";
import type { Columns } from "../columns/columns.ts";
import type { Embedder } from "../embedding/types.ts";
import type { Forest, ReadRanges } from "../forest/types.ts";
import type { IdTable } from "../format/ids.ts";
import type { Manifest } from "../format/meta.ts";
import type { KeywordIndex } from "../keyword/open.ts";
import type { Docstore } from "./docstore.ts";
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
import type { ShardSession } from "./shards/session.ts";
import type { ShardSet } from "./shards/types.ts";

/** One version of an index, whole: everything an answer needs comes from here and nowhere else. */
export interface LoadedIndex {
  readonly name: string;
  readonly version: string;
  readonly manifest: Manifest;
  readonly forest: Forest;
  readonly ids: IdTable;
  readonly docstore: Docstore;
  /** Reads the cold part of forest.bin, where an answer needs it. */
  readonly readRanges?: ReadRanges;
  /** Absent when the index holds vectors only. */
  readonly embedder?: Embedder;
  /** Absent when the index was built without one. */
  readonly keyword?: KeywordIndex;
  /** Filterable fields; absent when there are none. */
  readonly columns?: Columns;
  /**
   * Where the items are, in an index that is cut into shards. The forest then holds the centroids that lead to them; ids,
   * documents, keywords and columns are the shards'.
   */
  readonly shards?: ShardSet;
  /** One request's conversation with the shards (`forRequest`). */
  readonly session?: ShardSession;
}

/** Whether words can be searched for. */
export function hasKeywords({ shards, keyword, manifest }: LoadedIndex): boolean {
  return shards ? manifest.keyword !== undefined : keyword !== undefined;
}

/** Whether there are fields to filter by. */
export function hasColumns({ shards, columns, manifest }: LoadedIndex): boolean {
  return shards ? (manifest.columns ?? []).length > 0 : columns !== undefined;
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
