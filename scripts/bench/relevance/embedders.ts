import { createCachedEmbedder } from "../../../build/embedding/cache/embedder.ts";
import { openEmbeddingCache } from "../../../build/embedding/cache/store.ts";
import { loadStaticEmbedder } from "../../../build/embedding/index.ts";
import { loadEncoder } from "../../../build/embedding/sentence/embedder.ts";
import type { Embedder } from "../../../worker/core/embedding/types.ts";

/** An embedder to measure with; vectors of all but the static table are kept on disk. */
export interface MeasuredEmbedder extends AsyncDisposable {
  readonly name: string;
  readonly embedder: Embedder;
}

/**
 * @param setting `static`, or the path of an encoder file
 * @param cachePath file of the embedding cache
 */
export async function openEmbedder(setting: string, cachePath: string): Promise<MeasuredEmbedder> {
  if (setting === "static") {
    return { name: "static", embedder: await loadStaticEmbedder(), [Symbol.asyncDispose]: async () => {} };
  }
  const encoder = await loadEncoder(setting);
  return withCache(encoder, cachePath, encoder.close);
}

/** Puts the embedding cache in front of an embedder. */
export async function withCache(
  embedder: Embedder,
  cachePath: string,
  close?: () => Promise<void>,
): Promise<MeasuredEmbedder> {
  const cache = await openEmbeddingCache(cachePath);
  return {
    name: embedder.identity.model,
    embedder: createCachedEmbedder(embedder, cache),
    async [Symbol.asyncDispose]() {
      cache.close();
      await close?.();
    },
  };
}
