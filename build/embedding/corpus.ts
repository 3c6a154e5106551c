import { createStaticEmbedder } from "../../worker/core/embedding/static/embedder.ts";
import type { CarriedEmbedder, Embedder } from "../../worker/core/embedding/types.ts";
import { openWhitening } from "../../worker/core/embedding/whitening.ts";
import type { SectionSource } from "../artifact/layout.ts";
import { isCarried } from "./identity.ts";
import { type EmbedOptions, embedTexts } from "./texts.ts";
import { computeWhitening, whitenVectors } from "./whitening.ts";

/** A corpus's vectors, and all that the artifact needs to embed a query the same way. */
export interface EmbeddedCorpus {
  /** Row r is text r, over shared memory. */
  readonly vectors: Float32Array<SharedArrayBuffer>;
  /** Embeds queries as the artifact's reader will; its identity belongs in the artifact's meta. */
  readonly embedder: Embedder;
  /** Sections `embeddingTable` and `whitening`, when the artifact carries its embedder. */
  readonly sections: SectionSource[];
}

/**
 * Embeds a corpus. With the static embedder the vectors are then partly whitened by the corpus itself, and the returned
 * embedder does the same to queries.
 */
export async function embedCorpus(
  embedder: Embedder,
  texts: Iterable<string> | AsyncIterable<string>,
  options: EmbedOptions = {},
): Promise<EmbeddedCorpus> {
  const vectors = await embedTexts(embedder, texts, options);
  const { matrix, ...carried } = carriedBy(embedder, vectors);
  if (matrix) whitenVectors(matrix, vectors, embedder.identity.dimensions);
  return { vectors, ...carried };
}

/**
 * Sections of an embedder in the artifact, and the embedder of its queries.
 *
 * @param vectors some or all of the corpus, embedded, by which a static embedder is whitened; none: it is not
 * @returns with the `matrix` that the corpus's vectors are to be multiplied by, if any
 */
export function carriedBy(
  embedder: Embedder,
  vectors: Float32Array | undefined,
): Omit<EmbeddedCorpus, "vectors"> & { readonly matrix?: Float32Array } {
  const table = tableSection(embedder);
  if (!vectors || !isWhitened(embedder)) return { embedder, sections: table };
  const { tableBytes, identity } = embedder;
  const matrix = computeWhitening(vectors, identity.dimensions, tableBytes);
  const whitening = openWhitening(matrix, identity.dimensions);
  return {
    embedder: createStaticEmbedder(tableBytes, { model: identity.model, whitening }),
    sections: [...table, { name: "whitening", hot: true, bytes: new Uint8Array(matrix.buffer) }],
    matrix,
  };
}

/** Section `embeddingTable` of an embedder that is one; none of any other. */
export function tableSection(embedder: Embedder | undefined): SectionSource[] {
  return isCarried(embedder) ? [{ name: "embeddingTable", hot: true, bytes: embedder.tableBytes }] : [];
}

/** Whether a corpus of this embedder's vectors is to be whitened by itself. */
export function isWhitened(embedder: Embedder): embedder is CarriedEmbedder {
  return isCarried(embedder) && embedder.identity.provider === "static" && !embedder.identity.whitened;
}
