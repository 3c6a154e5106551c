import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { versionKey } from "../../worker/core/format/keys.ts";
import { lengthsOf, type PublishedManifest } from "../../worker/storage/manifest.ts";
import type { PublishRecord } from "../../worker/storage/pointer.ts";
import type { Progress } from "../settings/progress.ts";
import { type ArtifactFolder, openArtifactFolder } from "./artifact.ts";
import { measureCorpus } from "./corpus.ts";
import { type Cost, estimateCost } from "./cost.ts";
import { type PlacedDocuments, placeDocuments } from "./documents.ts";
import { type Gate, runGate } from "./gate.ts";
import { partsOf, readBase, readPlacements } from "./placements.ts";
import { promote, readPointerState, readReplaceable } from "./pointer.ts";
import { repairPages } from "./repair.ts";
import type { PublishStore } from "./store.ts";
import { uploadVersion } from "./upload.ts";
import { readPublishedManifest } from "./versions.ts";

export interface PublishOptions {
  /** Who publishes; shown by `versions`. */
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
  /** `promoted`: this very version was published before. `planned`: a dry run. */
  readonly outcome: "published" | "promoted" | "unchanged" | "planned";
  readonly name: string;
  readonly version: string;
  /** What was current before. */
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
  /** What was written, or would be. */
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
  /** What is worth knowing and keeps nothing from being published. */
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
 * it again goes on.
 *
 * @throws AnnoyEdgeError `NOT_AN_ARTIFACT`, `ARTIFACT_CHANGED`, `DOCUMENT_TOO_LARGE`, `GATE_FAILED`, `CORRUPT_POINTER`,
 *   `PUBLISH_CONFLICT` when another publisher won, `VERSION_COLLECTED`, or the store's own
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
  if (previous === version) return { ...facts, outcome: "unchanged", ...NOTHING };

  const replaced = previous ? await readPublishedManifest(store, name, previous) : undefined;
  const corpus = await measureCorpus(folder);
  const { forced, warnings } = await runGate(dir, folder, replaced, { ...options, corpus });
  const judged = { ...facts, forced, warnings };
  const record: PublishRecord = {
    version,
    at: new Date().toISOString(),
    by: options.by,
    action: "publish",
    ...(options.message !== undefined && { message: options.message }),
    ...(forced.length > 0 && { forced }),
    items,
  };
  const standing = await uploadedVersion(store, name, version, options);
  if (standing) {
    const again: PublishRecord = { ...record, action: "promote" };
    if (!options.dryRun) await promote(store, name, before, again, lengthsOf(standing));
    return { ...judged, outcome: options.dryRun ? "planned" : "promoted", ...NOTHING };
  }

  const base = replaced && (await readBase(store, name, replaced));
  const placed = await placeDocuments(store, name, folder.parts, base, report);
  try {
    const plan = describe(folder, placed);
    if (options.dryRun) return { ...judged, ...plan, outcome: "planned" };
    await placed.writePages(report);
    const total = plan.written.objectBytes;
    const manifest = await uploadVersion(store, folder, placed, { record, corpus, total, report });
    const { added, kept, removed } = plan.documents;
    const { pages: pagesWritten, pageBytes: pageBytesWritten } = plan.written;
    const changes = { added, kept, removed, pagesWritten, pageBytesWritten };
    await promote(store, name, before, { ...record, changes }, lengthsOf(manifest));
    return { ...judged, ...plan, outcome: "published" };
  } finally {
    await placed.discard();
  }
}

/**
 * The manifest of this very version, when it was uploaded before and is still whole. Its pages were written first and stay
 * as long as it does; but a version that was never current may have been overtaken by a collection, so they are looked
 * for, and what cannot be brought back makes the version one that is not there.
 */
async function uploadedVersion(
  store: PublishStore,
  name: string,
  version: string,
  options: PublishOptions,
): Promise<PublishedManifest | undefined> {
  const manifest = await readPublishedManifest(store, name, version);
  if (!manifest || options.dryRun) return manifest;
  const placements = await readPlacements(store, name, manifest).catch((error: unknown) => {
    if (error instanceof AnnoyEdgeError && error.code === "VERSION_INCOMPLETE") return undefined;
    throw error;
  });
  const lost = placements && (await repairPages(store, name, placements, options.onProgress)).lost;
  if (lost === 0) return manifest;
  await store.deleteObjects([versionKey(name, version, "manifest.json")]);
  await store.deleteObjects(
    partsOf(manifest).map((shard) => versionKey(name, version, "placement.bin", shard)),
  );
  return undefined;
}

function describe(
  { parts }: ArtifactFolder,
  placed: PlacedDocuments,
): Pick<PublishResult, "documents" | "written" | "pages" | "pageBytes" | "cost"> {
  const missing = placed.missing.flat();
  const newPages = placed.packs.reduce((sum, pack) => sum + pack.pages.length, 0);
  const objects = [
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
      pages: missing.length,
      pageBytes: missing.reduce((sum, { bytes }) => sum + bytes, 0),
      pagesFound: newPages - missing.length,
    },
    pages: placed.pages.length,
    pageBytes: placed.pages.reduce((sum, { bytes }) => sum + bytes, 0),
    cost: estimateCost([...objects, ...small], missing.length),
  };
}
