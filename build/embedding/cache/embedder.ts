import type { ServiceEmbedder } from "../../../worker/embedding/services/service.ts";
import type { Embedder } from "../../../worker/embedding/types.ts";
import type { EmbeddingCache } from "./store.ts";

/**
 * An embedder that asks `embedder` only for texts whose vectors `cache` does not keep, each of them once. What a request
 * brings is kept before the next is waited for, so that a build that was broken off goes on where it stopped. Queries
 * are not kept.
 */
export function createCachedEmbedder(embedder: ServiceEmbedder | Embedder, cache: EmbeddingCache): Embedder {
  const { identity } = embedder;
  return {
    identity,
    embedQuery: (text) => embedder.embedQuery(text),
    async embedDocuments(texts) {
      const kept = cache.get(identity, texts);
      const wanted = new Map<string, number[]>();
      for (const [i, text] of texts.entries()) if (!kept[i]) wanted.set(text, []);
      const missing = [...wanted.keys()];
      if (missing.length > 0) {
        const stored = new Set<number>();
        const keep = (positions: readonly number[], vectors: readonly number[][]) => {
          cache.put(
            identity,
            positions.map((i) => missing[i]!),
            vectors,
          );
          for (const i of positions) stored.add(i);
        };
        const vectors = await embedder.embedDocuments(missing, keep);
        // Embedders of LangChain's know nothing of `keep`: what they gave is kept now.
        const rest = [...missing.keys()].filter(
          (i) => !stored.has(i) && vectors[i]?.length === identity.dimensions,
        );
        if (rest.length > 0) {
          keep(
            rest,
            rest.map((i) => vectors[i]!),
          );
        }
        for (const [i, text] of missing.entries()) wanted.set(text, vectors[i] ?? []);
      }
      return texts.map((text, i) => {
        const vector = kept[i];
        // Through float32 in either case: a rebuild from the cache gives the same bytes.
        return vector ? Array.from(vector) : Array.from(Float32Array.from(wanted.get(text)!));
      });
    },
  };
}
