import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Document, type DocumentInterface } from "@langchain/core/documents";
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import { type MaxMarginalRelevanceSearchOptions, SaveableVectorStore } from "@langchain/core/vectorstores";
import type { StaticEmbedder } from "../../worker/embedding/static/embedder.ts";
import { AnnoyEdgeError } from "../../worker/format/errors.ts";
import type { SearchMode } from "../../worker/search/types.ts";
import { asEmbedder, type EmbeddingsLike, isEmbeddings } from "../embedding/identity.ts";
import { importLangchain } from "../langchain-folder/index.ts";
import { type BuildOptions, build } from "../pipeline/build.ts";
import { OptionError } from "../pipeline/errors.ts";
import type { Backend, StoreHit, StoreOptions, StoreSearch } from "./backend.ts";
import { ReadOnlyError } from "./errors.ts";
import { openLocal } from "./local.ts";
import { type ConnectOptions, openRemote } from "./remote.ts";

/** Settings of the build behind `fromTexts`, `fromDocuments` and `fromEmbeddings`; all have defaults. */
export interface AnnoyLibConfig
  extends Omit<
    BuildOptions,
    "source" | "documents" | "out" | "embedder" | "cache" | "splitter" | "chunkSize" | "chunkOverlap"
  > {
  /** How texts are searched; `vector` unless told. */
  readonly mode?: SearchMode;
  /** Where to keep the artifact; a temporary folder, gone with the process, unless told. */
  readonly directory?: string;
}

type Metadata = Record<string, unknown>;
type Metadatas = readonly object[] | object;

const DEFAULT_K = 4;
const DEFAULT_FETCH_K = 20;
const DEFAULT_LAMBDA = 0.5;

/** Files of stores that nobody closed: collected stores close them, and temporary folders go with the process. */
const abandoned = new FinalizationRegistry<() => Promise<void>>((release) => void release().catch(() => {}));

/**
 * LangChain's vector store over an Annoy index: an artifact folder in Node, or a Worker by its URL. Read-only, as
 * LangChain's Annoy is. Scores are Annoy's distances: smaller is nearer, except for metric `dot`.
 *
 * ```ts
 * const store = await AnnoyVectorStore.fromTexts(["pizza is great", "my car"], [], embeddings);
 * const [hit] = await store.similaritySearch("food", 1);
 * ```
 */
export class AnnoyVectorStore extends SaveableVectorStore {
  declare FilterType: object;
  readonly #backend: Backend;
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
    if (!isLangchainFolder(directory)) {
      return new AnnoyVectorStore(await openLocal(directory, embeddings), options);
    }
    const temporary = temporaryFolder();
    const out = join(temporary, "index");
    await importLangchain(directory, { out });
    return new AnnoyVectorStore(await openTemporary(temporary, out, embeddings), options);
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
    if (!embeddings || "tableBytes" in embeddings) {
      const own = embeddings as (EmbeddingsInterface & StaticEmbedder) | undefined;
      return buildStore(documents, undefined, own, config);
    }
    const vectors = await embeddings.embedDocuments(documents.map((document) => document.pageContent));
    return buildStore(documents, vectors, embeddings, config);
  }

  /** Pairs of text and vector. `embeddings` embeds queries, and may be left out when queries are vectors. */
  static async fromEmbeddings(
    textEmbeddings: readonly (readonly [string, readonly number[]])[],
    metadatas?: Metadatas,
    embeddings?: EmbeddingsInterface,
    config?: AnnoyLibConfig,
  ): Promise<AnnoyVectorStore>;
  /** In the order of LangChain for Python; settings may take the place of the metadatas. */
  static async fromEmbeddings(
    textEmbeddings: readonly (readonly [string, readonly number[]])[],
    embeddings: EmbeddingsInterface,
    metadatasOrConfig?: readonly object[] | AnnoyLibConfig,
    config?: AnnoyLibConfig,
  ): Promise<AnnoyVectorStore>;
  static async fromEmbeddings(
    textEmbeddings: readonly (readonly [string, readonly number[]])[],
    second?: Metadatas | EmbeddingsInterface,
    third?: EmbeddingsInterface | readonly object[] | AnnoyLibConfig,
    fourth?: AnnoyLibConfig,
  ): Promise<AnnoyVectorStore> {
    const pythonic = isEmbeddings(second);
    const embeddings = [second, third].find(isEmbeddings);
    // By the overloads: after embeddings, what is no list of metadatas is settings.
    const settings = pythonic && !Array.isArray(third) ? (third as AnnoyLibConfig | undefined) : undefined;
    const metadatas = pythonic ? (Array.isArray(third) ? third : []) : (second ?? []);
    const documents = documentsOf(
      textEmbeddings.map(([text]) => text),
      metadatas,
    );
    const vectors = textEmbeddings.map(([, vector]) => vector);
    return buildStore(documents, vectors, embeddings, { ...settings, ...fourth });
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
        return toDocument({ document, distance: 0 });
      },
    };
  }

  override async similaritySearch(
    query: string,
    k = DEFAULT_K,
    filter?: this["FilterType"],
  ): Promise<Document[]> {
    return this.#documents({ query, k, filter });
  }

  override async similaritySearchWithScore(
    query: string,
    k = DEFAULT_K,
    filter?: this["FilterType"],
  ): Promise<[Document, number][]> {
    return this.#pairs({ query, k, filter });
  }

  override async similaritySearchVectorWithScore(
    query: number[],
    k: number,
    filter?: this["FilterType"],
  ): Promise<[Document, number][]> {
    return this.#pairs({ vector: query, k, filter });
  }

  /** @param searchK candidates to look at; -1: the certified default */
  async similaritySearchByVector(
    vector: number[],
    k = DEFAULT_K,
    filter?: this["FilterType"],
    searchK = -1,
  ): Promise<Document[]> {
    return this.#documents({ vector, k, filter, searchK });
  }

  async similaritySearchWithScoreByVector(
    vector: number[],
    k = DEFAULT_K,
    filter?: this["FilterType"],
    searchK = -1,
  ): Promise<[Document, number][]> {
    return this.#pairs({ vector, k, filter, searchK });
  }

  /** Neighbours of an item, itself among them. */
  async similaritySearchByIndex(
    item: number,
    k = DEFAULT_K,
    filter?: this["FilterType"],
    searchK = -1,
  ): Promise<Document[]> {
    return this.#documents({ item, k, filter, searchK });
  }

  async similaritySearchWithScoreByIndex(
    item: number,
    k = DEFAULT_K,
    filter?: this["FilterType"],
    searchK = -1,
  ): Promise<[Document, number][]> {
    return this.#pairs({ item, k, filter, searchK });
  }

  override async maxMarginalRelevanceSearch(
    query: string,
    options: MaxMarginalRelevanceSearchOptions<this["FilterType"]>,
  ): Promise<Document[]> {
    return this.#documents({ query, ...mmrOf(options) });
  }

  async maxMarginalRelevanceSearchByVector(
    vector: number[],
    options: MaxMarginalRelevanceSearchOptions<this["FilterType"]>,
  ): Promise<Document[]> {
    return this.#documents({ vector, ...mmrOf(options) });
  }

  /** Writes the artifact folder, which `load`, the command line and the Worker read. */
  async save(directory: string): Promise<void> {
    await this.#backend.save(directory);
  }

  /** Releases the files behind the store. Stores that are never closed release them when they are collected. */
  async close(): Promise<void> {
    abandoned.unregister(this);
    await this.#backend.close();
  }

  /** @throws ReadOnlyError always */
  async addVectors(): Promise<never> {
    throw new ReadOnlyError("addVectors");
  }

  /** @throws ReadOnlyError always */
  async addDocuments(): Promise<never> {
    throw new ReadOnlyError("addDocuments");
  }

  /** @throws ReadOnlyError always */
  override async delete(): Promise<never> {
    throw new ReadOnlyError("delete");
  }

  async #documents(request: StoreRequest): Promise<Document[]> {
    return (await this.#search(request)).map(toDocument);
  }

  async #pairs(request: StoreRequest): Promise<[Document, number][]> {
    return (await this.#search(request)).map((hit) => [toDocument(hit), hit.distance]);
  }

  async #search({ filter, ...request }: StoreRequest): Promise<StoreHit[]> {
    return this.#backend.search({
      ...request,
      ...(request.query !== undefined && { mode: this.#mode }),
      ...(filter !== undefined && { filter }),
    });
  }
}

type StoreRequest = Omit<StoreSearch, "filter"> & { readonly filter?: unknown };

function mmrOf(options: MaxMarginalRelevanceSearchOptions<object>) {
  const { k = DEFAULT_K, fetchK = DEFAULT_FETCH_K, lambda = DEFAULT_LAMBDA, filter } = options;
  return { k, filter, mmr: { fetchK, lambda } };
}

function toDocument({ document }: StoreHit): Document {
  const { id, pageContent, metadata } = document;
  return new Document<Metadata>({ id, pageContent, metadata });
}

function documentsOf(texts: readonly string[], metadatas: Metadatas): DocumentInterface[] {
  if (Array.isArray(metadatas) && metadatas.length > 0 && metadatas.length !== texts.length) {
    throw new OptionError(`There are ${metadatas.length} metadatas for ${texts.length} texts.`);
  }
  return texts.map((pageContent, i) => {
    const metadata: object = Array.isArray(metadatas) ? (metadatas[i] ?? {}) : metadatas;
    return new Document({ pageContent, metadata: { ...metadata } });
  });
}

async function buildStore(
  documents: readonly DocumentInterface[],
  vectors: readonly (readonly number[])[] | undefined,
  embeddings: EmbeddingsLike | undefined,
  config: AnnoyLibConfig,
): Promise<AnnoyVectorStore> {
  const { directory: wanted, mode, ...settings } = config;
  const temporary = wanted === undefined ? temporaryFolder() : undefined;
  const directory = wanted ?? join(temporary!, "index");
  const dimensions = vectors?.[0]?.length;
  await build({
    // Exact distances, as Annoy's, unless a smaller codec is asked for.
    codec: "float32",
    ...settings,
    cache: false,
    out: directory,
    documents: documents.map(({ id, pageContent, metadata }, i) => ({
      ...(id !== undefined && { id }),
      pageContent,
      metadata,
      ...(vectors && { vector: vectors[i] }),
    })),
    ...(embeddings && { embedder: await asEmbedder(embeddings, dimensions) }),
  });
  const backend =
    temporary === undefined
      ? await openLocal(directory, embeddings)
      : await openTemporary(temporary, directory, embeddings);
  return new AnnoyVectorStore(backend, { mode });
}

/** A backend whose folder goes when it is closed. */
async function openTemporary(
  temporary: string,
  directory: string,
  embeddings: EmbeddingsLike | undefined,
): Promise<Backend> {
  const backend = await openLocal(directory, embeddings);
  const close = async () => {
    await backend.close();
    await rm(temporary, { recursive: true, force: true });
    temporaryFolders.delete(temporary);
  };
  return { ...backend, close };
}

function isLangchainFolder(directory: string): boolean {
  return existsSync(join(directory, "index.annoy")) && !existsSync(join(directory, "manifest.json"));
}

const temporaryFolders = new Set<string>();

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "annoy-edge-"));
  if (temporaryFolders.size === 0) {
    process.once("exit", () => {
      for (const path of temporaryFolders) rmSync(path, { recursive: true, force: true });
    });
  }
  temporaryFolders.add(folder);
  return folder;
}
