import { type Artifact, requireBytes, requireView } from "../format/artifact.ts";
import { ArtifactError } from "../format/errors.ts";
import type { EmbedderIdentity } from "../format/meta.ts";
import { createModel2VecEmbedder } from "./model2vec/embedder.ts";
import { createStaticEmbedder } from "./static/embedder.ts";
import type { CarriedEmbedder, Embedder } from "./types.ts";
import { openWhitening } from "./whitening.ts";

/**
 * The query embedder that an artifact carries within itself (sections `embeddingTable` and `whitening`); undefined when
 * the index holds vectors only or its embedder needs a service, which the caller then provides.
 *
 * @throws ArtifactError `MISSING_SECTION`, `BAD_SECTION`, `CORRUPT_EMBEDDER`
 */
export function openArtifactEmbedder(artifact: Artifact): Embedder | undefined {
  const identity = artifact.meta.embedder;
  if (identity?.provider !== "static" && identity?.provider !== "model2vec") return undefined;
  const { dimensions } = artifact.header;
  const table = requireBytes(artifact, "embeddingTable");
  const embedder =
    identity.provider === "static"
      ? openStatic(artifact, identity, table)
      : createModel2VecEmbedder(table, identity.model);
  if (embedder.identity.dimensions !== dimensions) {
    throw new ArtifactError(
      "CORRUPT_EMBEDDER",
      `The embedding table has ${embedder.identity.dimensions} dimensions, the index ${dimensions}.`,
    );
  }
  return { ...embedder, identity };
}

function openStatic(artifact: Artifact, identity: EmbedderIdentity, table: Uint8Array): CarriedEmbedder {
  const whitening = identity.whitened
    ? openWhitening(requireView(artifact, "whitening", Float32Array), artifact.header.dimensions)
    : undefined;
  return createStaticEmbedder(table, { model: identity.model, ...(whitening && { whitening }) });
}
