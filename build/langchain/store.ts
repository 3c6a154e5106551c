import { Document, type DocumentInterface } from "@langchain/core/documents";
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import { type MaxMarginalRelevanceSearchOptions, SaveableVectorStore } from "@langchain/core/vectorstores";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { DEFAULT_FETCH_K, DEFAULT_K } from "../../worker/core/search/schema.ts";
import type { SearchMode } from "../../worker/core/search/types.ts";
import type { AnnoyIndex } from "../annoy/annoy-index.ts";
import type { AnnoyDocuments } from "../annoy/documents.ts";
import { isCarried } from "../embedding/identity.ts";
import {
  type Backend,
  closedBackend,
  type StoreHit,
  type StoreOptions,
  type StoreSearch,
} from "./backend.ts";
import {
  type AnnoyLibConfig,
  argumentsOf,
  buildBackend,
  documentsOf,
  type FromIndexOptions,
  importBackend,
  type Metadatas,
  openMade,
} from "./create.ts";
import { ReadOnlyError } from "./errors.ts";
import { importLangchain, isLangchainFolder } from "./folder/index.ts";
import { openLocal } from "./local.ts";
import { type ConnectOptions, openRemote } from "./remote.ts";
import { changesOf } from "./writable.ts";

type Metadata = Record<string, unknown>;

const DEFAULT_LAMBDA = 0.5;

/** Files of stores that were not closed: collected stores close them, and temporary folders go with the process. */
const abandoned = new FinalizationRegistry<() => Promise<void>>((release) => void release().catch(() => {}));

/**
 * LangChain's vector store over an Annoy index: an artifact folder in Node, or a Worker by its URL. Read-only, as
 * LangChain's Annoy is, unless a folder is opened as `writable`. Scores are Annoy's distances: smaller is nearer, except for metric `dot`.
 *
 * ```ts
 * const store = await AnnoyVectorStore.fromTexts(["pizza is great", "my car"], [], embeddings);
 * const [hit] = await store.similaritySearch("food", 1);
 * ```
 */
export class AnnoyVectorStore extends SaveableVectorStore {
  declare FilterType: object;
  #backend: Backend;
  readonly #mode: SearchMode;

  /** Use {@link load}, {@link connect} or one of the `from` methods. */
  constructor(backend: Backend, options: StoreOptions = {}) {
    super(backend.embeddings, {});
    this.#backend = backend;
    this.#mode = options.mode ?? "vector";
    if (backend.kind === "local") abandoned.register(this, () => backend.close(), this);
  }

  _vectorstoreType(): string {
    return "annoy";
  }

  /**
   * Opens an artifact folder (what `save` and `annoy-edge build` write), or the folder that `save_local` of LangChain's
   * Annoy for Python wrote.
   *
   * @param embeddings those of the build; not needed when the artifact carries its embedder
   */
  static override async load(
    directory: string,
    embeddings?: EmbeddingsInterface,
    options: StoreOptions = {},
  ): Promise<AnnoyVectorStore> {
    const backend = isLangchainFolder(directory)
      ? await openMade((out) => importLangchain(directory, { out }), embeddings, options)
      : await openLocal(directory, embeddings, options);
    return new AnnoyVectorStore(backend, options);
  }

  /** The store over a Worker. Texts are embedded there unless `options.embeddings` is given. */
  static connect(url: string | URL, options: ConnectOptions = {}): AnnoyVectorStore {
    return new AnnoyVectorStore(openRemote(url, options), options);
  }

  /** @param metadatas one a text, or one for all */
  static override async fromTexts(
    texts: string[],
    metadatas: Metadatas = [],
    embeddings?: EmbeddingsInterface,
    config: AnnoyLibConfig = {},
  ): Promise<AnnoyVectorStore> {
    const documents = documentsOf(texts, metadatas);
    return AnnoyVectorStore.fromDocuments(documents, embeddings, config);
  }

  /** Documents keep their ids; those without get one from their content. */
  static override async fromDocuments(
    documents: DocumentInterface[],
    embeddings?: EmbeddingsInterface,
    config: AnnoyLibConfig = {},
  ): Promise<AnnoyVectorStore> {
    // Our own embedder goes into the artifact, which then needs no other; LangChain's give vectors.
    const own = !embeddings || isCarried(embeddings);
    const vectors = own
      ? undefined
      : await embeddings.embedDocuments(documents.map((document) => document.pageContent));
    return new AnnoyVectorStore(await buildBackend(documents, vectors, embeddings, config), config);
  }

  /** Pairs of text and vector. `embeddings` embeds queries, and may be left out when queries are vectors. */
  static async fromEmbeddings(
    textEmbeddings: readonly (readonly [string, ArrayLike<number>])[],
    metadatas?: Metadatas,
    embeddings?: EmbeddingsInterface,
    config?: AnnoyLibConfig,
  ): Promise<AnnoyVectorStore>;
  /** In the order of LangChain for Python; settings may take the place of the metadatas. */
  static async fromEmbeddings(
    textEmbeddings: readonly (readonly [string, ArrayLike<number>])[],
    embeddings: EmbeddingsInterface,
    metadatasOrConfig?: readonly object[] | AnnoyLibConfig,
    config?: AnnoyLibConfig,
  ): Promise<AnnoyVectorStore>;
  static async fromEmbeddings(
    textEmbeddings: readonly (readonly [string, ArrayLike<number>])[],
    second?: Metadatas | EmbeddingsInterface,
    third?: EmbeddingsInterface | readonly object[] | AnnoyLibConfig,
    fourth?: AnnoyLibConfig,
  ): Promise<AnnoyVectorStore> {
    const { metadatas, embeddings, config } = argumentsOf(second, third, fourth);
    const documents = documentsOf(
      textEmbeddings.map(([text]) => text),
      metadatas,
    );
    const vectors = textEmbeddings.map(([, vector]) => vector);
    return new AnnoyVectorStore(await buildBackend(documents, vectors, embeddings, config), config);
  }

  /**
   * A store over an index of Annoy's, built or loaded, and its documents: its trees are kept, and so are its answers.
   *
   * @param documents in item order; those of an index with holes name their `item`. Their ids are the docstore's.
   */
  static async fromIndex(
    index: AnnoyIndex,
    documents: Exclude<AnnoyDocuments, string>,
    options: FromIndexOptions = {},
  ): Promise<AnnoyVectorStore> {
    return new AnnoyVectorStore(await importBackend(index, documents, options), options);
  }

  /** Docstore ids by item number. */
  get indexToDocstoreId(): readonly (string | undefined)[] {
    return this.#backend.ids();
  }

  /** Documents by id, as LangChain's docstores give them. */
  get docstore(): { search(id: string): Promise<Document> } {
    return {
      search: async (id) => {
        const document = await this.#backend.document(id);
        if (!document) throw new AnnoyEdgeError("ID_NOT_FOUND", `ID ${id} not found.`);
        return toDocument({ document });
      },
    };
  }

  /** The documents with these ids, in their order; ids that are not there are passed over. */
  async getByIds(ids: readonly string[]): Promise<Document[]> {
    const found = await Promise.all(ids.map((id) => this.#backend.document(id)));
    return found.flatMap((document) => (document ? [toDocument({ document })] : []));
  }

  override async similaritySearch(
    query: string,
    k?: number,
    filter?: this["FilterType"],
  ): Promise<Document[]>;
  /** In the order of LangChain for Python. */
  override async similaritySearch(query: string, k: number, searchK: number): Promise<Document[]>;
  override async similaritySearch(
    query: string,
    k = DEFAULT_K,
    filter?: this["FilterType"] | number,
  ): Promise<Document[]> {
    return this.#documents({ query, k, ...conditionOf(filter) });
  }

  override async similaritySearchWithScore(
    query: string,
    k?: number,
    filter?: this["FilterType"],
  ): Promise<[Document, number][]>;
  override async similaritySearchWithScore(
    query: string,
    k: number,
    searchK: number,
  ): Promise<[Document, number][]>;
  override async similaritySearchWithScore(
    query: string,
    k = DEFAULT_K,
    filter?: this["FilterType"] | number,
  ): Promise<[Document, number][]> {
    return this.#pairs({ query, k, ...conditionOf(filter) });
  }

  /**
   * Documents with scores in 0..1, larger being better, whatever the metric.
   *
   * @param scoreThreshold documents with a lower score are left out
   */
  async similaritySearchWithRelevanceScores(
    query: string,
    k = DEFAULT_K,
    filter?: this["FilterType"] | number,
    { scoreThreshold = 0 }: { readonly scoreThreshold?: number } = {},
  ): Promise<[Document, number][]> {
    const hits = await this.#search({ query, k, ...conditionOf(filter) });
    return hits.filter((hit) => hit.score >= scoreThreshold).map((hit) => [toDocument(hit), hit.score]);
  }

  override async similaritySearchVectorWithScore(
    query: ArrayLike<number>,
    k?: number,
    filter?: this["FilterType"],
  ): Promise<[Document, number][]>;
  override async similaritySearchVectorWithScore(
    query: ArrayLike<number>,
    k: number,
    searchK: number,
  ): Promise<[Document, number][]>;
  override async similaritySearchVectorWithScore(
    query: ArrayLike<number>,
    k = DEFAULT_K,
    filter?: this["FilterType"] | number,
  ): Promise<[Document, number][]> {
    return this.similaritySearchWithScoreByVector(query, k, filter);
  }

  /** @param searchK candidates to look at; -1: the certified default */
  async similaritySearchByVector(
    vector: ArrayLike<number>,
    k = DEFAULT_K,
    filter?: this["FilterType"] | number,
    searchK = -1,
  ): Promise<Document[]> {
    return this.#documents({ vector: Array.from(vector), k, ...conditionOf(filter, searchK) });
  }

  /** @param searchK candidates to look at; -1: the certified default */
  async similaritySearchWithScoreByVector(
    vector: ArrayLike<number>,
    k = DEFAULT_K,
    filter?: this["FilterType"] | number,
    searchK = -1,
  ): Promise<[Document, number][]> {
    return this.#pairs({ vector: Array.from(vector), k, ...conditionOf(filter, searchK) });
  }

  /** Neighbours of an item, itself among them. */
  async similaritySearchByIndex(
    item: number,
    k = DEFAULT_K,
    filter?: this["FilterType"] | number,
    searchK = -1,
  ): Promise<Document[]> {
    return this.#documents({ item, k, ...conditionOf(filter, searchK) });
  }

  /** Neighbours of an item, itself among them. */
  async similaritySearchWithScoreByIndex(
    item: number,
    k = DEFAULT_K,
    filter?: this["FilterType"] | number,
    searchK = -1,
  ): Promise<[Document, number][]> {
    return this.#pairs({ item, k, ...conditionOf(filter, searchK) });
  }

  override async maxMarginalRelevanceSearch(
    query: string,
    options: MaxMarginalRelevanceSearchOptions<this["FilterType"]>,
  ): Promise<Document[]>;
  override async maxMarginalRelevanceSearch(query: string): Promise<Document[]>;
  override async maxMarginalRelevanceSearch(
    query: string,
    options?: MaxMarginalRelevanceSearchOptions<this["FilterType"]>,
  ): Promise<Document[]> {
    return this.#documents({ query, ...mmrOf(options) });
  }

  async maxMarginalRelevanceSearchByVector(
    vector: ArrayLike<number>,
    options?: Partial<MaxMarginalRelevanceSearchOptions<object>>,
  ): Promise<Document[]> {
    return this.#documents({ vector: Array.from(vector), ...mmrOf(options) });
  }

  /** Writes the artifact folder, which `load`, the command line and the Worker read. */
  async save(directory: string): Promise<void> {
    await this.#backend.save(directory);
  }

  /**
   * Releases the files behind the store, which then answers nothing more (`CLOSED`). Stores that are never closed release them
   * when they are collected.
   */
  async close(): Promise<void> {
    abandoned.unregister(this);
    const backend = this.#backend;
    this.#backend = closedBackend(backend);
    await backend.close();
  }

  /**
   * Adds documents with their vectors; a document replaces the one of its id.
   *
   * @param options `ids`, one a document; default: the documents' own, else random ones
   * @returns the documents' ids
   * @throws ReadOnlyError unless the store is `writable`
   */
  override async addVectors(
    vectors: number[][],
    documents: DocumentInterface[],
    options?: { readonly ids?: readonly string[] },
  ): Promise<string[]> {
    const change = this.#change("addVectors");
    const changes = changesOf(vectors, documents, options?.ids);
    if (changes.length > 0) await change(changes, []);
    return changes.map(({ id }) => id);
  }

  /** Embeds documents and adds them: see {@link addVectors}. @throws ReadOnlyError unless the store is `writable` */
  override async addDocuments(
    documents: DocumentInterface[],
    options?: { readonly ids?: readonly string[] },
  ): Promise<string[]> {
    this.#change("addDocuments");
    const texts = documents.map(({ pageContent }) => pageContent);
    return this.addVectors(await this.#backend.embeddings.embedDocuments(texts), documents, options);
  }

  /** Removes documents by their ids; those that are not there are passed over. @throws ReadOnlyError unless the store is `writable` */
  override async delete(params?: { readonly ids?: readonly string[] }): Promise<void> {
    const change = this.#change("delete");
    const ids = params?.ids ?? [];
    if (ids.length > 0) await change([], ids);
  }

  #change(method: string): NonNullable<Backend["change"]> {
    const { change } = this.#backend;
    if (!change) throw new ReadOnlyError(method);
    return change;
  }

  async #documents(request: StoreSearch): Promise<Document[]> {
    return (await this.#search(request)).map(toDocument);
  }

  async #pairs(request: StoreSearch): Promise<[Document, number][]> {
    return (await this.#search(request)).map((hit) => [toDocument(hit), hit.distance]);
  }

  async #search(request: StoreSearch): Promise<StoreHit[]> {
    return this.#backend.search({ ...request, ...(request.query !== undefined && { mode: this.#mode }) });
  }
}

/** A condition on the metadata; or, where LangChain for Python has it, `searchK`: the candidates to look at. */
function conditionOf(filter: object | number | undefined, searchK = -1) {
  if (typeof filter === "number") return { searchK: filter };
  return { searchK, ...(filter !== undefined && { filter }) };
}

function mmrOf({
  k = DEFAULT_K,
  fetchK = DEFAULT_FETCH_K,
  lambda = DEFAULT_LAMBDA,
  filter,
}: Partial<MaxMarginalRelevanceSearchOptions<object>> = {}) {
  return { k, mmr: { fetchK, lambda }, ...conditionOf(filter) };
}

function toDocument({ document }: Pick<StoreHit, "document">): Document {
  const { id, pageContent, metadata } = document;
  return new Document<Metadata>({ id, pageContent, metadata });
}
