import { ArtifactError } from "../../worker/core/format/errors.ts";
import { versionKey } from "../../worker/core/format/keys.ts";
import { lengthsOf, type PublishedManifest } from "../../worker/storage/manifest.ts";
import type { PublishRecord } from "../../worker/storage/pointer.ts";
import type { Progress } from "../settings/progress.ts";
import { openArtifactFolder } from "./artifact.ts";
import { checkVersion } from "./check.ts";
import { measureCorpus } from "./corpus.ts";
import { placeDocuments } from "./documents.ts";
import { findEncoder } from "./encoder.ts";
import { type Gate, runGate } from "./gate.ts";
import { promote, readPointerState, readReplaceable } from "./pointer.ts";
import { readPublishedManifest } from "./published-manifest.ts";
import { figuresOf, NOTHING, type PublishResult, withBase } from "./result.ts";
import { baseOf, forestsOf, mendPages, standBase, uploadConfirmed } from "./stand.ts";
import type { PublishStore } from "./store.ts";

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
    ...(folder.base && { base: folder.base.folder.manifest.version }),
  };
  const standing = { deep: options.force === true, report };
  // Readers that are sent to the changes find their base.
  const beneath =
    folder.base &&
    (await standBase(store, folder.base.folder, replaced, {
      ...standing,
      record,
      dryRun: options.dryRun === true,
    }));
  if (!options.dryRun) await encoder.upload(report);
  if (state.manifest && state.findings.every(({ mendedBy }) => mendedBy === "restore")) {
    const written = options.dryRun ? 0 : await mendPages(store, name, state, standing);
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
    const own = figuresOf(folder, placed, encoder.bytes);
    const plan = beneath ? withBase(own, beneath.figures, { items, before: replaced?.items ?? 0 }) : own;
    if (options.dryRun) return { ...judged, ...plan, outcome: "planned" };
    // Nobody may take a version for a whole one while it is mended; readers of the current one go on with what they have.
    if (state.manifest && !isCurrent) await store.deleteObjects([versionKey(name, version, "manifest.json")]);
    const total = own.written.objectBytes;
    const manifest = await uploadConfirmed(store, folder, placed, {
      ...{ record, corpus, total, forestOf, ...standing },
      ...(beneath?.files && { baseFiles: beneath.files }),
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
