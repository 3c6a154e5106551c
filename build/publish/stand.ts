import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { VERSION_FILES, versionKey } from "../../worker/core/format/keys.ts";
import type { Placement } from "../../worker/core/format/placement.ts";
import type { CorpusFacts, PublishedManifest } from "../../worker/storage/manifest.ts";
import type { ArtifactFolder } from "./artifact.ts";
import { mergePlacements } from "./base.ts";
import type { VersionState } from "./check.ts";
import { measureCorpus } from "./corpus.ts";
import { type PlacedDocuments, placeDocuments } from "./documents.ts";
import { type Expected, expectedOf } from "./objects.ts";
import { readBase } from "./placements.ts";
import { repairPages } from "./repair.ts";
import { type Figures, figuresOf, NOTHING } from "./result.ts";
import type { PublishStore } from "./store.ts";
import { neededPages } from "./survey.ts";
import { type Upload, uploadVersion } from "./upload.ts";

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

/** A version that stands whole in the store, or would after a publish that is no dry run. */
export interface Standing {
  /** Absent in a dry run that would write it. */
  readonly manifest?: PublishedManifest;
  /** Whether objects were written, or would be; else it stood there, but for pages. */
  readonly isNew: boolean;
  /** Objects and pages that were written, or would be. */
  readonly figures: Figures;
  /** Writes again what a collection removed meanwhile. */
  confirm(): Promise<unknown>;
  /** Removes temporary files. */
  discard(): Promise<void>;
}

export interface StandOptions extends Pick<Upload, "record" | "deep" | "report" | "forestOf" | "baseFiles"> {
  /** The version as it was found. */
  readonly state: VersionState;
  /** The version whose place it takes, of which documents keep their pages. */
  readonly replaced: PublishedManifest | undefined;
  readonly corpus?: CorpusFacts;
  /** Whether readers load it already. */
  readonly isRead: boolean;
  /** Bytes of the encoder, where it was written as well. */
  readonly encoderBytes: number;
  readonly dryRun: boolean;
}

/** Has a version stand in the store, to which nobody is sent yet. What is lost or changed of it is written again. */
export async function stand(
  store: PublishStore,
  folder: ArtifactFolder,
  { state, replaced, corpus, isRead, encoderBytes, dryRun, ...upload }: StandOptions,
): Promise<Standing> {
  const { deep, report } = upload;
  const { name, version } = folder.manifest;
  const { manifest: standing, placements, findings } = state;
  if (standing && findings.every(({ mendedBy }) => mendedBy === "restore")) {
    const isMended = !dryRun && (!isRead || findings.length > 0);
    const pages = isMended ? await mendPages(store, name, placements, upload) : 0;
    const figures = { ...NOTHING, written: { ...NOTHING.written, pages } };
    return { manifest: standing, isNew: false, figures, async confirm() {}, async discard() {} };
  }
  // Its own pages, if it was published before.
  const base =
    placements.length > 0 ? mergePlacements(placements) : replaced && (await readBase(store, name, replaced));
  const placed = await placeDocuments(store, name, folder.parts, base, { deep, onProgress: report });
  try {
    const figures = figuresOf(folder, placed, encoderBytes);
    const rest = { isNew: true, figures, confirm: () => placed.confirm(report), discard: placed.discard };
    if (dryRun) return rest;
    // Nobody may take a version for a whole one while it is mended; readers of it go on with what they have.
    if (standing && !isRead) await store.deleteObjects([versionKey(name, version, "manifest.json")]);
    const manifest = await uploadConfirmed(store, folder, placed, {
      ...upload,
      corpus: corpus ?? (await measureCorpus(folder)),
      total: figures.written.objectBytes,
    });
    return { ...rest, manifest };
  } catch (error) {
    await placed.discard();
    throw error;
  }
}

/** Brings pages of a standing version back to KV; returns how many. */
async function mendPages(
  store: PublishStore,
  name: string,
  placements: readonly Placement[],
  { deep, report }: Pick<Upload, "deep" | "report">,
): Promise<number> {
  const { written } = await repairPages(store, name, neededPages(placements), { deep, onProgress: report });
  return written;
}

/** A collection that ran meanwhile may have removed what was there: it is looked for once more, until all of it is. */
const CONFIRMATIONS = 3;

/** Writes pages and objects of a version, until all of them are there. */
async function uploadConfirmed(
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
