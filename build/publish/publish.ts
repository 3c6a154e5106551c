import { AnnoyEdgeError, ArtifactError } from "../../worker/core/format/errors.ts";
import { VERSION_FILES, versionKey } from "../../worker/core/format/keys.ts";
import { lengthsOf, type PublishedManifest } from "../../worker/storage/manifest.ts";
import type { PublishRecord } from "../../worker/storage/pointer.ts";
import type { Progress } from "../settings/progress.ts";
import { type ArtifactFolder, openArtifactFolder } from "./artifact.ts";
import { type Base, mergePlacements } from "./base.ts";
import { checkVersion, type VersionState } from "./check.ts";
import { measureCorpus } from "./corpus.ts";
import { type Cost, estimateCost } from "./cost.ts";
import { type PlacedDocuments, placeDocuments } from "./documents.ts";
import { findEncoder } from "./encoder.ts";
import { type Gate, runGate } from "./gate.ts";
import { type Expected, expectedOf } from "./objects.ts";
import { readBase } from "./placements.ts";
import { promote, readPointerState, readReplaceable } from "./pointer.ts";
import { repairPages } from "./repair.ts";
import type { PublishStore } from "./store.ts";
import { neededPages } from "./survey.ts";
import { type Upload, uploadVersion } from "./upload.ts";
import { readPublishedManifest } from "./versions.ts";

export interface PublishOptions {
  /** Publisher; shown by `versions`. */
  readonly by: string;
  readonly message?: string;
  /**
   * Promotes in spite of failed checks, which are recorded in the manifest and the history; and replaces a damaged
   * pointer.
   */
  readonly force?: boolean;
  /** Plans and counts, writes nothing. */
  readonly dryRun?: boolean;
  /** Resident bytes of a shard above which publishing warns; default 60 MB. */
  readonly shardBytes?: number;
  /** Share of the corpus that may be gone since the version before, from 0 to 1; default 0.5. */
  readonly mayShrink?: number;
  /** Checks before promotion, beside those on size, recall and corpus. */
  readonly gate?: Gate;
  readonly onProgress?: (progress: Progress) => void;
}

export interface PublishResult {
  /** `promoted`: this very version was published before. `repaired`: it is current, and what was lost of it is back. `planned`: a dry run. */
  readonly outcome: "published" | "promoted" | "repaired" | "unchanged" | "planned";
  readonly name: string;
  readonly version: string;
  /** Version that was current before. */
  readonly previous: string | null;
  readonly items: number;
  /** Shards that the index is cut into; 0: it is whole. */
  readonly shards: number;
  /** In documents, against what was current. */
  readonly documents: {
    readonly added: number;
    readonly kept: number;
    readonly removed: number;
    readonly repacked: number;
  };
  /** Objects that were written, or would be. */
  readonly written: {
    readonly objects: number;
    readonly objectBytes: number;
    readonly pages: number;
    readonly pageBytes: number;
    /** New pages that an interrupted publish had written already. */
    readonly pagesFound: number;
  };
  /** All pages of the version. */
  readonly pages: number;
  readonly pageBytes: number;
  readonly cost: Cost;
  /** Warnings, which do not stop publishing. */
  readonly warnings: readonly string[];
  /** Failed checks that `force` overrode. */
  readonly forced: readonly string[];
}

const NOTHING: Pick<PublishResult, "documents" | "written" | "pages" | "pageBytes" | "cost"> = {
  documents: { added: 0, kept: 0, removed: 0, repacked: 0 },
  written: { objects: 0, objectBytes: 0, pages: 0, pageBytes: 0, pagesFound: 0 },
  pages: 0,
  pageBytes: 0,
  cost: estimateCost([], 0),
};

/**
 * Publishes an artifact folder: pages, packs, of every shard its objects, forest, placement, manifest, and last the
 * pointer by compare-and-swap. Whatever kills it on the way, readers see the version before or this one, whole; running
 * it again goes on. Of a version that was published before, everything is checked; what is lost or changed is written
 * again.
 *
 * @throws AnnoyEdgeError `NOT_AN_ARTIFACT`, `ARTIFACT_CHANGED`, `DOCUMENT_TOO_LARGE`, `GATE_FAILED`, `CORRUPT_POINTER`,
 *   `PUBLISH_CONFLICT` when another publisher won, `PUBLISH_OVERTAKEN` when a collection did, `VERSION_COLLECTED`, or the
 *   store's own
 */
export async function publish(
  store: PublishStore,
  dir: string,
  options: PublishOptions,
): Promise<PublishResult> {
  const report = options.onProgress ?? (() => {});
  const folder = await openArtifactFolder(dir, (done, total) => report({ phase: "check", done, total }));
  const { name, version, items } = folder.manifest;
  const before = await (options.force ? readReplaceable : readPointerState)(store, name);
  const previous = before?.pointer?.version ?? null;
  const shards = folder.manifest.shards?.list.length ?? 0;
  const facts = { name, version, previous, items, shards, warnings: [], forced: [] };
  const forestOf = forestsOf(folder);
  const state = await checkVersion(store, name, version, {
    ...{ forestOf, onProgress: report },
    deep: options.force === true,
  });
  const encoder = await findEncoder(store, folder, options.force === true);
  const isCurrent = previous === version;
  if (isCurrent && state.findings.length + encoder.bytes === 0)
    return { ...facts, outcome: "unchanged", ...NOTHING };

  const replaced = previous ? await readReplaced(store, name, previous) : undefined;
  const corpus = await measureCorpus(folder);
  const { forced, warnings } = isCurrent
    ? { forced: [], warnings: [] }
    : await runGate(dir, folder, replaced, { ...options, corpus });
  const judged = { ...facts, forced, warnings };
  const record: PublishRecord = {
    version,
    at: new Date().toISOString(),
    by: options.by,
    action: isCurrent ? "repair" : "publish",
    ...(options.message !== undefined && { message: options.message }),
    ...(forced.length > 0 && { forced }),
    items,
  };
  if (!options.dryRun) await encoder.upload(report);
  if (state.manifest && state.findings.every(({ mendedBy }) => mendedBy === "restore")) {
    const written = options.dryRun ? 0 : await mendPages(store, name, state, options);
    const again: PublishRecord = { ...record, action: isCurrent ? "repair" : "promote" };
    if (!options.dryRun && !isCurrent) await promote(store, name, before, again, lengthsOf(state.manifest));
    const outcome = options.dryRun ? "planned" : isCurrent ? "repaired" : "promoted";
    return { ...judged, ...NOTHING, written: { ...NOTHING.written, pages: written }, outcome };
  }

  const base = await baseOf(store, name, state, replaced);
  const placed = await placeDocuments(store, name, folder.parts, base, {
    deep: options.force === true,
    onProgress: report,
  });
  try {
    const plan = describe(folder, placed, encoder.bytes);
    if (options.dryRun) return { ...judged, ...plan, outcome: "planned" };
    // Nobody may take a version for a whole one while it is mended; readers of the current one go on with what they have.
    if (state.manifest && !isCurrent) await store.deleteObjects([versionKey(name, version, "manifest.json")]);
    await placed.writePages(report);
    const total = plan.written.objectBytes;
    const manifest = await uploadConfirmed(store, folder, placed, {
      record,
      corpus,
      total,
      forestOf,
      report,
    });
    const { added, kept, removed } = plan.documents;
    const { pages: pagesWritten, pageBytes: pageBytesWritten } = plan.written;
    const changes = { added, kept, removed, pagesWritten, pageBytesWritten };
    await promote(store, name, before, { ...record, changes }, lengthsOf(manifest));
    // A collection that looked at the pointer just before it moved may have gone on deleting.
    await placed.confirm(report);
    return { ...judged, ...plan, outcome: isCurrent ? "repaired" : "published" };
  } finally {
    await placed.discard();
  }
}

/** Facts of each part's forest, read once. */
function forestsOf({ parts }: ArtifactFolder): (shard: number | undefined) => Promise<Expected> {
  const known = new Map<number | undefined, Promise<Expected>>();
  return (shard) => {
    const { forestPath: path, manifest } = parts.find((part) => part.shard === shard)!;
    const read = known.get(shard) ?? expectedOf({ path, bytes: manifest.files["forest.bin"].bytes });
    known.set(shard, read);
    return read;
  };
}

/** The manifest of the version that is current; undefined when it is lost or damaged, which must not keep the next one out. */
async function readReplaced(
  store: PublishStore,
  name: string,
  version: string,
): Promise<PublishedManifest | undefined> {
  try {
    return await readPublishedManifest(store, name, version);
  } catch (error) {
    if (error instanceof ArtifactError) return undefined;
    throw error;
  }
}

/** Base from which documents keep their pages: the version's own, published before, else the one that is replaced. */
async function baseOf(
  store: PublishStore,
  name: string,
  { placements }: VersionState,
  replaced: PublishedManifest | undefined,
): Promise<Base | undefined> {
  if (placements.length > 0) return mergePlacements(placements);
  return replaced && readBase(store, name, replaced);
}

/** Brings pages of a standing version back to KV; returns how many. */
async function mendPages(
  store: PublishStore,
  name: string,
  { placements }: VersionState,
  { force = false, onProgress }: PublishOptions,
): Promise<number> {
  const needed = neededPages(placements);
  const { written } = await repairPages(store, name, needed, {
    deep: force,
    ...(onProgress && { onProgress }),
  });
  return written;
}

/** A collection that ran meanwhile may have removed what was there: it is looked for once more, until all of it is. */
const CONFIRMATIONS = 3;

async function uploadConfirmed(
  store: PublishStore,
  folder: ArtifactFolder,
  placed: PlacedDocuments,
  upload: Upload,
): Promise<PublishedManifest> {
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

function describe(
  { parts }: ArtifactFolder,
  placed: PlacedDocuments,
  encoderBytes: number,
): Pick<PublishResult, "documents" | "written" | "pages" | "pageBytes" | "cost"> {
  const missing = placed.missing.flat();
  const newPages = placed.packs.reduce((sum, pack) => sum + pack.pages.length, 0);
  const objects = [
    ...(encoderBytes > 0 ? [encoderBytes] : []),
    ...placed.packs.map(({ bytes }) => bytes),
    ...parts.map(({ manifest }) => manifest.files["forest.bin"].bytes),
    ...placed.placementBytes,
  ];
  // Manifests and the pointer are a few kilobytes each.
  const small = new Array<number>(parts.length + 1).fill(0);
  return {
    documents: placed.counts,
    written: {
      objects: objects.length + small.length,
      objectBytes: objects.reduce((sum, bytes) => sum + bytes, 0),
      pages: missing.length + placed.restorable.length,
      pageBytes: missing.reduce((sum, { bytes }) => sum + bytes, 0),
      pagesFound: newPages - missing.length,
    },
    pages: placed.pages.length,
    pageBytes: placed.pages.reduce((sum, { bytes }) => sum + bytes, 0),
    cost: estimateCost([...objects, ...small], missing.length + placed.restorable.length),
  };
}
