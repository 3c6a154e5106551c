import { join } from "node:path";
import type { Manifest } from "../../worker/format/meta.ts";
import { buildForest } from "../forest/build.ts";
import type { Progress } from "../forest/types.ts";
import { writeArtifact } from "./artifact.ts";
import { collect } from "./collect.ts";
import { makeCorpus } from "./corpus.ts";
import { writeDocuments } from "./documents.ts";
import { type BuildEmbedder, type EmbedderOptions, openBuildEmbedder } from "./embedder.ts";
import { OptionError } from "./errors.ts";
import { fingerprint } from "./fingerprint.ts";
import { beginFolder } from "./folder.ts";
import { type InputOptions, inputOf } from "./input.ts";
import { indexName } from "./names.ts";
import { type ForestOptions, forestSettings } from "./options.ts";
import { buildTextSections, calibrate, checkText, type TextOptions, textOptionsOf } from "./text.ts";

/** Everything that `annoy-edge build` takes. */
export interface BuildOptions extends InputOptions, ForestOptions, TextOptions, EmbedderOptions {
  /** The artifact folder to write; one that is there already is replaced when the new one is whole. */
  readonly out: string;
  /** Name under which it is published; default: `INDEX_NAME` of the wrangler.toml here, else `index`. */
  readonly name?: string;
  /** Kept in the manifest under `source`, as JSON: what the documents are. Part of the artifact's bytes. */
  readonly notes?: Readonly<Record<string, unknown>>;
  readonly onProgress?: (progress: Progress) => void;
}

export interface BuildResult {
  /** The artifact folder. */
  readonly out: string;
  readonly manifest: Manifest;
}

/**
 * Documents to artifact: read, split, embed, index, write. The folder at `out` appears (or is replaced) only when it is
 * whole. The same documents, settings and seed give the same bytes, whatever the number of jobs.
 *
 * @throws OptionError for a setting that cannot be, before any work; AnnoyEdgeError otherwise
 */
export async function build(options: BuildOptions): Promise<BuildResult> {
  // Only a build that compares itself with another may come to nothing.
  return (await buildUnlessEqual(options, undefined)) as BuildResult;
}

/** As {@link build}; undefined, and nothing written, when the same documents and settings made `known`. */
export async function buildUnlessEqual(
  options: BuildOptions,
  known: Manifest | undefined,
): Promise<BuildResult | undefined> {
  const { onProgress } = options;
  const input = inputOf(options);
  if (!options.out) throw new OptionError("out is missing: the folder to write the artifact to.");
  const name = indexName(options.name);
  const { metric, settings } = forestSettings(options);
  checkText(options);
  const text = textOptionsOf(options);
  const folder = await beginFolder(options.out);
  let opened: BuildEmbedder | undefined;
  try {
    opened = await openBuildEmbedder(options);
    const path = join(folder.path, "documents.jsonl");
    const writer = writeDocuments(await folder.createFile("documents.jsonl"));
    const collected = await collect(input.documents(), writer, onProgress);
    const { ids, given, hasText } = collected;
    const documents = await writer.close();
    const embedder = await opened.resolve(given !== undefined);
    const notes = { ...input.notes, ...options.notes };
    const print = fingerprint({
      name,
      metric,
      settings,
      text: { ...text, embedFields: input.embedFields },
      notes,
      embedder: embedder?.identity ?? null,
      vectors: given?.vectors,
    });
    if (known?.source?.fingerprint === print && known.files["documents.jsonl"].sha256 === documents.sha256) {
      await folder.discard();
      return undefined;
    }
    const corpus = await makeCorpus(collected, embedder, {
      path,
      embedFields: input.embedFields,
      onProgress,
    });
    const sections = await buildTextSections(path, { nItems: ids.length, hasText }, text, onProgress);
    const fusion = sections.meta.keyword
      ? await calibrate(path, { metric, corpus, nItems: ids.length, seed: settings.seed }, text)
      : {};
    const built = await buildForest(
      { vectors: corpus.vectors, dimensions: corpus.dimensions, metric },
      { ...settings, ...(onProgress && { onProgress }) },
    );
    const manifest = await writeArtifact(folder, {
      name,
      built,
      ids,
      documents,
      embedder: corpus.identity,
      sections: [...corpus.sections, ...sections.sections],
      meta: { ...sections.meta, ...fusion },
      source: { ...notes, fingerprint: print },
    });
    await folder.commit();
    return { out: options.out, manifest };
  } catch (error) {
    await folder.discard();
    throw error;
  } finally {
    opened?.close();
  }
}
