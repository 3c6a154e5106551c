import { readFile } from "node:fs/promises";
import { createCachedEmbedder } from "../../../build/embedding/cache/embedder.ts";
import { openEmbeddingCache } from "../../../build/embedding/cache/store.ts";
import { loadKernel } from "../../../build/embedding/encoder/kernel/load.ts";
import { loadStaticEmbedder } from "../../../build/embedding/index.ts";
import { openEncoder } from "../../../worker/core/embedding/encoder/encoder.ts";
import type { Embedder } from "../../../worker/core/embedding/types.ts";

/** An embedder to measure with; vectors of all but the static table are kept on disk, those of queries too. */
export interface MeasuredEmbedder {
  readonly name: string;
  readonly embedder: Embedder;
  embedQueries(texts: readonly string[]): Promise<Float32Array[]>;
  close(): void;
}

/** Texts that an encoder embeds at a time: what a broken run loses. */
const BATCH = 32;
/** Texts that another embedder embeds at a time: starting it takes seconds. */
const LARGE_BATCH = 4096;

/**
 * @param setting `static`, or the path of an encoder file
 * @param cachePath file of the embedding cache
 */
export async function openMeasured(setting: string, cachePath: string): Promise<MeasuredEmbedder> {
  if (setting !== "static") {
    return measuredBy(openEncoder(await readFile(setting), await loadKernel()), cachePath, BATCH);
  }
  const embedder = await loadStaticEmbedder();
  return {
    name: "static",
    embedder,
    embedQueries: (texts) =>
      Promise.all(texts.map(async (text) => Float32Array.from(await embedder.embedQuery(text)))),
    close() {},
  };
}

/** Puts the embedding cache in front of an embedder. */
export async function measuredBy(
  embedder: Embedder,
  cachePath: string,
  batchSize = LARGE_BATCH,
): Promise<MeasuredEmbedder> {
  const cache = await openEmbeddingCache(cachePath);
  const inBatches = async (texts: string[]): Promise<number[][]> => {
    const vectors: number[][] = [];
    for (let at = 0; at < texts.length; at += batchSize) {
      const batch = texts.slice(at, at + batchSize);
      const found = await embedder.embedDocuments(batch);
      cache.put(embedder.identity, batch, found);
      vectors.push(...found);
    }
    return vectors;
  };
  const queryIdentity = { ...embedder.identity, model: `${embedder.identity.model}#query-parts` };
  const { identity, embedDocuments } = createCachedEmbedder(
    { ...embedder, embedDocuments: inBatches, embedQuery: embedder.embedQuery },
    cache,
  );
  const embedQuery = async (text: string): Promise<number[]> => {
    const [kept] = cache.get(queryIdentity, [text]);
    if (kept) return Array.from(kept);
    const vector = await embedder.embedQuery(text);
    cache.put(queryIdentity, [text], [vector]);
    return vector;
  };
  return {
    name: identity.model,
    embedder: { identity, embedDocuments: (texts) => embedDocuments(texts), embedQuery },
    async embedQueries(texts) {
      // Without prefixes a query is a text like any other, and many are embedded at once.
      const alike = identity.queryPrefix === identity.documentPrefix;
      const rows = alike ? await embedDocuments([...texts]) : await Promise.all(texts.map(embedQuery));
      return rows.map((row) => Float32Array.from(row));
    },
    close: () => cache.close(),
  };
}
