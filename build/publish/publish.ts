import { createHash } from "node:crypto";
import { lengthsOf, type PublishedManifest } from "../../worker/artifact/manifest.ts";
import type { PublishRecord } from "../../worker/artifact/pointer.ts";
import { versionKey } from "../../worker/format/keys.ts";
import type { Progress } from "../forest/types.ts";
import { type ArtifactFolder, openArtifactFolder } from "./artifact.ts";
import { type Cost, estimateCost } from "./cost.ts";
import { type PlacedDocuments, packUploads, placeDocuments, readPlacement } from "./documents.ts";
import { type Gate, runGate } from "./gate.ts";
import { promote, readPointerState, readReplaceable } from "./pointer.ts";
import { repairPages } from "./repair.ts";
import { type ObjectSource, type PublishStore, sizeOf } from "./store.ts";
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
  /** Checks before promotion, beside those on recall. */
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
 * Publishes an artifact folder: pages, packs, forest, placement, manifest, and last the pointer by compare-and-swap.
 * Whatever kills it on the way, readers see the version before or this one, whole; running it again goes on.
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
  const facts = { name, version, previous, items, forced: [] };
  if (previous === version) return { ...facts, outcome: "unchanged", ...NOTHING };

  const replaced = previous ? await readPublishedManifest(store, name, previous) : undefined;
  const forced = await runGate(dir, folder.manifest, replaced, options);
  const record: PublishRecord = {
    version,
    at: new Date().toISOString(),
    by: options.by,
    action: "publish",
    ...(options.message !== undefined && { message: options.message }),
    ...(forced.length > 0 && { forced }),
    items,
  };
  const uploaded = await uploadedDocuments(store, name, version, options);
  const standing = uploaded && (await readPublishedManifest(store, name, version));
  if (standing) {
    const again: PublishRecord = { ...record, action: "promote" };
    if (!options.dryRun) await promote(store, name, before, again, lengthsOf(standing));
    return { ...facts, forced, outcome: options.dryRun ? "planned" : "promoted", ...NOTHING };
  }

  const base = replaced && (await readPlacement(store, name, replaced.version))?.placement;
  const placed = uploaded ?? (await placeDocuments(store, folder, base, report));
  try {
    const plan = describe(folder, placed);
    if (options.dryRun) return { ...facts, forced, ...plan, outcome: "planned" };
    await placed.writePages(report);
    const manifest = await upload(store, folder, placed, record, plan.written.objectBytes, report);
    const { added, kept, removed } = plan.documents;
    const { pages: pagesWritten, pageBytes: pageBytesWritten } = plan.written;
    const changes = { added, kept, removed, pagesWritten, pageBytesWritten };
    await promote(store, name, before, { ...record, changes }, lengthsOf(manifest));
    return { ...facts, forced, ...plan, outcome: "published" };
  } finally {
    await placed.discard();
  }
}

/**
 * Where the documents of this very version lie, when it was uploaded before, wholly or up to its placement. Its pages were
 * written first and stay as long as it does; but a version that was never current may have been overtaken by a collection,
 * so they are looked for, and what cannot be brought back makes the version one that is not there.
 */
async function uploadedDocuments(
  store: PublishStore,
  name: string,
  version: string,
  options: PublishOptions,
): Promise<PlacedDocuments | undefined> {
  const uploaded = await readPlacement(store, name, version);
  if (!uploaded || options.dryRun) return uploaded;
  const { lost } = await repairPages(store, name, uploaded.placement, options.onProgress);
  if (lost === 0) return uploaded;
  await store.deleteObjects([versionKey(name, version, "manifest.json")]);
  await store.deleteObjects([versionKey(name, version, "placement.bin")]);
  return undefined;
}

function describe(
  folder: ArtifactFolder,
  placed: PlacedDocuments,
): Pick<PublishResult, "documents" | "written" | "pages" | "pageBytes" | "cost"> {
  const missing = placed.missing.flat();
  const newPages = placed.packs.reduce((sum, pack) => sum + pack.pages.length, 0);
  const objects = [
    ...placed.packs.map(({ bytes }) => bytes),
    folder.manifest.files["forest.bin"].bytes,
    placed.bytes.byteLength,
  ];
  // Manifest and pointer are a few kilobytes each.
  const small = [0, 0];
  return {
    documents: placed.counts,
    written: {
      objects: objects.length + small.length,
      objectBytes: objects.reduce((sum, bytes) => sum + bytes, 0),
      pages: missing.length,
      pageBytes: missing.reduce((sum, { bytes }) => sum + bytes, 0),
      pagesFound: newPages - missing.length,
    },
    pages: placed.placement.pages.length,
    pageBytes: placed.placement.pages.reduce((sum, { bytes }) => sum + bytes, 0),
    cost: estimateCost([...objects, ...small], missing.length),
  };
}

/** Uploads what R2 holds of a version, the manifest last. Objects that are there already are left as they are. */
async function upload(
  store: PublishStore,
  folder: ArtifactFolder,
  placed: PlacedDocuments,
  record: PublishRecord,
  total: number,
  report: (progress: Progress) => void,
): Promise<PublishedManifest> {
  const { name, version, files } = folder.manifest;
  let done = 0;
  const put = async (key: string, source: ObjectSource): Promise<boolean> => {
    const there = await store.headObject(key);
    const whole = there?.bytes === sizeOf(source);
    const written =
      !whole &&
      (await store.putObject(key, source, {
        ifAbsent: true,
        onProgress: (bytes) => report({ phase: "upload", done: done + bytes, total }),
      }));
    done += sizeOf(source);
    report({ phase: "upload", done, total });
    return whole || written !== undefined;
  };
  for (const { key, source } of packUploads(name, placed.packs)) await put(key, source);
  await put(versionKey(name, version, "forest.bin"), {
    path: folder.forestPath,
    bytes: files["forest.bin"].bytes,
  });
  await put(versionKey(name, version, "placement.bin"), placed.bytes);
  // Another publisher of the same content may have been faster; the placement that stands is the version's.
  const standing = (await readPlacement(store, name, version)) ?? placed;
  const { forced } = record;
  const manifest: PublishedManifest = {
    ...folder.manifest,
    placement: {
      bytes: standing.bytes.byteLength,
      sha256: createHash("sha256").update(standing.bytes).digest("hex"),
      hotBytes: standing.hotBytes,
      pages: standing.placement.pages.length,
      pageBytes: standing.placement.pages.reduce((sum, { bytes }) => sum + bytes, 0),
    },
    publication: { at: record.at, by: record.by, ...(forced && { forced }) },
  };
  const json = new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`);
  await store.putObject(versionKey(name, version, "manifest.json"), json, {
    contentType: "application/json",
    ifAbsent: true,
  });
  return manifest;
}
