/**
 * The HTTP contract as a client sees it, written out so that the client depends on nothing of the Worker's insides.
 * `test/client-types.ts` holds it against the Worker's schemas.
 */
export type Metric = "angular" | "euclidean" | "manhattan" | "hamming" | "dot";
export type SearchMode = "vector" | "keyword" | "hybrid";
/** `browse`: nothing was searched for. */
export type AnswerMode = SearchMode | "browse";
export type Include = "document" | "metadata" | "vector" | "highlights" | "explanation";

/** Field to sort by: `price`, `price:desc`, or with its order beside it. Ascending when left out. */
export type SortKey = string | { readonly field: string; readonly order?: "asc" | "desc" | undefined };

/**
 * A search by at most one of `query`, `vector`, `item` and `id`. Without any, `filter`, `sort`, `groupBy` or `facets` browse what passes
 * the filter.
 */
export interface SearchInput {
  readonly query?: string | undefined;
  readonly vector?: readonly number[] | Float32Array | Float64Array | undefined;
  readonly item?: number | undefined;
  readonly id?: string | undefined;
  /** Names of several indexes to ask at once, by `query` or `vector`. */
  readonly indexes?: readonly string[] | undefined;
  /** Hits wanted, 1 to 1000; 4 when left out. */
  readonly k?: number | undefined;
  /** Candidates to look at; -1, the index's certified default, when left out. */
  readonly searchK?: number | undefined;
  /** Condition on the documents' metadata, such as `{ year: { gte: 2020 }, lang: ["en", "de"] }`. */
  readonly filter?: unknown;
  readonly mmr?: { readonly fetchK?: number | undefined; readonly lambda?: number | undefined } | undefined;
  readonly mode?: SearchMode | undefined;
  /** Balance of words and vectors in mode hybrid, 0 to 1 each; follows from the query when left out. */
  readonly weights?:
    | { readonly keyword?: number | undefined; readonly vector?: number | undefined }
    | undefined;
  /** Orders the first 20 hits, or as many as `first` says, by the reranker that is set up. */
  readonly rerank?: boolean | { readonly first?: number | undefined } | undefined;
  /** Corrects misspelled words and counts the documents that hold the corrected ones. */
  readonly didYouMean?: boolean | undefined;
  /** Search as you type: the last word may be the beginning of one. */
  readonly prefix?: boolean | undefined;
  /** `false` leaves out the synonyms, pinned and hidden documents and boosts of the index. */
  readonly curation?: boolean | undefined;
  readonly include?: readonly Include[] | undefined;
  /** Hits to pass over. Give it for every page, 0 for the first, so that pages agree with each other. */
  readonly offset?: number | undefined;
  /** Hits with a lower score are left out. */
  readonly minScore?: number | undefined;
  /** Fields whose values are counted, over all documents that pass the filter. */
  readonly facets?: readonly string[] | undefined;
  /** `matches`: only documents that hold a word of the query are counted. Default `filter`: all that pass the filter. */
  readonly facetsOf?: "filter" | "matches" | undefined;
  /** Filterable fields to sort by, then by score. Documents without the field come last. */
  readonly sort?: SortKey | readonly SortKey[] | undefined;
  /** Filterable field whose values make groups, of at most `hits` hits (1 when left out). `k` and `offset` then count groups. */
  readonly groupBy?: string | { readonly field: string; readonly hits?: number | undefined } | undefined;
  /** Whether to count the documents that the search finds. */
  readonly total?: boolean | undefined;
}

export interface Document {
  readonly pageContent: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface Hit {
  /** Name of its index, in a search of several. */
  readonly index?: string | undefined;
  readonly item: number;
  readonly id: string;
  /** Annoy's distance. angular: sqrt(2 - 2 cos); dot: the inner product. null when no vectors were compared. */
  readonly distance: number | null;
  /** In 0..1, larger is better. */
  readonly score: number;
  /** Its values of the fields in `sort`; null where it has none. */
  readonly sort?: readonly (string | number | boolean | null)[] | undefined;
  readonly document?: Document | undefined;
  /** The document's metadata without its text. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly vector?: readonly number[] | undefined;
  readonly highlights?: readonly Highlight[] | undefined;
  readonly explanation?: Explanation | undefined;
}

/** Why a hit stands where it does. Ranks count from 1; null beyond those that were ranked. Scores are 0 to 1. */
export interface Explanation {
  /** Words of the query that the document has: its words that count as them, and the fields that have those. */
  readonly words: readonly {
    readonly word: string;
    readonly terms: readonly string[];
    readonly fields: readonly string[];
  }[];
  /** null when the words did not find the hit. */
  readonly keyword: { readonly rank: number | null; readonly score: number; readonly bm25: number } | null;
  /** null when no vector was compared. */
  readonly vector: { readonly rank: number | null; readonly score: number; readonly distance: number } | null;
  /** Mode hybrid: the balance, and whether the request gave it. */
  readonly weights: { readonly keyword: number; readonly vector: number; readonly given: boolean } | null;
  /** Rules that moved the hit. */
  readonly rules: readonly {
    readonly rule: "rareWord" | "diversity" | "synonym" | "boost" | "pinned" | "reranked" | "language";
    readonly message: string;
  }[];
}

/** The passage of a document that matched, as plain text, and what matched in it (UTF-16 code units, end not included). */
export interface Highlight {
  readonly field: "pageContent";
  readonly text: string;
  /** Start of the passage in the document. */
  readonly offset: number;
  readonly ranges: readonly { readonly start: number; readonly end: number }[];
}

/** Counts of documents by field and value; most frequent first. */
export type FacetCounts = Readonly<
  Record<string, readonly { readonly value: string | number | boolean; readonly count: number }[]>
>;

export interface Versioned {
  readonly index: string;
  readonly version: string;
}

export interface SearchResult {
  /** Mode that found the hits. */
  readonly mode: AnswerMode;
  /** Best first; with `sort`, in its order; with `groupBy`, group by group. */
  readonly hits: readonly Hit[];
  /** The groups of the hits, in their order: each has so many of `hits`, behind those of the groups before. */
  readonly groups?:
    | readonly {
        readonly index?: string | undefined;
        readonly value: string | number | boolean | null;
        readonly hits: number;
      }[]
    | undefined;
  /** Documents that the search finds, and groups of them; an estimate where vectors are compared. */
  readonly total?:
    | {
        readonly value: number;
        readonly relation: "exact" | "estimate";
        readonly groups?: number | undefined;
      }
    | undefined;
  readonly facets?: FacetCounts | undefined;
  /** With `didYouMean`, where a word of the query is in no document: the text with corrected words. */
  readonly didYouMean?:
    | {
        readonly query: string;
        /** Documents that pass the filter and hold a corrected word. */
        readonly documents: number;
        readonly words: readonly { readonly word: string; readonly correction: string }[];
      }
    | undefined;
  /** Some shards did not answer: what they hold is missing. */
  readonly partial?: true | undefined;
  readonly warnings?: readonly { readonly code: string; readonly message: string }[] | undefined;
}

export interface SearchResponse extends Versioned, SearchResult {
  readonly metric: Metric;
  /** Version of each index that a search of several has answered from. */
  readonly indexes?:
    | readonly {
        readonly index: string;
        readonly version: string;
        readonly metric: Metric;
        readonly mode: AnswerMode;
      }[]
    | undefined;
}

/** A query that completes a text: a title as a document has it, or words that documents have. */
export interface Suggestion {
  readonly text: string;
  readonly kind: "title" | "phrase";
  /** Docstore id of a document with the title. */
  readonly id?: string | undefined;
  /** Documents that hold the phrase. */
  readonly documents?: number | undefined;
}

export interface SuggestOptions {
  /** Suggestions wanted, 1 to 20; 5 when left out. */
  readonly k?: number | undefined;
}

export interface SuggestResponse extends Versioned {
  /** Best first. */
  readonly suggestions: readonly Suggestion[];
}

export interface BatchResponse extends Versioned {
  readonly metric: Metric;
  /** One a search, in order: its hits, or why there are none. */
  readonly results: readonly (
    | SearchResult
    | { readonly error: { readonly code: string; readonly message: string } }
  )[];
}

export interface DocumentResponse extends Versioned, Document {
  readonly item: number;
  readonly id: string;
}

export interface ItemResponse extends Versioned {
  readonly item: number;
  readonly id: string;
  readonly vector: readonly number[];
  readonly document?: Document | undefined;
}

export interface DistanceResponse extends Versioned {
  readonly metric: Metric;
  readonly i: number;
  readonly j: number;
  readonly distance: number;
}

export interface Recall {
  readonly recallAt1: number;
  readonly recallAt10: number;
  readonly recallAt100: number;
}

export interface IndexResponse extends Versioned {
  readonly metric: Metric;
  readonly dimensions: number;
  readonly items: number;
  readonly trees: number;
  readonly codec: string;
  readonly kind: string;
  /** Bytes that a query needs in memory; of a base and its changes together, without shards. */
  readonly hotBytes: number;
  readonly fileBytes: number;
  readonly searchable: { readonly text: boolean; readonly keyword: boolean; readonly filter: boolean };
  /** Recall against exact search, measured when the index was built. */
  readonly certified: Recall & {
    readonly target: number;
    readonly queries: number;
    readonly choosingQueries?: number | undefined;
    readonly met?: boolean | undefined;
    readonly heldOut: boolean;
    readonly defaultSearchK: number;
    /** Recall@10 for some words out of documents as queries. */
    readonly texts?: { readonly queries: number; readonly recallAt10: number } | undefined;
    readonly rows: readonly (Recall & {
      readonly searchK: number;
      readonly candidates: number;
      readonly scored: number;
    })[];
  };
  /** Absent when the items are not cut into shards. */
  readonly shards?:
    | {
        readonly count: number;
        readonly partition: "clusters" | "random";
        readonly probes: number;
        readonly hotBytes: number;
        readonly largestHotBytes: number;
      }
    | undefined;
  /** Changes on top of a base; absent in an index that was built whole. */
  readonly changes?:
    | {
        readonly base: string;
        readonly added: number;
        readonly removed: number;
        readonly drift: {
          readonly changed: number;
          readonly unknownWords?: number | undefined;
          readonly distance?: number | undefined;
        };
      }
    | undefined;
  readonly manifest: Readonly<Record<string, unknown>>;
}

export interface HealthResponse {
  readonly status: "ok" | "idle" | "degraded";
  readonly index: string;
  readonly version: string | null;
  readonly wanted: string | null;
  /** Times are ISO 8601, UTC. */
  readonly publishedAt: string | null;
  readonly loadedAt: string | null;
  readonly ageSeconds: number | null;
  readonly checkedAt: string | null;
  readonly memoryBytes: number;
  readonly lastError: { readonly code: string; readonly message: string; readonly at: string } | null;
  readonly shards: number;
}

export interface IndexesResponse {
  /** The published indexes that are served, the first one first. */
  readonly indexes: readonly {
    readonly index: string;
    /** Version that the isolate has loaded; null: none. */
    readonly version: string | null;
    readonly publishedAt: string | null;
    readonly memoryBytes: number;
  }[];
  readonly memoryBytes: number;
}

export interface WarmUpResponse extends Versioned {
  readonly waitedMs: number;
  readonly memoryBytes: number;
  readonly shards?: { readonly asked: number; readonly answered: number } | undefined;
}

/** Problem details (RFC 9457). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  /** Stable; made for programs. */
  readonly code: string;
  readonly errors?:
    | readonly { readonly field: string; readonly code: string; readonly message: string }[]
    | undefined;
}
