import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Encoder, openEncoder } from "../../../worker/core/embedding/encoder/encoder.ts";
import { openKernel } from "../../../worker/core/embedding/encoder/kernel.ts";
import type { Embedder } from "../../../worker/core/embedding/types.ts";
import { AnnoyEdgeError, ArtifactError } from "../../../worker/core/format/errors.ts";
import type { EmbedderIdentity } from "../../../worker/core/format/meta.ts";
import type { FolderWriter } from "../../artifact/folder.ts";
import { ENCODER_FILE } from "../../artifact/version.ts";
import { kernelModule } from "../encoder/kernel/load.ts";

/** Writes the encoder of an index beside its artifact, for queries here and for publishing. */
export async function writeEncoderFile(
  folder: Pick<FolderWriter, "createFile">,
  bytes: Uint8Array | undefined,
): Promise<void> {
  if (!bytes) return;
  const file = await folder.createFile(ENCODER_FILE);
  await file.write(bytes);
  await file.close();
}

/**
 * Opens the encoder of an artifact folder, which must be the one that made the index.
 *
 * @throws AnnoyEdgeError `EMBEDDER_NOT_FOUND`, `EMBEDDER_MISMATCH`; ArtifactError for a file that is no encoder
 */
export async function openEncoderFile(dir: string, identity: EmbedderIdentity): Promise<Encoder> {
  const path = join(dir, ENCODER_FILE);
  const bytes = await readEncoderFile(dir);
  let encoder: Encoder;
  try {
    encoder = openEncoder(bytes, openKernel(await kernelModule()));
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    throw new ArtifactError(error.code, `${path}: ${error.message} Rebuild the artifact.`, { cause: error });
  }
  const { contentHash } = encoder.identity;
  if (contentHash !== identity.contentHash) {
    throw new AnnoyEdgeError(
      "EMBEDDER_MISMATCH",
      `${path} is the encoder ${contentHash}; the index was built with ${identity.contentHash}. Rebuild the artifact.`,
    );
  }
  return encoder;
}

/** @throws AnnoyEdgeError `EMBEDDER_NOT_FOUND` */
async function readEncoderFile(dir: string): Promise<Uint8Array> {
  const path = join(dir, ENCODER_FILE);
  try {
    return await readFile(path);
  } catch (cause) {
    const message = `${path} cannot be read: the index needs it to embed queries. Rebuild the artifact.`;
    throw new AnnoyEdgeError("EMBEDDER_NOT_FOUND", message, { cause });
  }
}

/** Embeds queries with the encoder of an artifact folder, which is read when the first one comes. */
export function folderEmbedder(dir: string, identity: EmbedderIdentity): Embedder {
  let opened: Promise<Encoder> | undefined;
  const encoder = (): Promise<Encoder> => {
    opened ??= openEncoderFile(dir, identity);
    return opened;
  };
  return {
    identity,
    embedDocuments: async (texts) => (await encoder()).embedDocuments(texts),
    embedQuery: async (text) => (await encoder()).embedQuery(text),
    embedQueries: async (texts, work) => (await encoder()).embedQueries(texts, work),
  };
}
