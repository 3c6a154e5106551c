import { createHash } from "node:crypto";
import { versionKey } from "../../worker/core/format/keys.ts";
import { decodePlacement, type PlacedPage, placementHotBytes } from "../../worker/core/format/placement.ts";
import {
  type CorpusFacts,
  type PublishedManifest,
  parsePublishedManifest,
} from "../../worker/storage/manifest.ts";
import type { PublishRecord } from "../../worker/storage/pointer.ts";
import type { Progress } from "../settings/progress.ts";
import type { ArtifactFolder, ArtifactPart } from "./artifact.ts";
import { type PlacedDocuments, packUploads } from "./documents.ts";
import { repairPages } from "./repair.ts";
import { type ObjectSource, type PublishStore, sizeOf } from "./store.ts";

export interface Upload {
  readonly record: PublishRecord;
  readonly corpus: CorpusFacts;
  /** Bytes of all objects, for progress. */
  readonly total: number;
  readonly report: (progress: Progress) => void;
}

/**
 * Uploads what R2 holds of a version: packs; then of every shard its forest, placement and manifest; then those of the
 * whole, its manifest last. Objects that are there already are left as they are, so that a second attempt goes on.
 */
export async function uploadVersion(
  store: PublishStore,
  { manifest, parts }: ArtifactFolder,
  placed: PlacedDocuments,
  { record, corpus, total, report }: Upload,
): Promise<PublishedManifest> {
  const { name, version } = manifest;
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
    return written !== undefined && written !== false;
  };
  for (const { key, source } of packUploads(name, placed.packs)) await put(key, source);

  const { forced } = record;
  const publication = { at: record.at, by: record.by, ...(forced && { forced }) };
  const pages = new Map<string, number>();
  let whole: PublishedManifest | undefined;
  for (const [i, part] of parts.entries()) {
    const { bytes } = part.manifest.files["forest.bin"];
    await put(versionKey(name, version, "forest.bin", part.shard), { path: part.forestPath, bytes });
    const own = placed.placement(i);
    const written = await put(versionKey(name, version, "placement.bin", part.shard), own);
    const standing = written ? own : await standingPlacement(store, name, version, part, own, report);
    const placement = decodePlacement(standing);
    for (const { hash, bytes } of placement.pages) pages.set(hash, bytes);
    whole = {
      ...part.manifest,
      placement: {
        bytes: standing.byteLength,
        sha256: createHash("sha256").update(standing).digest("hex"),
        hotBytes: placementHotBytes(placement),
        // The last part stands for the whole version, and a page that two shards need counts once.
        ...totals(part.shard === undefined ? pages : pagesOf(placement.pages)),
      },
      ...(part.shard === undefined && { corpus }),
      publication,
    };
    await putManifest(store, versionKey(name, version, "manifest.json", part.shard), whole, part);
  }
  // A folder has at least one part.
  return whole!;
}

/**
 * Writes a manifest unless one stands there. A shard's that an earlier attempt left may name a placement that had to be
 * replaced; nobody reads it before the whole version's is there.
 */
async function putManifest(
  store: PublishStore,
  key: string,
  manifest: PublishedManifest,
  { shard, manifest: { version } }: ArtifactPart,
): Promise<void> {
  const there = shard === undefined ? undefined : await store.getObject(key);
  if (there) {
    const standing = parsePublishedManifest(new TextDecoder().decode(there.bytes), version);
    if (standing.placement.sha256 === manifest.placement.sha256) return;
  }
  const json = new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`);
  await store.putObject(key, json, { contentType: "application/json", ifAbsent: !there });
}

/**
 * The placement that stands when ours was not written: an earlier attempt's, or that of another publisher of the same
 * content, which was faster. It is as good as ours, unless its pages were collected meanwhile.
 */
async function standingPlacement(
  store: PublishStore,
  name: string,
  version: string,
  { shard }: ArtifactPart,
  own: Uint8Array,
  report: (progress: Progress) => void,
): Promise<Uint8Array> {
  const key = versionKey(name, version, "placement.bin", shard);
  const object = await store.getObject(key);
  if (object && Buffer.from(object.bytes).equals(own)) return own;
  if (object) {
    const { lost } = await repairPages(store, name, [decodePlacement(object.bytes)], report);
    if (lost === 0) return object.bytes;
  }
  await store.putObject(key, own);
  return own;
}

function pagesOf(pages: readonly PlacedPage[]): Map<string, number> {
  return new Map(pages.map(({ hash, bytes }) => [hash, bytes]));
}

function totals(pages: ReadonlyMap<string, number>): { pages: number; pageBytes: number } {
  let pageBytes = 0;
  for (const bytes of pages.values()) pageBytes += bytes;
  return { pages: pages.size, pageBytes };
}
