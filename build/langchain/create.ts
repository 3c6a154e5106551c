import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { Document, type DocumentInterface } from "@langchain/core/documents";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { type AnnoyIndex, dataOf } from "../annoy/annoy-index.ts";
import type { AnnoyDocuments } from "../annoy/documents.ts";
import { importAnnoy } from "../annoy/import.ts";
import { writeAnnoyFile } from "../annoy/write.ts";
import { asEmbedder, type EmbeddingsLike, isEmbeddings } from "../embedding/identity.ts";
import { type BuildOptions, build } from "../pipeline/build.ts";
import { OptionError } from "../settings/errors.ts";
import { runFolder } from "../settings/run-folder.ts";
import type { Backend, StoreOptions } from "./backend.ts";
import { openLocal } from "./local.ts";

/** Settings of the build behind `fromTexts`, `fromDocuments` and `fromEmbeddings`; all have defaults. */
export interface AnnoyLibConfig
  extends StoreOptions,
    Omit<
      BuildOptions,
      "source" | "documents" | "out" | "embedder" | "cache" | "splitter" | "chunkSize" | "chunkOverlap"
    > {
  /** `trees` by Annoy's name. */
  readonly nTrees?: number;
  /** `jobs` by Annoy's name. */
  readonly nJobs?: number;
  /** Folder of the artifact; default: a temporary one that is removed with the process. */
  readonly directory?: string;
}

export type Metadatas = readonly object[] | object;

/** @throws OptionError when there are neither as many metadatas as texts, nor one for all, nor none */
export function documentsOf(texts: readonly string[], metadatas: Metadatas): DocumentInterface[] {
  if (Array.isArray(metadatas) && metadatas.length > 0 && metadatas.length !== texts.length) {
    throw new OptionError(`There are ${metadatas.length} metadatas for ${texts.length} texts.`);
  }
  return texts.map((pageContent, i) => {
    const metadata: object = Array.isArray(metadatas) ? (metadatas[i] ?? {}) : metadatas;
    return new Document({ pageContent, metadata: { ...metadata } });
  });
}

/** Arguments behind the pairs of text and vector, in the order of LangChain.js or of LangChain for Python. */
export function argumentsOf(
  second: Metadatas | EmbeddingsLike | undefined,
  third: EmbeddingsLike | readonly object[] | AnnoyLibConfig | undefined,
  fourth: AnnoyLibConfig | undefined,
): { metadatas: Metadatas; embeddings: EmbeddingsLike | undefined; config: AnnoyLibConfig } {
  const pythonic = isEmbeddings(second);
  const embeddings = [second, third].find(isEmbeddings);
  // By the overloads: after embeddings, what is no list of metadatas is settings.
  const settings = pythonic && !Array.isArray(third) ? (third as AnnoyLibConfig | undefined) : undefined;
  const metadatas = pythonic ? (Array.isArray(third) ? third : []) : (second ?? []);
  return { metadatas, embeddings, config: { ...settings, ...fourth } };
}

/** Builds an artifact and opens it. */
export async function buildBackend(
  documents: readonly DocumentInterface[],
  vectors: readonly ArrayLike<number>[] | undefined,
  embeddings: EmbeddingsLike | undefined,
  config: AnnoyLibConfig,
): Promise<Backend> {
  const { directory, mode: _, writable, publish, nTrees, nJobs, ...settings } = config;
  if (documents.length === 0) {
    throw new AnnoyEdgeError("NO_DOCUMENTS", "There are no documents: an Annoy index cannot be empty.");
  }
  if (vectors && vectors.length !== documents.length) {
    throw new OptionError(`The embeddings gave ${vectors.length} vectors for ${documents.length} documents.`);
  }
  const make = async (out: string) =>
    build({
      // Exact distances, as Annoy's, unless a smaller codec is asked for.
      codec: "float32",
      ...(nTrees !== undefined && { trees: nTrees }),
      ...(nJobs !== undefined && { jobs: nJobs }),
      ...settings,
      cache: false,
      out,
      documents: documents.map(({ id, pageContent, metadata }, i) => ({
        ...(id !== undefined && { id }),
        pageContent,
        metadata,
        ...(vectors && { vector: listOf(vectors[i]!) }),
      })),
      ...(embeddings && { embedder: await asEmbedder(embeddings, vectors?.[0]?.length) }),
    });
  return openMade(make, embeddings, { directory, writable, publish });
}

/** Not copied where it is one: vectors of a corpus are many. */
function listOf(vector: ArrayLike<number>): readonly number[] {
  return Array.isArray(vector) ? vector : Array.from(vector);
}

/** Settings of `fromIndex`. */
export interface FromIndexOptions extends StoreOptions {
  /** Embeds queries; may be left out when queries are vectors. */
  readonly embeddings?: EmbeddingsLike;
  /** Folder of the artifact; default: a temporary one that is removed with the process. */
  readonly directory?: string;
}

/** Puts documents beside an index of Annoy's that is built or loaded already: same trees, same answers. */
export async function importBackend(
  index: AnnoyIndex,
  documents: AnnoyDocuments,
  { embeddings, directory, writable, publish }: FromIndexOptions,
): Promise<Backend> {
  const data = dataOf(index);
  const { f: dimensions, metric } = index;
  const make = async (out: string) => {
    const temporary = await mkdtemp(join(await runFolder(), "import-"));
    try {
      // Through a file, in which the index has the form that it is loaded and published in.
      const file = join(temporary, "index.ann");
      writeAnnoyFile(file, data);
      const embedder = embeddings && (await asEmbedder(embeddings, dimensions));
      return await importAnnoy(file, { dimensions, metric, documents, out, ...(embedder && { embedder }) });
    } finally {
      await rm(temporary, { recursive: true });
    }
  };
  return openMade(make, embeddings, { directory, writable, publish });
}

/**
 * Makes an artifact and opens it. One without a directory lies in a folder of its own, which goes when the backend is closed,
 * when making or opening fails, and otherwise with the process.
 *
 * @param make writes the artifact into `out`
 */
export async function openMade(
  make: (out: string) => Promise<unknown>,
  embeddings: EmbeddingsLike | undefined,
  { directory, ...options }: StoreOptions & { readonly directory?: string | undefined },
): Promise<Backend> {
  if (directory !== undefined) {
    await make(directory);
    return openLocal(directory, embeddings, options);
  }
  const temporary = await mkdtemp(join(await runFolder(), "index-"));
  const remove = () => rm(temporary, { recursive: true, force: true });
  try {
    const out = join(temporary, "index");
    await make(out);
    const backend = await openLocal(out, embeddings, options);
    const close = async () => {
      await backend.close();
      await remove();
    };
    return { ...backend, close };
  } catch (error) {
    await remove();
    throw error;
  }
}
