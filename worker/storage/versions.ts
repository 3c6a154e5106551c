import type { R2ObjectBody } from "@cloudflare/workers-types";
import { AnnoyEdgeError } from "../core/format/errors.ts";
import { pointerKey, versionKey } from "../core/format/keys.ts";
import type { LoadSource } from "./loaded.ts";
import {
  type PublishedManifest,
  parsePublishedManifest,
  parseShardManifest,
  type ShardRef,
} from "./manifest.ts";
import { answered, getObject, retried, textOf } from "./objects.ts";
import { type FileLengths, type Pointer, parsePointer } from "./pointer.ts";

/** Change since the pointer that has `etag`: nothing, or the pointer as it is now. */
export type PointerReading = { readonly changed: false } | { changed: true; pointer: Pointer; etag: string };

/**
 * Reads the pointer; one small request of R2, without a body when the etag is the one at hand.
 *
 * @throws AnnoyEdgeError `INDEX_NOT_PUBLISHED`, `CORRUPT_POINTER`
 */
export async function readPointer(
  { bucket, name }: LoadSource,
  etag: string | undefined,
): Promise<PointerReading> {
  const key = pointerKey(name);
  const options = etag ? { onlyIf: { etagDoesNotMatch: etag } } : {};
  const object = await retried(() => bucket.get(key, options));
  if (!object) {
    throw new AnnoyEdgeError(
      "INDEX_NOT_PUBLISHED",
      `Index "${name}" is not published here: the bucket has no ${key}. Run "annoy-edge publish <dir>".`,
    );
  }
  if (!("body" in object) || object.etag === etag) return { changed: false };
  return {
    changed: true,
    pointer: parsePointer(await textOf(object as R2ObjectBody), name),
    etag: object.etag,
  };
}

/**
 * @throws ArtifactError `CORRUPT_META`
 * @throws AnnoyEdgeError `VERSION_INCOMPLETE` when the object is not there
 */
export async function readManifest(source: LoadSource, version: string): Promise<PublishedManifest> {
  const object = await getObject(source.bucket, versionKey(source.name, version, "manifest.json"));
  return parsePublishedManifest(await textOf(object), version);
}

/** As {@link readManifest}, of a shard. @throws AnnoyEdgeError `SHARD_MISMATCH` */
export async function readShardManifest(
  { bucket, name }: LoadSource,
  version: string,
  shard: ShardRef,
): Promise<PublishedManifest> {
  const object = await getObject(bucket, versionKey(name, version, "manifest.json", shard.number));
  return parseShardManifest(await textOf(object), version, shard);
}

/**
 * Looks whether a version's files are there and as long as they were published: two small requests, before another version
 * is given up for it.
 *
 * @throws AnnoyEdgeError `VERSION_INCOMPLETE`
 */
export async function requireFiles(
  { bucket, name }: LoadSource,
  version: string,
  { forest, placement }: FileLengths,
): Promise<void> {
  const wanted = [
    ["forest.bin", forest],
    ["placement.bin", placement],
  ] as const;
  await Promise.all(
    wanted.map(async ([file, length]) => {
      const key = versionKey(name, version, file);
      const object = await retried(() => bucket.head(key));
      if (object?.size === length) return;
      const found = object ? `${key} has ${object.size} bytes of ${length}` : `The bucket has no ${key}`;
      throw new AnnoyEdgeError("VERSION_INCOMPLETE", `${found}; that version is not whole.`);
    }),
  );
}

/** The etags of versions' objects: they change when an object is written again. */
export async function etagsOf({ bucket, name }: LoadSource, versions: readonly string[]): Promise<string> {
  const keys = versions.flatMap((version) =>
    (["forest.bin", "placement.bin", "manifest.json"] as const).map((file) =>
      versionKey(name, version, file),
    ),
  );
  const objects = await Promise.all(keys.map((key) => answered(bucket.head(key))));
  return objects.map((object) => object?.etag ?? "").join(" ");
}
