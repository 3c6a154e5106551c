import { readFile } from "node:fs/promises";
import { createCachedEmbedder } from "../../../build/embedding/cache/embedder.ts";
import { openEmbeddingCache } from "../../../build/embedding/cache/store.ts";
import { loadKernel } from "../../../build/embedding/encoder/kernel/load.ts";
import { loadStaticEmbedder } from "../../../build/embedding/index.ts";
import { openEncoder } from "../../../worker/core/embedding/encoder/encoder.ts";
import type { Embedder } from "../../../worker/core/embedding/types.ts";

/** An embedder to measure with; vectors of an encoder are kept on disk, those of queries too. */
export interface MeasuredEmbedder {
  readonly name: string;
  readonly embedder: Embedder;
  close(): void;
}

/** Texts that an encoder embeds at a time: what a broken run loses. */
const BATCH = 32;

/**
 * @param setting `static`, or the path of an encoder file
 * @param cachePath file of the embedding cache
 */
export async function openMeasured(setting: string, cachePath: string): Promise<MeasuredEmbedder> {
  if (setting === "static") return { name: "static", embedder: await loadStaticEmbedder(), close() {} };
  const encoder = openEncoder(await readFile(setting), await loadKernel());
  const cache = await openEmbeddingCache(cachePath);
  const inBatches = async (texts: string[]): Promise<number[][]> => {
    const vectors: number[][] = [];
    for (let at = 0; at < texts.length; at += BATCH) {
      const batch = texts.slice(at, at + BATCH);
      const found = await encoder.embedDocuments(batch);
      cache.put(encoder.identity, batch, found);
      vectors.push(...found);
    }
    return vectors;
  };
  const queryIdentity = { ...encoder.identity, model: `${encoder.identity.model}#query` };
  const { identity, embedDocuments } = createCachedEmbedder(
    { ...encoder, embedDocuments: inBatches, embedQuery: encoder.embedQuery },
    cache,
  );
  return {
    name: identity.model,
    embedder: {
      identity,
      embedDocuments: (texts) => embedDocuments(texts),
      async embedQuery(text) {
        const [kept] = cache.get(queryIdentity, [text]);
        if (kept) return Array.from(kept);
        const vector = await encoder.embedQuery(text);
        cache.put(queryIdentity, [text], [vector]);
        return vector;
      },
    },
    close: () => cache.close(),
  };
}
