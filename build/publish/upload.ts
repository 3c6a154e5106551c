import { createHash } from "node:crypto";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { encoderKey, packKey, versionKey } from "../../worker/core/format/keys.ts";
import {
  decodePlacement,
  type PlacedPage,
  type Placement,
  placementHotBytes,
} from "../../worker/core/format/placement.ts";
import {
  type CorpusFacts,
  type PublishedManifest,
  parsePublishedManifest,
  parseShardManifest,
} from "../../worker/storage/manifest.ts";
import type { FileLengths, PublishRecord } from "../../worker/storage/pointer.ts";
import type { Progress } from "../settings/progress.ts";
import type { ArtifactFolder, ArtifactPart } from "./artifact.ts";
import type { PlacedDocuments } from "./documents.ts";
import { type Expected, expectedOf, soundnessOf } from "./objects.ts";
import { type RepairOptions, repairPages } from "./repair.ts";
import { type ObjectSource, type PublishStore, sizeOf } from "./store.ts";
import { neededPages } from "./survey.ts";

export interface Upload {
  readonly record: PublishRecord;
  readonly corpus: CorpusFacts;
  /** Facts of each part's forest. */
  readonly forestOf: (shard: number | undefined) => Promise<Expected>;
  /** Lengths of the base's files, where this is changes on top of one. */
  readonly baseFiles?: FileLengths;
  /** Whether pages that an earlier attempt left are read, and their second copies. */
  readonly deep: boolean;
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
  { manifest, parts, encoder }: ArtifactFolder,
  placed: PlacedDocuments,
  { record, corpus, baseFiles, deep, total, forestOf, report }: Upload,
): Promise<PublishedManifest> {
  const { name, version } = manifest;
  let done = 0;
  // What is there and holds other bytes is replaced; `expected` is left out where several contents are right.
  const put = async (key: string, source: ObjectSource, expected?: Expected): Promise<boolean> => {
    const state = expected
      ? await soundnessOf(store, key, expected)
      : (await store.headObject(key))
        ? "sound"
        : "missing";
    const written =
      state !== "sound" &&
      (await store.putObject(key, source, {
        ifAbsent: state === "missing",
        onProgress: (bytes) => report({ phase: "upload", done: done + bytes, total }),
      }));
    done += sizeOf(source);
    report({ phase: "upload", done, total });
    return written !== undefined && written !== false;
  };
  for (const pack of placed.packs) await put(packKey(name, pack.hash), pack, await expectedOf(pack));

  const { forced } = record;
  const publication = { at: record.at, by: record.by, ...(forced && { forced }) };
  const pages = new Map<string, number>();
  let whole: PublishedManifest | undefined;
  for (const [i, part] of parts.entries()) {
    const { bytes } = part.manifest.files["forest.bin"];
    const forest = { path: part.forestPath, bytes };
    const forestKey = versionKey(name, version, "forest.bin", part.shard);
    await put(forestKey, forest, await forestOf(part.shard));
    const own = placed.placement(i);
    const placementKey = versionKey(name, version, "placement.bin", part.shard);
    const written = await put(placementKey, own);
    const standing = written
      ? own
      : await standingPlacement(store, placementKey, part, own, { deep, onProgress: report });
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
      etags: {
        forest: (await store.headObject(forestKey))?.etag ?? "",
        placement: (await store.headObject(placementKey))?.etag ?? "",
        ...(part.shard === undefined &&
          encoder && { encoder: (await store.headObject(encoderKey(encoder.hash)))?.etag ?? "" }),
      },
      ...(part.shard === undefined && { corpus }),
      ...(part.shard === undefined && baseFiles && { baseFiles }),
      ...(part.shard === undefined &&
        encoder && { encoder: { contentHash: encoder.hash, bytes: encoder.bytes } }),
      publication,
    };
    await putManifest(store, versionKey(name, version, "manifest.json", part.shard), whole, part);
  }
  // A folder has at least one part.
  return whole!;
}

/**
 * Writes a manifest unless one stands there. One that an earlier attempt left may name a placement that had to be
 * replaced, or be damaged.
 */
async function putManifest(
  store: PublishStore,
  key: string,
  manifest: PublishedManifest,
  part: ArtifactPart,
): Promise<void> {
  const there = await store.getObject(key);
  if (there && placementNamedBy(there.bytes, part) === manifest.placement.sha256) return;
  const json = new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`);
  await store.putObject(key, json, { contentType: "application/json", ifAbsent: !there });
}

/** Hash of the placement that a manifest names; undefined when the manifest cannot be read. */
function placementNamedBy(
  bytes: Uint8Array,
  { shard: number, manifest: { version } }: ArtifactPart,
): string | undefined {
  const text = new TextDecoder().decode(bytes);
  try {
    const manifest =
      number === undefined
        ? parsePublishedManifest(text, version)
        : parseShardManifest(text, version, { number, version });
    return manifest.placement.sha256;
  } catch (error) {
    if (error instanceof AnnoyEdgeError) return undefined;
    throw error;
  }
}

/**
 * The placement that stands when ours was not written: an earlier attempt's, or that of another publisher of the same
 * content, which was faster. It is as good as ours, unless its pages or their second copies were collected meanwhile, or
 * are damaged.
 */
async function standingPlacement(
  store: PublishStore,
  key: string,
  { manifest: { name } }: ArtifactPart,
  own: Uint8Array,
  options: RepairOptions,
): Promise<Uint8Array> {
  const object = await store.getObject(key);
  if (object && Buffer.from(object.bytes).equals(own)) return own;
  const standing = object && decodeStanding(object.bytes);
  if (object && standing) {
    const { lost, single } = await repairPages(store, name, neededPages([standing]), options);
    if (lost.length + single.length === 0) return object.bytes;
  }
  await store.putObject(key, own);
  return own;
}

function decodeStanding(bytes: Uint8Array): Placement | undefined {
  try {
    return decodePlacement(bytes);
  } catch (error) {
    if (error instanceof AnnoyEdgeError) return undefined;
    throw error;
  }
}

function pagesOf(pages: readonly PlacedPage[]): Map<string, number> {
  return new Map(pages.map(({ hash, bytes }) => [hash, bytes]));
}

function totals(pages: ReadonlyMap<string, number>): { pages: number; pageBytes: number } {
  let pageBytes = 0;
  for (const bytes of pages.values()) pageBytes += bytes;
  return { pages: pages.size, pageBytes };
}
