/**
 * The HTTP contract as a client sees it, written out so that the client depends on nothing of the Worker's insides.
 * `test/client-types.test.ts` holds it against the Worker's schemas.
 */
export type Metric = "angular" | "euclidean" | "manhattan" | "hamming" | "dot";
export type SearchMode = "vector" | "keyword" | "hybrid";
export type Include = "document" | "vector" | "highlights";

/** A search by exactly one of `query`, `vector`, `item` and `id`. */
export interface SearchInput {
  readonly query?: string | undefined;
  readonly vector?: readonly number[] | undefined;
  readonly item?: number | undefined;
  readonly id?: string | undefined;
  /** Hits wanted, 1 to 1000; 4 when left out. */
  readonly k?: number | undefined;
  /** Candidates to look at; -1, the index's certified default, when left out. */
  readonly searchK?: number | undefined;
  readonly filter?: unknown;
  readonly mmr?: { readonly fetchK?: number | undefined; readonly lambda?: number | undefined } | undefined;
  readonly mode?: SearchMode | undefined;
  readonly include?: readonly Include[] | undefined;
}

export interface Document {
  readonly pageContent: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface Hit {
  readonly item: number;
  readonly id: string;
  /** Annoy's distance. angular: sqrt(2 - 2 cos); dot: the inner product. */
  readonly distance: number;
  /** In 0..1, larger is better. */
  readonly score: number;
  readonly document?: Document | undefined;
  readonly vector?: readonly number[] | undefined;
}

export interface Versioned {
  readonly index: string;
  readonly version: string;
}

export interface SearchResponse extends Versioned {
  readonly metric: Metric;
  /** Best first. */
  readonly hits: readonly Hit[];
  readonly warnings?: readonly { readonly code: string; readonly message: string }[] | undefined;
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

export interface IndexResponse extends Versioned {
  readonly metric: Metric;
  readonly dimensions: number;
  readonly items: number;
  readonly trees: number;
  readonly codec: string;
  readonly kind: string;
  readonly hotBytes: number;
  readonly fileBytes: number;
  readonly searchable: { readonly text: boolean; readonly keyword: boolean; readonly filter: boolean };
  readonly certified: {
    readonly target: number;
    readonly defaultSearchK: number;
    readonly recallAt1: number;
    readonly recallAt10: number;
    readonly recallAt100: number;
  };
  readonly manifest: Readonly<Record<string, unknown>>;
}

export interface HealthResponse {
  readonly status: "ok" | "idle" | "degraded";
  readonly index: string;
  readonly version: string | null;
  readonly wanted: string | null;
  readonly loadedAt: string | null;
  readonly ageSeconds: number | null;
  readonly memoryBytes: number;
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
