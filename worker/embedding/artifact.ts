import { type Artifact, requireBytes, requireView } from "../format/artifact.ts";
import { ArtifactError } from "../format/errors.ts";
import { createStaticEmbedder } from "./static/embedder.ts";
import type { Embedder } from "./types.ts";
import { openWhitening } from "./whitening.ts";

/**
 * The query embedder that an artifact carries within itself (sections `embeddingTable` and `whitening`); undefined when
 * the index holds vectors only or its embedder needs a service, which the caller then provides.
 *
 * @throws ArtifactError `MISSING_SECTION`, `BAD_SECTION`, `CORRUPT_EMBEDDER`
 */
export function openArtifactEmbedder(artifact: Artifact): Embedder | undefined {
  const identity = artifact.meta.embedder;
  if (identity?.provider !== "static") return undefined;
  const { dimensions } = artifact.header;
  const whitening = identity.whitened
    ? openWhitening(requireView(artifact, "whitening", Float32Array), dimensions)
    : undefined;
  const embedder = createStaticEmbedder(requireBytes(artifact, "embeddingTable"), {
    model: identity.model,
    ...(whitening && { whitening }),
  });
  if (embedder.identity.dimensions !== dimensions) {
    throw new ArtifactError(
      "CORRUPT_EMBEDDER",
      `The embedding table has ${embedder.identity.dimensions} dimensions, the index ${dimensions}.`,
    );
  }
  return { ...embedder, identity };
}
