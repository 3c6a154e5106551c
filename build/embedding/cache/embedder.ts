import type { Embedder } from "../../../worker/core/embedding/types.ts";
import type { EmbedderIdentity } from "../../../worker/core/format/meta.ts";
import type { ServiceEmbedder } from "../../../worker/services/service.ts";
import type { EmbeddingCache } from "./store.ts";

/** An embedder of which its identity does not say everything that its vectors depend on. */
export interface DistinctEmbedder extends Embedder {
  /** Its identity with the rest of it in the model's name: vectors are kept under this. */
  readonly keptAs: EmbedderIdentity;
}

/**
 * An embedder that asks `embedder` only for texts whose vectors `cache` does not keep, each of them once. What a request
 * brings is kept before the next is waited for, so that a build that was broken off goes on where it stopped. Queries
 * are not kept.
 */
export function createCachedEmbedder(
  embedder: ServiceEmbedder | DistinctEmbedder | Embedder,
  cache: EmbeddingCache,
): ServiceEmbedder & Pick<DistinctEmbedder, "keptAs"> {
  const { identity } = embedder;
  const keptAs = keptAsOf(embedder);
  return {
    // An encoder says more of itself than an embedder must.
    ...embedder,
    identity,
    keptAs,
    incremental: true,
    embedQuery: (text) => embedder.embedQuery(text),
    async embedDocuments(texts, onVectors) {
      const vectors: (number[] | undefined)[] = cache
        .get(keptAs, texts)
        .map((kept) => kept && Array.from(kept));
      const places = [...texts.keys()].filter((i) => !vectors[i]);
      // Each text once, with the places where it stands.
      const missing = Map.groupBy(places, (place) => texts[place]!);
      const wanted = [...missing.keys()];
      const stored = new Set<number>();
      const keep = (positions: readonly number[], found: readonly number[][]) => {
        cache.put(
          keptAs,
          positions.map((i) => wanted[i]!),
          found,
        );
        for (const [n, i] of positions.entries()) {
          stored.add(i);
          // Through float32 as what comes from the cache: a rebuild from there gives the same bytes.
          for (const place of missing.get(wanted[i]!)!)
            vectors[place] = Array.from(Float32Array.from(found[n]!));
        }
        tell(positions.flatMap((i) => missing.get(wanted[i]!)!));
      };
      const tell = (places: readonly number[]) =>
        onVectors?.(
          places,
          places.map((place) => vectors[place]!),
        );
      tell([...texts.keys()].filter((i) => vectors[i]));
      if (wanted.length > 0) {
        const found = isIncremental(embedder)
          ? await embedder.embedDocuments(wanted, keep)
          : await embedder.embedDocuments(wanted);
        // Embedders that tell nothing meanwhile: what they gave is kept now. Faulty vectors are the caller's to refuse.
        const rest = [...wanted.keys()].filter((i) => !stored.has(i));
        const sound = rest.filter((i) => found[i]?.length === identity.dimensions);
        if (sound.length < rest.length || found.length !== wanted.length) return found;
        if (rest.length > 0) {
          keep(
            rest,
            rest.map((i) => found[i]!),
          );
        }
      }
      return vectors.map((vector) => vector!);
    },
  };
}

/** Key of an embedder in the cache: everything that decides its vectors. */
export function keptAsOf(embedder: Embedder | DistinctEmbedder): EmbedderIdentity {
  return "keptAs" in embedder ? embedder.keptAs : embedder.identity;
}

export function isIncremental(embedder: Embedder): embedder is ServiceEmbedder {
  return "incremental" in embedder;
}
