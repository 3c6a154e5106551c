import { join, resolve } from "node:path";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { Manifest } from "../../worker/core/format/meta.ts";
import { type FolderWriter, readManifest, writeFolder } from "../artifact/folder.ts";
import { readManifestFile } from "../artifact/replace.ts";
import { BASE_FOLDER, ENCODER_FILE, SHARDS_FOLDER } from "../artifact/version.ts";
import { type EmbedderOptions, openBuildEmbedder } from "../embedding/build-embedder.ts";
import { countedBy, type Input, type InputOptions, inputOf, SITE_FIELDS } from "../job/input.ts";
import { openLocalIndex } from "../local/local-index.ts";
import { OptionError } from "../settings/errors.ts";
import { jobs as jobsOf, requireText, requireTexts } from "../settings/options.ts";
import type { Progress } from "../settings/progress.ts";
import { baseFolderOf, copyFolder, keepBase } from "./base-folder.ts";
import {
  type ComparedPart,
  compare,
  type GivenDocument,
  idsOf,
  readGiven,
  type UpdateCounts,
} from "./documents.ts";
import { checkAllFiles, NO_EMBEDDER, openParts } from "./open-parts.ts";
import { idsToRemove } from "./read-ids.ts";
import { type ShardedChanges, writeShardedChanges } from "./shards.ts";
import { vectorsOfChanges } from "./vectors.ts";
import { writeChanges } from "./write.ts";

/** Everything that `annoy-edge update` takes. Settings that are left out are those of the index. */
export interface UpdateOptions extends InputOptions, EmbedderOptions {
  /** Ids of documents to remove, and files of ids: what is no document's id is read as a file, one id a line. */
  readonly remove?: readonly string[];
  /** Whether `source` and `documents` are all documents there are, so that the others are removed; default false. */
  readonly all?: boolean;
  /** Folder to write; default: the one that is updated. */
  readonly out?: string;
  readonly onProgress?: (progress: Progress) => void;
}

export interface UpdateResult {
  readonly outcome: "updated" | "unchanged";
  /** The folder that holds base and changes. */
  readonly out: string;
  readonly manifest: Manifest;
  readonly counts: UpdateCounts;
}

/**
 * Adds, replaces and removes documents of an artifact folder without building it anew: the folder then holds its base, as it
 * was, and the changes on top of it. Documents replace those of the same id; those that are there as given are left alone.
 * Settings, embedder, table and whitening are the base's. The folder is replaced in one rename.
 *
 * @throws OptionError for settings that cannot be; AnnoyEdgeError `ID_NOT_FOUND`, `NOTHING_LEFT`,
 *   `COLUMN_MISMATCH`, `EMBEDDER_MISMATCH`, `NO_EMBEDDER`, `ARTIFACT_CHANGED` (also for damaged files), and those of documents that `build` refuses
 */
export async function update(dir: string, options: UpdateOptions): Promise<UpdateResult> {
  // Only an update with a limit may come to nothing.
  return (await updateWithin(dir, options, Number.POSITIVE_INFINITY)) as UpdateResult;
}

/**
 * As {@link update}; undefined, and nothing written, when more would have changed than a share of the base: documents on
 * top and documents gone, together.
 */
export async function updateWithin(
  dir: string,
  options: UpdateOptions,
  most: number,
): Promise<UpdateResult | undefined> {
  const { onProgress } = options;
  requireText("out", options.out);
  requireTexts("remove", options.remove);
  const jobs = jobsOf(options.jobs ?? -1);
  const manifest = await readManifest(dir);
  const input = givenInput(manifest, options);
  const given = input ? await readDocuments(dir, manifest, input, options) : [];
  const out = options.out ?? dir;
  const opened = await openParts(dir, manifest);
  const { baseDir, parts } = opened;
  try {
    await requireStill(manifest, dir);
    await checkAllFiles(dir, manifest);
    const named = await idsToRemove(parts, options.remove ?? []);
    const set = await compare(parts, given, removalsOf(parts, given, named, options));
    const { added, changed, removed } = set.counts;
    if (added + changed + removed === 0) {
      if (resolve(out) !== resolve(dir)) await copyFolder(dir, manifest, out);
      return { outcome: "unchanged", out, manifest, counts: set.counts };
    }
    const documents = parts.reduce((sum, { index }) => sum + index.forest.artifact.header.nSlots, 0);
    const gone = set.removed.reduce((sum, { length }) => sum + length, 0);
    if (set.documents.length + gone > most * documents) return undefined;
    if (documents + set.documents.length - gone < 1) throw nothingLeft(dir);
    const makes = [BASE_FOLDER, ...(manifest.shards ? [SHARDS_FOLDER] : [])];
    const writeAll = async (folder: FolderWriter) => {
      const embedFields = input?.embedFields ?? [];
      const vectors = await vectorsOfChanges(baseDir, opened, set.documents, { ...options, embedFields });
      // What they hold in memory is not needed any more; the base is read from its folder again.
      await opened.close();
      await requireStill(manifest, dir);
      const write = manifest.shards ? writeShardedChanges : writeChangedWhole;
      return write(folder, { baseDir, set, vectors, jobs, onProgress });
    };
    const written = await writeFolder(out, makes, writeAll, () => requireSame(manifest, dir));
    return { outcome: "updated", out, manifest: written, counts: set.counts };
  } finally {
    await opened.close();
  }
}

/** Writes the changes of an index in one piece into a folder, and its base. */
async function writeChangedWhole(
  folder: FolderWriter,
  { baseDir, set, ...rest }: ShardedChanges,
): Promise<Manifest> {
  const base = await openLocalIndex(baseDir, NO_EMBEDDER);
  try {
    const { documents, removed } = set;
    const written = await writeChanges(folder, {
      ...{ base, baseDir, documents, removed: removed[0]! },
      ...rest,
    });
    await keepBase(baseDir, folder.path);
    return written;
  } finally {
    await base.close();
  }
}

/** The documents that an update is given, cut as those of the index were; undefined when it only removes. */
function givenInput({ source = {} }: Manifest, options: UpdateOptions) {
  const { source: files, documents, site, remove } = options;
  if (files === undefined && documents === undefined && site === undefined) {
    if (remove && remove.length > 0) return undefined;
    throw new OptionError("source is missing: the files, folders or globs to read, or ids to remove.");
  }
  const { splitter, chunkUnit, chunkSize, chunkOverlap, rows, embedFields, csvTypes } =
    source as Partial<InputOptions> & {
      readonly rows?: boolean;
    };
  const isSite = site === undefined && typeof source.site === "string";
  return inputOf({
    ...(splitter && { splitter }),
    ...(chunkUnit && { chunkUnit }),
    ...(rows && chunkSize !== undefined && { chunkSize }),
    ...(rows && chunkOverlap !== undefined && { chunkOverlap }),
    ...(csvTypes && { csvTypes }),
    ...(embedFields ? { embedFields } : isSite && { embedFields: SITE_FIELDS }),
    ...options,
  });
}

/** Reads the documents to come, where chunks are counted in tokens by the index's own encoder. */
async function readDocuments(
  dir: string,
  manifest: Manifest,
  input: Input,
  { jobs, onProgress }: UpdateOptions,
): Promise<GivenDocument[]> {
  if (!input.countsTokens) return readGiven(input.documents(), onProgress);
  const model = join(baseFolderOf(dir, manifest), ENCODER_FILE);
  const opened = await openBuildEmbedder({
    embedder: { provider: "encoder", model },
    cache: false,
    ...(jobs !== undefined && { jobs }),
  });
  try {
    return await readGiven((await countedBy(input, opened)).documents(), onProgress);
  } finally {
    await opened.close();
  }
}

function* removalsOf(
  parts: readonly ComparedPart[],
  given: readonly GivenDocument[],
  named: readonly string[],
  { all = false }: UpdateOptions,
): Generator<string> {
  yield* named;
  if (!all) return;
  const ids = new Set(given.map(({ id }) => id));
  for (const { index } of parts) for (const [id] of idsOf(index)) if (!ids.has(id)) yield id;
}

/** Refuses to replace what another update or build has put in place in the meantime: its changes would be lost. */
async function requireStill(manifest: Manifest, dir: string): Promise<void> {
  // Brings back a folder that a killed process left aside.
  await readManifest(dir);
  requireSame(manifest, dir);
}

function requireSame({ version }: Manifest, dir: string): void {
  const now = readManifestFile(dir) as Partial<Manifest> | undefined;
  if (now?.version === version) return;
  throw new AnnoyEdgeError(
    "ARTIFACT_CHANGED",
    `${dir} was changed by another update or build while this one ran. Run the update again, on what is there now.`,
  );
}

function nothingLeft(dir: string): AnnoyEdgeError {
  return new AnnoyEdgeError(
    "NOTHING_LEFT",
    `The update would remove every document of ${dir}, and an index holds at least one.`,
  );
}
