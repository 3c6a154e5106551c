import { join } from "node:path";
import { openAnnoyForest } from "../../worker/core/forest/annoy/forest.ts";
import { type SlotTable, slotOf } from "../../worker/core/forest/slots.ts";
import type { AnnoyLayout } from "../../worker/core/format/annoy.ts";
import { openArtifact } from "../../worker/core/format/artifact.ts";
import type { Metric } from "../../worker/core/format/constants.ts";
import { writeDocuments } from "../artifact/documents.ts";
import { type BuildResult, writeFolder } from "../artifact/folder.ts";
import { type BuiltForest, encodeDraft, writeArtifact } from "../artifact/folder-files.ts";
import { tableSection } from "../embedding/corpus.ts";
import { type EmbedderSetting, openEmbedder } from "../embedding/providers/index.ts";
import { encoderBytesOf } from "../embedding/sentence/embedder.ts";
import { writeEncoderFile } from "../embedding/sentence/folder.ts";
import { certifyImported } from "../recall/imported.ts";
import { OptionError } from "../settings/errors.ts";
import { indexName } from "../settings/names.ts";
import { oneOf } from "../settings/options.ts";
import type { Progress } from "../settings/progress.ts";
import { withLanguages } from "../text/languages.ts";
import { checkText, type TextOptions, textOptionsOf } from "../text/options.ts";
import { buildTextSections } from "../text/thread.ts";
import { type AnnoyDocuments, writeItemDocuments } from "./documents.ts";
import { AnnoyFileError } from "./errors.ts";
import { type AnnoyData, readAnnoy } from "./read.ts";
import { type AnnoyCodec, annoySections } from "./sections.ts";

/** Options of both kinds of import. */
export interface ImportOptions extends Omit<TextOptions, "grouping"> {
  /** The artifact folder to write; one that is there already is replaced when the new one is whole. */
  readonly out: string;
  /**
   * Codec of the vectors. `float32` (default) keeps Annoy's answers to the bit; `int8` and `int4` keep its trees and
   * recode the vectors.
   */
  readonly codec?: AnnoyCodec;
  /** Embedder that made the vectors, for queries as text; default none. */
  readonly embedder?: EmbedderSetting;
  /** Name under which it is published; default: the first that the Worker configured here serves, else `index`. */
  readonly name?: string;
  readonly onProgress?: (progress: Progress) => void;
}

export interface ImportAnnoyOptions extends ImportOptions {
  /** The file does not say how many dimensions its vectors have, nor by which metric it was built. */
  readonly dimensions: number;
  readonly metric: Metric;
  /** Layout of dot and hamming, of the two there are; recognised when left out. */
  readonly layout?: AnnoyLayout;
  /**
   * The documents of the items: a `.jsonl` file or documents, in item order. With a field `item` each says whose it
   * is, else they belong to the existing items one after the other. Left out: empty documents with the item number as id.
   */
  readonly documents?: AnnoyDocuments;
}

const CODECS: readonly AnnoyCodec[] = ["float32", "int8", "int4"];

/**
 * Turns a file of Spotify's Annoy into an artifact that keeps its trees: the same nodes are visited, and under codec
 * float32 the same items come back in the same order with the same distances.
 *
 * @throws AnnoyFileError when the file is damaged, or was built with another metric or number of dimensions
 */
export async function importAnnoy(file: string, options: ImportAnnoyOptions): Promise<BuildResult> {
  checkImport(options);
  const { dimensions, metric, layout } = options;
  const data = readAnnoy(file, { dimensions, metric, ...(layout && { layout }) });
  return writeImported(data, options.documents, options, { importedFrom: "annoy" });
}

/** Checks the settings before any work. @throws OptionError */
export function checkImport(options: ImportOptions): void {
  if (!options.out) throw new OptionError("out is missing: the folder to write the artifact to.");
  oneOf("codec", options.codec ?? "float32", CODECS);
  checkText(options);
  indexName(options.name);
}

/** Writes the artifact folder of an index that was read. */
export async function writeImported(
  data: AnnoyData,
  given: AnnoyDocuments | undefined,
  options: ImportOptions,
  notes: Readonly<Record<string, unknown>>,
): Promise<BuildResult> {
  const { onProgress } = options;
  const { metric, dimensions, nItems, layout } = data.trees;
  const items = existingItems(data.slots);
  if (items.length === 0) {
    throw new AnnoyFileError(
      "ANNOY_EMPTY_FILE",
      "The Annoy index holds no items: there is nothing to import.",
    );
  }
  // The vectors are there already: it will only embed queries, so nothing is cached.
  const { embedder } = await openEmbedder(options.embedder ?? "none", { cache: false });
  if (embedder && embedder.identity.dimensions !== dimensions) {
    throw new OptionError(
      `The index has ${dimensions} dimensions; the embedder ${embedder.identity.provider} (${embedder.identity.model}) makes ${embedder.identity.dimensions}.`,
    );
  }
  return writeFolder(options.out, [], async (folder) => {
    const writer = writeDocuments(await folder.createFile("documents.jsonl"));
    const { ids, hasText } = await writeItemDocuments(given, items, nItems, writer, onProgress);
    const documents = await writer.close();
    const path = join(folder.path, "documents.jsonl");
    const input = { nItems, hasText };
    const languages = await withLanguages(textOptionsOf(options), path, input);
    const text = await buildTextSections(path, input, languages, onProgress);
    onProgress?.({ phase: "certify", done: 0, total: 1 });
    const built = certified(annoySections(data, options.codec ?? "float32"), items);
    onProgress?.({ phase: "certify", done: 1, total: 1 });
    const manifest = await writeArtifact(folder, {
      name: indexName(options.name),
      built,
      ids,
      documents,
      embedder: embedder?.identity ?? null,
      sections: [...tableSection(embedder), ...text.sections],
      meta: text.meta,
      source: { ...notes, metric, layout },
    });
    await writeEncoderFile(folder, encoderBytesOf(embedder));
    return { out: options.out, manifest };
  });
}

export function existingItems(slots: SlotTable): Uint32Array {
  const items = new Uint32Array(slots.nItems);
  let count = 0;
  for (let item = 0; item < slots.nItems; item++) if (slotOf(slots, item) >= 0) items[count++] = item;
  return items.subarray(0, count);
}

/** The same forest with the recall that a reader of it measures. */
function certified(built: BuiltForest, items: Uint32Array): BuiltForest {
  const draft = openArtifact(encodeDraft({ built }), { trusted: true });
  const recall = certifyImported(openAnnoyForest(draft), items);
  if (!recall) return built;
  return {
    ...built,
    header: { ...built.header, certifiedRecall: recall.recallAt10 },
    certified: recall,
  };
}
