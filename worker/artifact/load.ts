import type { Cache, R2Bucket, R2ObjectBody } from "@cloudflare/workers-types";
import { type Artifact, openArtifact } from "../format/artifact.ts";
import { AnnoyEdgeError, ArtifactError } from "../format/errors.ts";
import { pointerKey, versionKey } from "../format/keys.ts";
import { type PublishedManifest, parsePublishedManifest } from "./manifest.ts";
import { type Pointer, parsePointer } from "./pointer.ts";
import { readExactly } from "./stream.ts";

/** Everything of one version that a query needs, from which the caller composes its own index. */
export interface LoadedParts {
  readonly name: string;
  readonly version: string;
  readonly manifest: PublishedManifest;
  /** The hot part of forest.bin, opened and checked. */
  readonly artifact: Artifact;
  /** The hot part of placement.bin, unread. */
  readonly placement: Uint8Array;
  /** Reads any range of forest.bin, for what lies cold. */
  readonly readRange: (offset: number, length: number) => Promise<Uint8Array>;
}

export interface LoadSource {
  readonly name: string;
  readonly bucket: R2Bucket;
  /** The data centre's cache; without it every isolate reads from R2. */
  readonly cache?: Cache | undefined;
}

export interface LoadResult {
  readonly parts: LoadedParts;
  readonly from: "r2" | "cache";
}

/** What changed since the pointer that has `etag`: nothing, or the pointer as it is now. */
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
  const object = etag ? await bucket.get(key, { onlyIf: { etagDoesNotMatch: etag } }) : await bucket.get(key);
  if (!object) {
    throw new AnnoyEdgeError(
      "INDEX_NOT_PUBLISHED",
      `Index "${name}" is not published here: the bucket has no ${key}. Run "annoy-edge publish <dir>".`,
    );
  }
  if (!("body" in object) || object.etag === etag) return { changed: false };
  return {
    changed: true,
    pointer: parsePointer(await (object as R2ObjectBody).text(), name),
    etag: object.etag,
  };
}

/**
 * @throws ArtifactError `CORRUPT_META`
 * @throws AnnoyEdgeError `VERSION_INCOMPLETE` when the object is not there
 */
export async function readManifest(source: LoadSource, version: string): Promise<PublishedManifest> {
  const object = await getObject(source, versionKey(source.name, version, "manifest.json"));
  return parsePublishedManifest(await object.text(), version);
}

/** Bytes of artifact that loading this version will hold. */
export function heldBytesOf(manifest: PublishedManifest): number {
  return manifest.hotBytes + manifest.placement.hotBytes;
}

/**
 * Loads a version's hot parts: placement and forest at once, the forest from the data centre's cache when it has it.
 * A damaged cached copy is dropped and R2 asked instead.
 *
 * @param onProgress called as bytes arrive; what it throws ends the load
 * @throws ArtifactError naming the fault
 * @throws AnnoyEdgeError `VERSION_INCOMPLETE`
 */
export async function loadVersion(
  source: LoadSource,
  manifest: PublishedManifest,
  onProgress: () => void,
): Promise<LoadResult> {
  const { version } = manifest;
  const placement = readHot(source, "placement.bin", manifest, onProgress);
  // Whichever fails first is reported; the other's failure must not count as unhandled.
  placement.catch(() => {});
  const { artifact, from } = await loadForest(source, manifest, onProgress);
  const key = versionKey(source.name, version, "forest.bin");
  return {
    from,
    parts: {
      name: source.name,
      version,
      manifest,
      artifact,
      placement: await placement,
      readRange: async (offset, length) => {
        const object = await getObject(source, key, { offset, length });
        return readExactly(object.body, length, `The range of ${length} bytes at ${offset} of ${key}`);
      },
    },
  };
}

async function loadForest(
  source: LoadSource,
  manifest: PublishedManifest,
  onProgress: () => void,
): Promise<{ artifact: Artifact; from: "r2" | "cache" }> {
  const cached = await source.cache?.match(cacheKey(source.name, manifest)).catch(() => undefined);
  if (cached?.body) {
    try {
      const bytes = await readExactly(cached.body, manifest.hotBytes, "The cached forest", onProgress);
      return { artifact: openArtifact(bytes), from: "cache" };
    } catch {
      await source.cache?.delete(cacheKey(source.name, manifest));
    }
  }
  const bytes = await readHot(source, "forest.bin", manifest, onProgress);
  const artifact = openArtifact(bytes);
  if (artifact.header.fileBytes !== manifest.files["forest.bin"].bytes) {
    throw new ArtifactError(
      "BAD_HEADER",
      `forest.bin says it has ${artifact.header.fileBytes} bytes, the manifest of version ${manifest.version} ${manifest.files["forest.bin"].bytes}.`,
    );
  }
  return { artifact, from: "r2" };
}

/** Leaves a loaded forest in the data centre's cache, where the next cold isolate finds it. Best effort. */
export async function fillCache(source: LoadSource, parts: LoadedParts): Promise<void> {
  const { bytes } = parts.artifact;
  const headers = {
    "content-type": "application/octet-stream",
    "content-length": String(bytes.byteLength),
    "cache-control": "public, max-age=604800, immutable",
  };
  await source.cache?.put(cacheKey(source.name, parts.manifest), new Response(bytes, { headers }) as never);
}

/** A version's bytes never change, so its key alone says what is cached. The host exists nowhere. */
function cacheKey(name: string, manifest: PublishedManifest): string {
  return `https://annoy-edge.invalid/${versionKey(name, manifest.version, "forest.bin")}?hot=${manifest.hotBytes}`;
}

async function readHot(
  source: LoadSource,
  file: "forest.bin" | "placement.bin",
  manifest: PublishedManifest,
  onProgress: () => void,
): Promise<Uint8Array> {
  const key = versionKey(source.name, manifest.version, file);
  const whole = file === "forest.bin" ? manifest.files["forest.bin"].bytes : manifest.placement.bytes;
  const length = file === "forest.bin" ? manifest.hotBytes : manifest.placement.hotBytes;
  const checkSize = (size: number): void => {
    if (size === whole) return;
    throw new ArtifactError("TRUNCATED", `${key} has ${size} bytes; its manifest says ${whole}.`);
  };
  let object: R2ObjectBody;
  try {
    object = await getObject(source, key, { offset: 0, length });
  } catch (error) {
    // An object that ends before the range does may come as a failure of the read.
    const head = await source.bucket.head(key);
    if (head) checkSize(head.size);
    throw error;
  }
  onProgress();
  checkSize(object.size);
  return readExactly(object.body, length, key, onProgress);
}

async function getObject(
  { bucket }: LoadSource,
  key: string,
  range?: { offset: number; length: number },
): Promise<R2ObjectBody> {
  const object = await bucket.get(key, range ? { range } : {});
  if (!object) {
    throw new AnnoyEdgeError("VERSION_INCOMPLETE", `The bucket has no ${key}; that version is not whole.`);
  }
  return object;
}
