import type { Snapshot } from "./provided.ts";

/** A search as the HTTP contract has it, by one of `vector` and `item`. */
export interface AnnoyRequest {
  readonly vector?: readonly number[];
  readonly item?: number;
  readonly k: number;
  readonly searchK: number;
}

/** An index of Annoy's that was imported and published, and what C++ Annoy answers from the same file. */
export interface AnnoyAnswers {
  /** `INDEX_NAME`. */
  readonly name: string;
  readonly metric: string;
  readonly results: readonly {
    readonly request: AnnoyRequest;
    readonly ids: readonly number[];
    readonly distances: readonly number[];
  }[];
}

declare module "vitest" {
  interface ProvidedContext {
    /** Annoy's golden files, imported and published in Node by `annoy.ts`. */
    annoy: { readonly published: Snapshot; readonly indexes: readonly AnnoyAnswers[] };
  }
}
