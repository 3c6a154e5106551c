import { lengthsOf, type PublishedManifest } from "../../worker/storage/manifest.ts";
import type { FileLengths, PublishRecord } from "../../worker/storage/pointer.ts";
import type { Progress } from "../settings/progress.ts";
import { type ArtifactFolder, openArtifactFolder } from "./artifact.ts";
import { checkVersion } from "./check.ts";
import { measureCorpus } from "./corpus.ts";
import { findEncoder } from "./encoder.ts";
import { type Gate, runGate } from "./gate.ts";
import { promote, readPointerState, readReplaceable } from "./pointer.ts";
import { ignored, readPublishedManifest } from "./published-manifest.ts";
import { NOTHING, type PublishResult, withBase } from "./result.ts";
import { forestsOf, stand } from "./stand.ts";
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
  const { dryRun = false, force: deep = false } = options;
  const before = await (deep ? readReplaceable : readPointerState)(store, name);
  const previous = before?.pointer?.version ?? null;
  const shards = folder.manifest.shards?.list.length ?? 0;
  const facts = { name, version, previous, items, shards, warnings: [], forced: [] };
  const find = async (of: ArtifactFolder) => {
    const forestOf = forestsOf(of);
    const check = { forestOf, onProgress: report, deep };
    return { forestOf, state: await checkVersion(store, name, of.manifest.version, check) };
  };
  const found = await find(folder);
  const encoder = await findEncoder(store, folder, deep);
  const isCurrent = previous === version;
  if (isCurrent && found.state.findings.length + encoder.bytes === 0)
    return { ...facts, outcome: "unchanged", ...NOTHING };

  const replaced = previous ? await readPublishedManifest(store, name, previous).catch(ignored) : undefined;
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
  const shared = { record, replaced, dryRun, deep, report };
  // Readers that are sent to the changes find their base.
  const base = folder.base?.folder;
  const beneath =
    base && (await stand(store, base, { ...shared, ...(await find(base)), isRead: true, encoderBytes: 0 }));
  await beneath?.discard();
  if (!dryRun) await encoder.upload(report);
  const own = await stand(store, folder, {
    ...{ ...shared, ...found, corpus, isRead: isCurrent, encoderBytes: encoder.bytes },
    ...(beneath?.manifest && { baseFiles: filesOf(beneath.manifest) }),
  });
  try {
    const { isNew, manifest } = own;
    const both = { items, before: replaced?.items ?? 0 };
    const figures = beneath && isNew ? withBase(own.figures, beneath.figures, both) : own.figures;
    if (!manifest || dryRun) return { ...judged, ...figures, outcome: "planned" };
    const { added, kept, removed } = figures.documents;
    const { pages: pagesWritten, pageBytes: pageBytesWritten } = figures.written;
    const changes = { added, kept, removed, pagesWritten, pageBytesWritten };
    if (isNew) await promote(store, name, before, { ...record, changes }, lengthsOf(manifest));
    else if (!isCurrent)
      await promote(store, name, before, { ...record, action: "promote" }, lengthsOf(manifest));
    // A collection that looked at the pointer just before it moved may have gone on deleting.
    await own.confirm();
    return { ...judged, ...figures, outcome: isCurrent ? "repaired" : isNew ? "published" : "promoted" };
  } finally {
    await own.discard();
  }
}

function filesOf(manifest: PublishedManifest): FileLengths {
  const { base: _, encoder: _encoder, ...files } = lengthsOf(manifest);
  return files;
}
