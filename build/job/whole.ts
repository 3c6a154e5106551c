import { join } from "node:path";
import type { Metric } from "../../worker/core/format/constants.ts";
import type { FusionMeta, Manifest, ManifestFile } from "../../worker/core/format/meta.ts";
import type { FolderWriter } from "../artifact/folder.ts";
import { writeArtifact } from "../artifact/folder-files.ts";
import type { Corpus } from "../embedding/documents.ts";
import { buildForest } from "../forest/build-forest.ts";
import type { ForestSettings } from "../settings/options.ts";
import type { Progress } from "../settings/progress.ts";
import { type Calibrated, calibrate } from "../text/calibrate.ts";
import type { CurationSections } from "../text/curation/compile.ts";
import { withLanguages } from "../text/languages.ts";
import type { TextOptions, TextPlan } from "../text/options.ts";
import { buildTextSections } from "../text/thread.ts";

/** Input of an artifact that holds its items itself; its `documents.jsonl` lies in the folder already. */
export interface WholeParts {
  readonly name: string;
  readonly metric: Metric;
  readonly settings: ForestSettings;
  readonly text: TextOptions & { readonly plan?: TextPlan };
  /** Docstore id of item i. */
  readonly ids: readonly string[];
  readonly hasText: boolean;
  readonly documents: ManifestFile;
  readonly corpus: Corpus;
  /** Weights of words and vectors, where known; measured otherwise. */
  readonly fusion?: { readonly fusion?: FusionMeta };
  readonly source: Readonly<Record<string, unknown>>;
  readonly curation?: CurationSections;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Indexes texts and vectors and writes `forest.bin` and `manifest.json`. */
export async function writeWhole(
  folder: Pick<FolderWriter, "path" | "createFile">,
  parts: WholeParts,
): Promise<Manifest> {
  const { name, metric, settings, ids, hasText, documents, corpus, source, onProgress } = parts;
  const { vectors, dimensions } = corpus;
  const path = join(folder.path, "documents.jsonl");
  const nItems = ids.length;
  // A part of more has been told the languages of the whole.
  const text = parts.text.plan ? parts.text : await withLanguages(parts.text, path, { nItems, hasText });
  // Texts are indexed beside the work with the vectors, whose progress is what shows until it is done.
  let waiting = false;
  const texts = buildTextSections(path, { nItems, hasText }, text, (progress) => {
    if (waiting) onProgress?.(progress);
  });
  // Awaited below; a failure before that must not end the process.
  texts.catch(() => {});
  const measured = async (): Promise<Calibrated> => {
    if (text.keyword === false || !hasText) return {};
    const vectorOf = (item: number) => vectors.subarray(item * dimensions, (item + 1) * dimensions);
    return calibrate(
      path,
      { metric, embedder: corpus.embedder, vectorOf, nItems, seed: settings.seed },
      text,
    );
  };
  const { fusion, texts: asked }: Calibrated = parts.fusion ?? (await measured());
  const built = await buildForest(
    { vectors, dimensions, metric, ...(asked && { texts: asked }) },
    { ...settings, ...(onProgress && { onProgress }) },
  );
  waiting = true;
  const sections = await texts;
  return writeArtifact(folder, {
    name,
    built,
    ids,
    documents,
    embedder: corpus.identity,
    sections: [...corpus.sections, ...sections.sections, ...(parts.curation?.sections ?? [])],
    meta: {
      ...sections.meta,
      ...(fusion && { fusion }),
      ...parts.curation?.meta,
      ...(corpus.cutTexts !== undefined && { cutTexts: corpus.cutTexts }),
    },
    source,
  });
}
