import type { Embedder } from "../../worker/core/embedding/types.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { StoredDocument } from "../../worker/core/format/meta.ts";
import type { SearchMode } from "../../worker/core/search/types.ts";
import type { PublishDirOptions } from "../pipeline/publishing.ts";

/** A search as the store asks it, with one of `query`, `vector` and `item`. */
export interface StoreSearch {
  readonly query?: string;
  readonly vector?: readonly number[];
  readonly item?: number;
  readonly k: number;
  readonly searchK?: number;
  readonly filter?: unknown;
  /** Mode of a text search: by meaning, by words, or both fused. */
  readonly mode?: SearchMode;
  readonly mmr?: { readonly fetchK: number; readonly lambda: number };
}

export interface StoreHit {
  readonly document: StoredDocument;
  /** Annoy's distance. */
  readonly distance: number;
  /** In 0..1, larger is better. */
  readonly score: number;
}

/** A document to add, or to put in the place of one with its id. */
export interface StoreChange extends StoredDocument {
  readonly vector: readonly number[];
}

export interface StoreOptions {
  /** Mode of text searches: `vector` (default, as LangChain's stores do), or `hybrid` where the index has keywords. */
  readonly mode?: SearchMode | undefined;
  /**
   * Whether `addDocuments`, `addVectors` and `delete` change the artifact folder, as `annoy-edge update` does; otherwise they
   * throw a `ReadOnlyError`. Only of a store over a folder; default false.
   */
  readonly writable?: boolean | undefined;
  /** Publishes after each change: the target, as `publish` takes it. Makes the store writable. */
  readonly publish?: PublishDirOptions | undefined;
}

/** Index behind a store: an artifact in Node, or a Worker. */
export interface Backend {
  readonly kind: "local" | "remote";
  /** Embeds queries outside {@link search}: retrievers and chains ask the store for it. */
  readonly embeddings: Pick<Embedder, "embedDocuments" | "embedQuery">;
  search(request: StoreSearch): Promise<StoreHit[]>;
  /** The document with this docstore id; undefined when there is none. */
  document(id: string): Promise<StoredDocument | undefined>;
  /** Docstore ids by item; holes are undefined. */
  ids(): readonly (string | undefined)[];
  /**
   * Puts changes on top of the artifact and opens it again; ids to remove that no document has are passed over. Absent where
   * it cannot be changed.
   */
  change?(documents: readonly StoreChange[], remove: readonly string[]): Promise<void>;
  save(directory: string): Promise<void>;
  close(): Promise<void>;
}

/** Hits of an answer as the store has them. */
export function hitsOf(
  hits: readonly {
    readonly id: string;
    readonly distance?: number | null | undefined;
    readonly score: number;
    readonly document?: Omit<StoredDocument, "id"> | undefined;
  }[],
): StoreHit[] {
  return hits.map(({ id, distance, score, document }) => ({
    // The artifact's own documents: every item that is found has one.
    document: { id, pageContent: document?.pageContent ?? "", metadata: document?.metadata ?? {} },
    // Null only where no vector was searched for.
    distance: distance ?? Number.NaN,
    score,
  }));
}

/** Backend of a closed store. */
export function closedBackend(backend: Backend): Backend {
  const refuse = (): never => {
    throw new AnnoyEdgeError(
      "CLOSED",
      "The store is closed. Open it again, with AnnoyVectorStore.load for instance.",
    );
  };
  const refuseLater = async (): Promise<never> => refuse();
  return {
    ...backend,
    search: refuseLater,
    document: refuseLater,
    ids: refuse,
    ...(backend.change && { change: refuseLater }),
    save: refuseLater,
    close: async () => {},
  };
}
