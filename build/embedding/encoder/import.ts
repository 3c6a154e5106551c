import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { openEncoder } from "../../../worker/core/embedding/encoder/encoder.ts";
import type { EmbedderIdentity } from "../../../worker/core/format/meta.ts";
import { type EncodeOptions, encodeModel } from "./encode.ts";
import { type FolderOptions, readFolder } from "./folder.ts";
import { loadKernel } from "./kernel/load.ts";

export interface ImportEncoderOptions extends FolderOptions, Pick<EncodeOptions, "tokenTable"> {
  /** File to write. */
  readonly out: string;
}

export interface ImportEncoderResult {
  readonly out: string;
  readonly bytes: number;
  readonly identity: EmbedderIdentity;
}

/**
 * Turns a Hugging Face folder of a sentence encoder into the one file that Node and the Worker read.
 *
 * @throws ModelError `MODEL_NOT_FOUND`, `BAD_MODEL`, `MODEL_UNSUPPORTED`
 */
export async function importEncoder(
  folder: string,
  options: ImportEncoderOptions,
): Promise<ImportEncoderResult> {
  const bytes = encodeModel(await readFolder(folder, options), options);
  const { identity } = openEncoder(bytes, await loadKernel());
  const out = resolve(options.out);
  await mkdir(dirname(out), { recursive: true });
  await writeFile(`${out}.partial`, bytes);
  await rename(`${out}.partial`, out);
  return { out, bytes: bytes.byteLength, identity };
}
