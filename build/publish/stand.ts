import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { VERSION_FILES, versionKey } from "../../worker/core/format/keys.ts";
import { lengthsOf, type PublishedManifest } from "../../worker/storage/manifest.ts";
import type { FileLengths, PublishRecord } from "../../worker/storage/pointer.ts";
import type { Progress } from "../settings/progress.ts";
import type { ArtifactFolder } from "./artifact.ts";
import { type Base, mergePlacements } from "./base.ts";
import { checkVersion, type VersionState } from "./check.ts";
import { measureCorpus } from "./corpus.ts";
import { type PlacedDocuments, placeDocuments } from "./documents.ts";
import { type Expected, expectedOf } from "./objects.ts";
import { readBase } from "./placements.ts";
import { repairPages } from "./repair.ts";
import { type Figures, figuresOf, NOTHING } from "./result.ts";
import type { PublishStore } from "./store.ts";
import { neededPages } from "./survey.ts";
import { type Upload, uploadVersion } from "./upload.ts";

export interface StandOptions {
  /** Whether every page and its second copy is read. */
  readonly deep: boolean;
  readonly report: (progress: Progress) => void;
}

/** Facts of each part's forest, read once. */
export function forestsOf({ parts }: ArtifactFolder): (shard: number | undefined) => Promise<Expected> {
  const known = new Map<number | undefined, Promise<Expected>>();
  return (shard) => {
    const { forestPath: path, manifest } = parts.find((part) => part.shard === shard)!;
    const read = known.get(shard) ?? expectedOf({ path, bytes: manifest.files["forest.bin"].bytes });
    known.set(shard, read);
    return read;
  };
}

/** Base from which documents keep their pages: the version's own, published before, else the one that is replaced. */
export async function baseOf(
  store: PublishStore,
  name: string,
  { placements }: VersionState,
  replaced: PublishedManifest | undefined,
): Promise<Base | undefined> {
  if (placements.length > 0) return mergePlacements(placements);
  return replaced && readBase(store, name, replaced);
}

/** Brings pages of a standing version back to KV; returns how many. */
export async function mendPages(
  store: PublishStore,
  name: string,
  { placements }: VersionState,
  { deep, report }: StandOptions,
): Promise<number> {
  const needed = neededPages(placements);
  const { written } = await repairPages(store, name, needed, {
    deep,
    onProgress: report,
  });
  return written;
}

/** A collection that ran meanwhile may have removed what was there: it is looked for once more, until all of it is. */
const CONFIRMATIONS = 3;

/** Writes pages and objects of a version, until all of them are there. */
export async function uploadConfirmed(
  store: PublishStore,
  folder: ArtifactFolder,
  placed: PlacedDocuments,
  upload: Upload,
): Promise<PublishedManifest> {
  await placed.writePages(upload.report);
  const { name, version } = folder.manifest;
  const keys = folder.parts.flatMap(({ shard }) =>
    VERSION_FILES.map((file) => versionKey(name, version, file, shard)),
  );
  for (let round = 0; round < CONFIRMATIONS; round++) {
    const manifest = await uploadVersion(store, folder, placed, upload);
    const rewritten = await placed.confirm(upload.report);
    const there = await Promise.all(keys.map((key) => store.headObject(key)));
    if (!rewritten && there.every((info) => info !== undefined)) return manifest;
  }
  throw new AnnoyEdgeError(
    "PUBLISH_OVERTAKEN",
    `What is published of "${name}" is removed as fast as it is written. Nothing was made current. Run publish when no gc runs.`,
  );
}

/** A base that stands in the store, or would after a publish that is no dry run. */
export interface StandingBase {
  /** Absent in a dry run that would write it. */
  readonly files?: FileLengths;
  /** Objects and pages of it that were written, or would be. */
  readonly figures: Figures;
}

/**
 * Has the base of changes stand in the store, as a version of its own that nobody is sent to: most often it does already,
 * and nothing is written. What is lost or changed of it is written again.
 *
 * @throws as `publish`
 */
export async function standBase(
  store: PublishStore,
  folder: ArtifactFolder,
  replaced: PublishedManifest | undefined,
  { record, dryRun, ...options }: StandOptions & { readonly record: PublishRecord; readonly dryRun: boolean },
): Promise<StandingBase> {
  const { deep, report } = options;
  const { name, version } = folder.manifest;
  const forestOf = forestsOf(folder);
  const state = await checkVersion(store, name, version, { forestOf, onProgress: report, deep });
  if (state.manifest && state.findings.every(({ mendedBy }) => mendedBy === "restore")) {
    if (!dryRun && state.findings.length > 0) await mendPages(store, name, state, options);
    return { files: filesOf(state.manifest), figures: NOTHING };
  }
  const base = await baseOf(store, name, state, replaced);
  const placed = await placeDocuments(store, name, folder.parts, base, { deep, onProgress: report });
  try {
    const figures = figuresOf(folder, placed, 0);
    if (dryRun) return { figures };
    const corpus = await measureCorpus(folder);
    const total = figures.written.objectBytes;
    const manifest = await uploadConfirmed(store, folder, placed, {
      record,
      corpus,
      deep,
      total,
      forestOf,
      report,
    });
    return { files: filesOf(manifest), figures };
  } finally {
    await placed.discard();
  }
}

function filesOf(manifest: PublishedManifest): FileLengths {
  const { base: _, encoder: _encoder, ...files } = lengthsOf(manifest);
  return files;
}
