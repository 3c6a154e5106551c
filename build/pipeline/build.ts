import { join } from "node:path";
import type { Manifest } from "../../worker/core/format/meta.ts";
import { collect } from "../artifact/collect.ts";
import { writeDocuments } from "../artifact/documents.ts";
import { type BuildResult, writeFolder } from "../artifact/folder.ts";
import { SHARDS_FOLDER } from "../artifact/version.ts";
import { type EmbedderOptions, openBuildEmbedder } from "../embedding/build-embedder.ts";
import { makeCorpus } from "../embedding/documents.ts";
import { writeEncoderFile } from "../embedding/sentence/folder.ts";
import { countedBy, type InputOptions, inputOf } from "../job/input.ts";
import { type BuildJob, curationOptions, sourceOf } from "../job/job.ts";
import { writeWhole } from "../job/whole.ts";
import { OptionError } from "../settings/errors.ts";
import { indexName } from "../settings/names.ts";
import { type ForestOptions, forestSettings, requireBoolean, requireText } from "../settings/options.ts";
import type { Progress } from "../settings/progress.ts";
import { buildShards, withoutOnly } from "../sharding/build-shards.ts";
import { type ShardOptions, shardingOf } from "../sharding/options.ts";
import { compileCuration, withFieldWeights } from "../text/curation/compile.ts";
import { readCuration } from "../text/curation/read.ts";
import type { CurationInput } from "../text/curation/schema.ts";
import { checkText, type TextOptions, textOptionsOf } from "../text/options.ts";

/** Everything that `annoy-edge build` takes. */
export interface BuildOptions
  extends InputOptions,
    ForestOptions,
    Omit<TextOptions, "grouping">,
    EmbedderOptions,
    ShardOptions {
  /** The artifact folder to write; one that is there already is replaced when the new one is whole. */
  readonly out: string;
  /** Name under which it is published; default: the first that the Worker configured here serves, else `index`. */
  readonly name?: string;
  /** Synonyms, pinned and hidden documents, boosts: a file of YAML or JSON, or its content. */
  readonly curation?: string | CurationInput;
  /** A curation that names a document or a field that is not there is an error, and no warning. */
  readonly strict?: boolean;
  /** Kept in the manifest under `source`, as JSON: what the documents are. Part of the artifact's bytes. */
  readonly notes?: Readonly<Record<string, unknown>>;
  readonly onProgress?: (progress: Progress) => void;
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
  const input = inputOf(options);
  if (!options.out) throw new OptionError("out is missing: the folder to write the artifact to.");
  requireText("out", options.out);
  const name = indexName(options.name);
  const { metric, settings } = forestSettings(options);
  checkText(options);
  requireBoolean("strict", options.strict);
  const curation = options.curation === undefined ? undefined : await readCuration(options.curation);
  const text = withFieldWeights(textOptionsOf(options), curation);
  const sharding = shardingOf(options, metric);
  const manifest = await writeFolder(options.out, sharding ? [SHARDS_FOLDER] : [], async (folder) => {
    const opened = await openBuildEmbedder(options);
    try {
      const job: BuildJob = {
        ...{ folder, embedder: opened, name, metric, settings, text, options, known },
        ...(curation && { curation }),
        input: await countedBy(input, opened),
      };
      const made = await (sharding ? buildShards(job, sharding) : buildWhole(job));
      if (made) await writeEncoderFile(folder, opened.encoderBytes());
      return made;
    } finally {
      await opened.close();
    }
  });
  return manifest && { out: options.out, manifest };
}

/**
 * Returns the hash of the settings alone that a build would write down; undefined when they would not make an index in
 * shards, or in one piece, as it is wanted.
 *
 * @param vectorsGiven whether the documents bring their vectors
 */
export async function settingsOf(
  options: BuildOptions,
  { vectorsGiven, inShards }: { readonly vectorsGiven: boolean; readonly inShards: boolean },
): Promise<string | undefined> {
  const input = inputOf(options);
  const { metric, settings } = forestSettings(options);
  const sharding = shardingOf(options, metric);
  // Where one shard suffices the index is in one piece.
  if (inShards ? !sharding : sharding && sharding.shards !== "auto") return undefined;
  const opened = await openBuildEmbedder(options);
  try {
    const embedder = await opened.resolve(vectorsGiven);
    const name = indexName(options.name);
    const curation = options.curation === undefined ? undefined : await readCuration(options.curation);
    const text = withFieldWeights(textOptionsOf(options), curation);
    const job = { input, name, metric, settings, text, options, ...(curation && { curation }) };
    const decided = { embedder, vectors: undefined };
    if (!inShards || !sharding) return sourceOf(job, decided).fingerprint;
    return sourceOf(job, { ...decided, sharding: withoutOnly(sharding) }).settings;
  } finally {
    await opened.close();
  }
}

/** Ids and vectors in memory, documents on disk. */
async function buildWhole(job: BuildJob): Promise<Manifest | undefined> {
  const { folder, input, name, metric, settings, text, options, known } = job;
  const { onProgress } = options;
  const path = join(folder.path, "documents.jsonl");
  const writer = writeDocuments(await folder.createFile("documents.jsonl"));
  const collected = await collect(input.documents(), writer, onProgress);
  const documents = await writer.close();
  const embedder = await job.embedder.resolve(collected.given !== undefined);
  const source = sourceOf(job, { embedder, vectors: collected.given?.vectors });
  if (
    known?.source?.fingerprint === source.fingerprint &&
    known.files["documents.jsonl"].sha256 === documents.sha256
  ) {
    return undefined;
  }
  const curation = await compileCuration(job.curation, path, curationOptions(job));
  const { embedFields } = input;
  const corpus = await makeCorpus(collected, embedder, { path, embedFields, onProgress });
  const { ids, hasText } = collected;
  return writeWhole(folder, {
    ...{ name, metric, settings, text, ids, hasText, documents, corpus, source, onProgress },
    curation,
  });
}
