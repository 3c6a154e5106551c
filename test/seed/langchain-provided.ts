import type { AnnoyRequest } from "./annoy-provided.ts";
import type { Snapshot } from "./provided.ts";

interface Answer {
  readonly ids: readonly string[];
  readonly distances: readonly number[];
}

/** A published folder of LangChain's, and what was answered from it elsewhere. */
export interface LangchainAnswers {
  /** `INDEX_NAME`. */
  readonly name: string;
  readonly metric: string;
  readonly results: readonly {
    readonly request: AnnoyRequest;
    /** Answers of C++ Annoy from the same `index.annoy`, which is what LangChain for Python asks. */
    readonly annoy: Answer;
    /** Answers of `AnnoyVectorStore` in Node. */
    readonly store: Answer;
  }[];
}

declare module "vitest" {
  interface ProvidedContext {
    langchain: { readonly published: Snapshot; readonly indexes: readonly LangchainAnswers[] };
  }
}
