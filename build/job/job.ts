import type { Embedder } from "../../worker/core/embedding/types.ts";
import type { Metric } from "../../worker/core/format/constants.ts";
import type { Manifest } from "../../worker/core/format/meta.ts";
import type { FolderWriter } from "../artifact/folder.ts";
import type { BuildEmbedder } from "../embedding/build-embedder.ts";
import type { ForestSettings } from "../settings/options.ts";
import type { Progress } from "../settings/progress.ts";
import type { CompileOptions } from "../text/curation/compile.ts";
import type { CheckedCuration } from "../text/curation/read.ts";
import type { TextOptions } from "../text/options.ts";
import { type FingerprintParts, fingerprint } from "./fingerprint.ts";
import type { Input } from "./input.ts";

/** A build whose settings have been checked, before its documents are read. */
export interface BuildJob {
  readonly folder: FolderWriter;
  readonly input: Input;
  readonly embedder: BuildEmbedder;
  readonly name: string;
  readonly metric: Metric;
  readonly settings: ForestSettings;
  readonly text: TextOptions;
  readonly options: {
    readonly notes?: Readonly<Record<string, unknown>>;
    readonly onProgress?: (progress: Progress) => void;
    readonly onNote?: (note: string) => void;
    readonly strict?: boolean;
  };
  /** Curation of the index. */
  readonly curation?: CheckedCuration;
  /** Manifest of the previous build, when an equal one is to be skipped. */
  readonly known: Manifest | undefined;
}

/** Check of the job's curation against its documents. */
export function curationOptions({ text, options }: BuildJob): CompileOptions {
  const { strict = false, onNote } = options;
  return { filterable: text.filterable, strict, onNote };
}

/** Settings of a build that decide its bytes. */
export type DecidedJob = Pick<
  BuildJob,
  "input" | "name" | "metric" | "settings" | "text" | "options" | "curation"
>;

/** Findings about a build's documents, as far as they decide its bytes. */
export interface Decided extends Pick<FingerprintParts, "vectors" | "sharding"> {
  readonly embedder: Embedder | undefined;
  /** SHA-256 of all documents, of an index in shards. */
  readonly documents?: string;
}

/**
 * Returns the manifest's `source`: the notes, and a hash of all that decides the bytes; where that covers the documents or
 * their vectors also one of the settings alone.
 */
export function sourceOf(
  job: DecidedJob,
  decided: Decided,
): Readonly<Record<string, unknown>> & { readonly fingerprint: string; readonly settings?: string } {
  const { input, name, metric, settings, text, options, curation } = job;
  const { embedder, vectors, sharding, documents } = decided;
  const notes = { ...input.notes, ...options.notes };
  const parts = {
    name,
    metric,
    settings,
    text: { ...text, embedFields: input.embedFields, ...(curation && { curation: curation.curation }) },
    notes,
    embedder,
    ...(sharding && { sharding }),
  };
  return {
    ...notes,
    fingerprint: fingerprint({
      ...parts,
      ...(sharding && { sharding: { ...sharding, documents } }),
      vectors,
    }),
    ...((vectors || sharding) && { settings: fingerprint({ ...parts, vectors: undefined }) }),
  };
}
