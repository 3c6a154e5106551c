import { join } from "node:path";
import { openArtifactEmbedder } from "../../worker/core/embedding/artifact.ts";
import type { Embedder } from "../../worker/core/embedding/types.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { EmbedderIdentity } from "../../worker/core/format/meta.ts";
import { vectorsOf } from "../../worker/core/search/memory/vectors.ts";
import { ENCODER_FILE } from "../artifact/version.ts";
import type { EmbedderOptions } from "../embedding/build-embedder.ts";
import { textToEmbed } from "../embedding/documents.ts";
import { isEmbeddings, requireSameEmbedder } from "../embedding/identity.ts";
import {
  createQueryEmbedder,
  type EmbedderSetting,
  type OpenedEmbedder,
  openEmbedder,
  parseEmbedderSpec,
} from "../embedding/providers/index.ts";
import { embedTexts } from "../embedding/texts.ts";
import type { LocalIndex } from "../local/types.ts";
import type { Progress } from "../settings/progress.ts";
import type { ChangedDocument, ComparedPart } from "./documents.ts";

export interface VectorOptions extends EmbedderOptions {
  readonly embedFields: readonly string[];
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/**
 * The vectors of changed documents, row by row: those that came with them, those that earlier changes have, and for the
 * rest what the base's own embedder makes of the texts, with the base's table and whitening.
 *
 * @param dir the base's folder
 * @param opened the index or its router, which has the embedder, and its parts
 * @throws AnnoyEdgeError `EMBEDDER_MISMATCH`, `NO_EMBEDDER`, `DIMENSION_MISMATCH`
 */
export async function vectorsOfChanges(
  dir: string,
  opened: { readonly index: LocalIndex; readonly parts: readonly ComparedPart[] },
  documents: readonly ChangedDocument[],
  options: VectorOptions,
): Promise<Float32Array<SharedArrayBuffer>> {
  const { index, parts } = opened;
  const { dimensions } = index.forest;
  const vectors = new Float32Array(new SharedArrayBuffer(documents.length * dimensions * 4));
  const texts: string[] = [];
  const rows: number[] = [];
  for (const [row, { id, vector, before, ...document }] of documents.entries()) {
    if (vector) {
      if (vector.length !== dimensions) throw wrongLength(id, vector.length, dimensions);
      vectors.set(vector, row * dimensions);
    } else if (before !== undefined) {
      const [stored] = await vectorsOf(parts[before.part]!.index.changes!.added, [before.item]);
      vectors.set(stored!, row * dimensions);
    } else {
      rows.push(row);
      texts.push(textToEmbed(document, options.embedFields));
    }
  }
  if (texts.length === 0) return vectors;
  const { embedder, close } = await openOwn(dir, index, options);
  try {
    const made = await embedTexts(embedder, texts, { onProgress: options.onProgress });
    for (const [i, row] of rows.entries())
      vectors.set(made.subarray(i * dimensions, (i + 1) * dimensions), row * dimensions);
  } finally {
    await close();
  }
  return vectors;
}

/** The embedder that made the base's vectors. */
async function openOwn(
  dir: string,
  index: LocalIndex,
  { embedder: setting, cache, jobs }: EmbedderOptions,
): Promise<OpenedEmbedder & { readonly embedder: Embedder }> {
  const wanted = index.artifact.meta.embedder;
  const close = async () => {};
  if (!wanted) {
    throw new AnnoyEdgeError(
      "NO_EMBEDDER",
      `Index ${index.name} was built from vectors without an embedder. Give every document its vector.`,
    );
  }
  if (setting !== undefined) requireProvider(wanted, setting);
  const carried = openArtifactEmbedder(index.artifact);
  if (carried) return { embedder: carried, close };
  const options = { cache, jobs };
  if (setting !== undefined && wanted.provider !== "encoder") {
    const opened = await openEmbedder(setting, options);
    if (opened.embedder) {
      requireSameEmbedder(wanted, opened.embedder.identity);
      return { ...opened, embedder: opened.embedder };
    }
  }
  if (wanted.provider === "encoder") {
    const opened = await openEmbedder(
      { provider: "encoder", model: join(dir, ENCODER_FILE) },
      { cache, jobs },
    );
    if (opened.embedder) return { ...opened, embedder: opened.embedder };
  }
  const service = createQueryEmbedder(wanted);
  if (service) return { embedder: service, close };
  throw new AnnoyEdgeError(
    "NO_EMBEDDER",
    `The index was built with ${wanted.provider} (${wanted.model}), which is not at hand. Give the same embedder.`,
  );
}

/** Holds the provider that a setting names against the one of the build, which may be at hand without the setting. */
function requireProvider(wanted: EmbedderIdentity, setting: EmbedderSetting): void {
  if (typeof setting === "object" && isEmbeddings(setting)) return;
  const { provider } = typeof setting === "string" ? parseEmbedderSpec(setting) : setting;
  if (provider === wanted.provider) return;
  throw new AnnoyEdgeError(
    "EMBEDDER_MISMATCH",
    `The index was built with ${wanted.provider} (${wanted.model}), the embedder given is ${provider}. Leave it out, or build the index anew with it.`,
  );
}

function wrongLength(id: string, length: number, dimensions: number): AnnoyEdgeError {
  return new AnnoyEdgeError(
    "DIMENSION_MISMATCH",
    `Document ${JSON.stringify(id)} has a vector of ${length} numbers; the index has ${dimensions} dimensions.`,
  );
}
