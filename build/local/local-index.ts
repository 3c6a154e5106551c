import { join } from "node:path";
import type { Embedder } from "../../worker/core/embedding/types.ts";
import { type Artifact, openArtifact } from "../../worker/core/format/artifact.ts";
import { MAX_SECTIONS } from "../../worker/core/format/constants.ts";
import { AnnoyEdgeError, ArtifactError } from "../../worker/core/format/errors.ts";
import { decodeHeader, tableEnd } from "../../worker/core/format/header.ts";
import type { EmbedderIdentity, Manifest } from "../../worker/core/format/meta.ts";
import type { WordTotals } from "../../worker/core/keyword/totals.ts";
import { openChanged } from "../../worker/core/search/changes/open-changed.ts";
import { type LoadedIndex, openIndex } from "../../worker/core/search/loaded-index.ts";
import { openSearcher } from "../../worker/core/search/open-searcher.ts";
import { parseBatchRequest, parseSearchRequest, validate } from "../../worker/core/search/parse.ts";
import { search, searchBatch } from "../../worker/core/search/search.ts";
import type { SearchOptions } from "../../worker/core/search/searcher.ts";
import type { SearchRequest } from "../../worker/core/search/types.ts";
import { suggestWith } from "../../worker/core/search/words/suggest.ts";
import { suggestRequestSchema } from "../../worker/core/search/words/suggest-schema.ts";
import { openDocuments, openForReading } from "../artifact/documents.ts";
import { readManifest } from "../artifact/folder.ts";
import { BASE_FOLDER } from "../artifact/version.ts";
import { asEmbedder, type EmbeddingsLike, isRecognised, requireSameEmbedder } from "../embedding/identity.ts";
import { createQueryEmbedder } from "../embedding/providers/index.ts";
import { environmentReranker } from "../embedding/rerank.ts";
import { folderEmbedder } from "../embedding/sentence/folder.ts";
import { localShards, openLocalShard } from "./shards.ts";
import type { LocalIndex } from "./types.ts";

export interface OpenLocalOptions {
  /**
   * Embeds queries where the artifact's embedder needs a service or a model of its own; left out, the service is called
   * with the keys of the environment.
   */
  readonly embedder?: Embedder | EmbeddingsLike | ((identity: EmbedderIdentity) => Embedder | undefined);
}

/**
 * Opens an artifact folder: the whole file in memory, cold part included; documents read from disk line by line.
 *
 * @throws ArtifactError naming the fault of `forest.bin`; AnnoyEdgeError `NOT_AN_ARTIFACT`, `CORRUPT_DOCUMENTS`,
 *   `EMBEDDER_MISMATCH`
 */
export async function openLocalIndex(dir: string, options: OpenLocalOptions = {}): Promise<LocalIndex> {
  const { base } = await readManifest(dir);
  return base ? openChangedFolder(dir, options) : openAlone(dir, options);
}

/** Opens the artifact that lies in a folder, whether it has a base or not. */
async function openAlone(dir: string, options: OpenLocalOptions): Promise<LocalIndex> {
  const { embedder = createQueryEmbedder } = options;
  const manifest = await readManifest(dir);
  const identity = manifest.embedder;
  // Before any file is held open: an embedder of the application's own may fail.
  const own = typeof embedder === "object" && identity ? await ownEmbedder(identity, embedder) : undefined;
  const artifact = await openForestFile(dir);
  const { bytes } = manifest.files["documents.jsonl"];
  const docstore = await openDocuments(join(dir, "documents.jsonl"), artifact.header.nItems, bytes);
  const shards = manifest.shards && localShards((number) => openShardOf(dir, number, manifest, artifact));
  try {
    const index = openIndex({
      version: manifest.version,
      manifest,
      artifact,
      docstore,
      createEmbedder: (wanted) => {
        if (typeof embedder !== "function") return own;
        return wanted.provider === "encoder" ? folderEmbedder(dir, wanted) : embedder(wanted);
      },
      ...(shards && { shards }),
    });
    const release = () => Promise.all([docstore.close(), shards?.close()]);
    return { ...index, artifact, docstore, ...searchesOf(index, release) };
  } catch (error) {
    await docstore.close();
    throw inFile(join(dir, "forest.bin"), error);
  }
}

/**
 * Opens one shard of an artifact folder, with its changes where it has some. Shards take vectors: the router embeds the text.
 *
 * @param router the artifact of the folder
 * @throws AnnoyEdgeError `SHARD_MISMATCH` from a shard that is not the one the router was written with
 */
export function openShardOf(
  dir: string,
  number: number,
  manifest: Pick<Manifest, "base" | "shards">,
  router: Artifact,
): Promise<LocalIndex> {
  const open = (folder: string) => openAlone(folder, NO_EMBEDDER);
  return openLocalShard(dir, number, { manifest, router }, { open, openOnTop });
}

/** Opens changes on top of a base, which lies in another folder. */
export async function openOnTop(base: LocalIndex, dir: string, totals?: WordTotals): Promise<LocalIndex> {
  const added = await openAlone(dir, NO_EMBEDDER);
  try {
    const index = openChanged(base, added, totals);
    const release = () => Promise.all([base.close(), added.close()]);
    return { ...index, artifact: base.artifact, docstore: base.docstore, ...searchesOf(index, release) };
  } catch (error) {
    await added.close();
    throw inFile(join(dir, "forest.bin"), error);
  }
}

/** Opens a folder of changes with the base in it. */
async function openChangedFolder(dir: string, options: OpenLocalOptions): Promise<LocalIndex> {
  const base = await openLocalIndex(join(dir, BASE_FOLDER), options);
  try {
    return await openOnTop(base, dir);
  } catch (error) {
    await base.close();
    throw error;
  }
}

/** The reranker of the environment, looked for where a request asks for one. */
function rerankingFor(requests: readonly SearchRequest[]): SearchOptions {
  return requests.some(({ rerank }) => rerank) ? { reranker: environmentReranker() } : {};
}

/** Searches until `close`, which waits for those that run before it releases the files. */
function searchesOf(
  index: LoadedIndex,
  release: () => Promise<unknown>,
): Pick<LocalIndex, "search" | "searchBatch" | "suggest" | "close"> {
  const running = new Set<Promise<unknown>>();
  let closed: Promise<void> | undefined;
  const run = async <T>(work: () => Promise<T>): Promise<T> => {
    if (closed) throw new AnnoyEdgeError("CLOSED", `Index ${index.name} has been closed. Open it again.`);
    const job = work();
    running.add(job);
    try {
      return await job;
    } finally {
      running.delete(job);
    }
  };
  return {
    search: (input) =>
      run(async () => {
        const request = parseSearchRequest(plainVector(input));
        return search(index, request, rerankingFor([request]));
      }),
    searchBatch: (searches) =>
      run(async () => {
        const requests = parseBatchRequest({
          searches: Array.isArray(searches) ? searches.map(plainVector) : searches,
        });
        return searchBatch(index, requests, rerankingFor(requests));
      }),
    suggest: (request) =>
      run(async () => suggestWith(openSearcher(index), validate(suggestRequestSchema, request))),
    close: () => {
      closed ??= Promise.allSettled(running)
        .then(release)
        .then(() => {});
      return closed;
    },
  };
}

/** Vectors of embedders are often typed arrays, which are no lists of JSON. */
function plainVector(input: unknown): unknown {
  if (typeof input !== "object" || input === null || !("vector" in input)) return input;
  const { vector } = input;
  return vector instanceof Float32Array || vector instanceof Float64Array
    ? { ...input, vector: Array.from(vector) }
    : input;
}

/**
 * The `forest.bin` of an artifact folder, all of it or its hot part, checked.
 *
 * @throws ArtifactError naming the file and its fault; AnnoyEdgeError `NOT_AN_ARTIFACT`
 */
export async function openForestFile(dir: string, part: "whole" | "hot" = "whole"): Promise<Artifact> {
  const path = join(dir, "forest.bin");
  try {
    const limit =
      part === "hot"
        ? decodeHeader(await readWhole(path, tableEnd(MAX_SECTIONS))).header.hotBytes
        : undefined;
    return openArtifact(await readWhole(path, limit));
  } catch (error) {
    throw inFile(path, error);
  }
}

const NO_EMBEDDER: OpenLocalOptions = { embedder: () => undefined };

/** The faults of an artifact speak of bytes; here they say of which file, and what to do. Other errors stay. */
function inFile(path: string, error: unknown): unknown {
  if (!(error instanceof ArtifactError)) return error;
  const advice = error.message.includes("Rebuild") ? "" : " Rebuild the artifact.";
  return new ArtifactError(error.code, `${path}: ${error.message}${advice}`, { cause: error });
}

/** @throws AnnoyEdgeError `EMBEDDER_MISMATCH`; a class that does not say who it is is taken at its word */
async function ownEmbedder(
  wanted: EmbedderIdentity,
  embeddings: Embedder | EmbeddingsLike,
): Promise<Embedder> {
  const embedder = await asEmbedder(embeddings, wanted.dimensions);
  if (isRecognised(embeddings)) requireSameEmbedder(wanted, embedder.identity);
  return embedder;
}

/** A file, or its first `limit` bytes, in one buffer. Unlike `readFile`, takes files above 2 GiB. */
export async function readWhole(
  path: string,
  limit = Number.POSITIVE_INFINITY,
): Promise<Uint8Array<ArrayBuffer>> {
  const file = await openForReading(path);
  try {
    const size = Math.min(limit, (await file.stat()).size);
    const bytes = new Uint8Array(size);
    let at = 0;
    while (at < size) {
      const { bytesRead } = await file.read(bytes, at, Math.min(size - at, 1 << 28), at);
      if (bytesRead === 0) return bytes.slice(0, at);
      at += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}
