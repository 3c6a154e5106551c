import { dirname, resolve } from "node:path";
import { openEncoder } from "../../../worker/core/embedding/encoder/encoder.ts";
import type { EmbedderIdentity } from "../../../worker/core/format/meta.ts";
import { OptionError } from "../../settings/errors.ts";
import { makeFolder } from "../../settings/make-folder.ts";
import { writeWholeFile } from "../../settings/partial.ts";
import { type EncodeOptions, encodeModel } from "./encode.ts";
import { type FolderOptions, readFolder } from "./folder.ts";
import { keepLanguages, keepVocabulary } from "./keep.ts";
import { loadKernel } from "./kernel/load.ts";

export interface ImportEncoderOptions extends FolderOptions, Pick<EncodeOptions, "tokenTable"> {
  /** File to write. */
  readonly out: string;
  /** Keep only tokens that texts in these languages need: ISO 639-1. */
  readonly languages?: readonly string[] | undefined;
  /** Keep only tokens that these text files have, and single characters. */
  readonly vocabulary?: readonly string[] | undefined;
}

export interface ImportEncoderResult {
  readonly out: string;
  readonly bytes: number;
  /** Tokens of the vocabulary that were kept. */
  readonly tokens: number;
  readonly identity: EmbedderIdentity;
}

/**
 * Turns a Hugging Face folder of a sentence encoder into the one file that Node and the Worker read.
 *
 * @throws ModelError `MODEL_NOT_FOUND`, `BAD_MODEL`, `MODEL_UNSUPPORTED`; OptionError
 */
export async function importEncoder(
  folder: string,
  options: ImportEncoderOptions,
): Promise<ImportEncoderResult> {
  const { languages, vocabulary, tokenTable } = options;
  if (languages && vocabulary) {
    throw new OptionError("languages and vocabulary both choose the tokens that are kept: name one of them.");
  }
  const model = await readFolder(folder, options);
  const keep = vocabulary ? await keepVocabulary(model, vocabulary) : languages && keepLanguages(languages);
  const { bytes, tokens } = encodeModel(model, { tokenTable, keep });
  const { identity } = openEncoder(bytes, await loadKernel());
  const out = resolve(options.out);
  makeFolder(dirname(out));
  await writeWholeFile(out, (file) => file.writeFile(bytes));
  return { out, bytes: bytes.byteLength, tokens, identity };
}
