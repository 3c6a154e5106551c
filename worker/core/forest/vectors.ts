import { type Artifact, requireBytes, requireView, sectionBytes } from "../format/artifact.ts";
import { ArtifactError } from "../format/errors.ts";
import type { ArtifactHeader } from "../format/header.ts";
import { sumStore, type VectorStore, vectorBytes, vectorStore } from "./vector-stores.ts";

export type VectorTier = "vectors" | "rescore";

/**
 * Opens the vectors of the codec, or those of the rescoring tier. Undefined when the artifact has none of that
 * tier, or its bytes are not in memory.
 *
 * @throws ArtifactError when a section has the wrong length
 */
export function openVectors(artifact: Artifact, tier: VectorTier): VectorStore | undefined {
  const { metric, dimensions, nSlots: count } = artifact.header;
  const codec = tier === "vectors" ? artifact.header.codec : artifact.header.rescore;
  const name = tier === "vectors" ? "vectors" : "rescoreVectors";
  if (codec === "none" || !sectionBytes(artifact, name)) return undefined;
  if (codec === "binary" && metric !== "hamming") {
    throw new ArtifactError(
      "CORRUPT_VECTORS",
      "Codec binary keeps its codes in section sketches, not in vectors.",
    );
  }
  const bytes = requireBytes(artifact, name, count * vectorBytes(metric, codec, dimensions));
  const { scales, norms } = openFactors(artifact, tier);
  const store = vectorStore({ metric, codec, dimensions, count, bytes, scales, norms });
  if (tier === "vectors" || !holdsResiduals(artifact.header)) return store;
  const base = openVectors(artifact, "vectors");
  return base && sumStore(base, store, metric, norms);
}

/**
 * Whether the rescoring rows hold residuals of the resident codes instead of whole vectors: two coarse codes, one on top
 * of the other, are as fine as one of both lengths together.
 */
export function holdsResiduals({
  metric,
  codec,
  rescore,
}: Pick<ArtifactHeader, "metric" | "codec" | "rescore">): boolean {
  return (
    metric !== "hamming" &&
    (codec === "int8" || codec === "int4") &&
    (rescore === "int8" || rescore === "int4")
  );
}

/** The scales and lengths that go with a tier's codes, as far as its codec and metric have them. */
export function openFactors(
  artifact: Artifact,
  tier: VectorTier,
): { scales: Float32Array | undefined; norms: Float32Array | undefined } {
  const { metric, nSlots: count } = artifact.header;
  const codec = tier === "vectors" ? artifact.header.codec : artifact.header.rescore;
  const scaled = metric !== "hamming" && (codec === "int8" || codec === "int4");
  const name = tier === "vectors" ? "vectorScales" : "rescoreScales";
  return {
    scales: scaled ? requireView(artifact, name, Float32Array, count) : undefined,
    norms:
      metric === "angular" && sectionBytes(artifact, "vectorNorms")
        ? requireView(artifact, "vectorNorms", Float32Array, count)
        : undefined,
  };
}
