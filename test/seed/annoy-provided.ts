import type { Snapshot } from "./provided.ts";

/** An index of Annoy's that was imported and published, and what C++ Annoy answers from the same file. */
export interface AnnoyAnswers {
  /** `INDEX_NAME`. */
  readonly name: string;
  readonly metric: string;
  readonly results: readonly {
    readonly request: Readonly<Record<string, unknown>>;
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
