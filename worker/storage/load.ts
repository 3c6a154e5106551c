import type { Cache, R2Bucket, R2ObjectBody } from "@cloudflare/workers-types";
import { type Artifact, freeBuffer, openArtifact, sectionBytes } from "../core/format/artifact.ts";
import { AnnoyEdgeError, ArtifactError } from "../core/format/errors.ts";
import { pointerKey, versionKey } from "../core/format/keys.ts";
import { type ColdFile, createColdReader, type ReadRanges } from "./cold.ts";
import { fillColdCache, openColdFile, readsCold } from "./cold-file.ts";
import { copyBytes, putFile } from "./fill.ts";
import {
  lengthsOf,
  type PublishedManifest,
  parsePublishedManifest,
  parseShardManifest,
  type ShardPlace,
  type ShardRef,
} from "./manifest.ts";
import { getObject, retried } from "./objects.ts";
import { type FileLengths, type Pointer, parsePointer, type VersionLengths } from "./pointer.ts";
import { createRangeCache, type RangeCache } from "./range-cache.ts";
import { readExactly } from "./stream.ts";
import { createTurns } from "./turns.ts";
import { createVerifier } from "./verifier.ts";

/** Everything of one version that a query needs, from which the caller composes its own index. */
export interface LoadedParts {
  readonly name: string;
  readonly version: string;
  readonly manifest: PublishedManifest;
  /** The hot part of forest.bin, opened and checked. */
  readonly artifact: Artifact;
  /** The hot part of placement.bin, unread. */
  readonly placement: Uint8Array;
  /** Place of forest.bin. */
  readonly forestKey: string;
  /** Reads ranges of forest.bin, for what lies cold: from memory, or all at once. */
  readonly readRanges: ReadRanges;
  /** The version that this one changes. */
  readonly base?: LoadedParts;
  /** Section `wordTotals` of the changes that a shard belongs to. */
  readonly wordTotals?: Uint8Array;
}

export interface LoadSource {
  readonly name: string;
  readonly bucket: R2Bucket;
  /** The data centre's cache; without it every isolate reads from R2. */
  readonly cache?: Cache | undefined;
  /** Pages of cold parts, shared by all versions and indexes of the isolate; left out: those of each version apart. */
  readonly ranges?: RangeCache | undefined;
}

export interface LoadCallbacks {
  /** Called as bytes arrive; what it throws ends the load. */
  readonly onProgress: () => void;
  /** The base that an older version has left in memory, which is then not loaded. */
  readonly base?: LoadedParts | undefined;
  /** Called with the manifest, which arrives before the rest: what else the version needs can be read beside it. */
  readonly onManifest?: (manifest: PublishedManifest) => void;
}

export interface LoadResult {
  readonly parts: LoadedParts;
  readonly from: "r2" | "cache";
  /** Artifacts that were read from R2: the version's own, its base. */
  readonly fresh: readonly LoadedParts[];
}

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
    pointer: parsePointer(await (object as R2ObjectBody).text(), name),
    etag: object.etag,
  };
}

/**
 * @throws ArtifactError `CORRUPT_META`
 * @throws AnnoyEdgeError `VERSION_INCOMPLETE` when the object is not there
 */
export async function readManifest(source: LoadSource, version: string): Promise<PublishedManifest> {
  const object = await getObject(source.bucket, versionKey(source.name, version, "manifest.json"));
  return parsePublishedManifest(await object.text(), version);
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
  const objects = await Promise.all(keys.map((key) => bucket.head(key)));
  return objects.map((object) => object?.etag ?? "").join(" ");
}

/** Bytes of artifact that loading these files will hold. */
export function heldBytesOf({ forestHot, placementHot }: FileLengths): number {
  return forestHot + placementHot;
}

/**
 * Loads a version's hot parts and its manifest, all at once; the forest from the data centre's cache when it has it. A
 * damaged cached copy is dropped and R2 asked instead.
 *
 * @throws ArtifactError naming the fault
 * @throws AnnoyEdgeError `VERSION_INCOMPLETE`
 */
export async function loadVersion(
  source: LoadSource,
  version: string,
  lengths: VersionLengths,
  { onProgress, onManifest, base: held }: LoadCallbacks,
): Promise<LoadResult> {
  const manifest = readManifest(source, version).then((read) => {
    onManifest?.(read);
    return read;
  });
  const own = loadFiles(source, { version }, lengths, manifest, onProgress);
  if (!lengths.base) return own;
  const { version: below } = lengths.base;
  if (held?.version === below) {
    const { parts, ...loaded } = await own;
    return { ...loaded, parts: { ...parts, base: held } };
  }
  const beneath = loadFiles(
    source,
    { version: below },
    lengths.base,
    readManifest(source, below),
    onProgress,
  );
  // Whichever fails first is reported; the other's failure must not count as unhandled.
  for (const pending of [own, beneath]) pending.catch(() => {});
  const [changes, base] = [await own, await beneath];
  return {
    from: changes.from,
    fresh: [...changes.fresh, ...base.fresh],
    parts: { ...changes.parts, base: base.parts },
  };
}

/**
 * Loads a shard of a version as {@link loadVersion} loads a version, with its changes; its lengths come from its own manifests.
 *
 * @param version of the whole index
 * @param onLengths receives the number of bytes that it will hold, before they are read
 * @throws AnnoyEdgeError `SHARD_MISMATCH` when another artifact lies there than the router names
 */
export async function loadShard(
  source: LoadSource,
  version: string,
  { number, version: own, base }: ShardPlace,
  onLengths: (heldBytes: number) => void,
): Promise<LoadResult> {
  const wanted = [
    { version: base?.version ?? version, ref: { number, version: own } },
    ...(base?.changes ? [{ version, ref: { number, version: base.changes } }] : []),
  ];
  const [router, ...found] = await Promise.all([
    base && readManifest(source, version).then(lengthsOf),
    ...wanted.map(async ({ version, ref }) => {
      const manifest = await readShardManifest(source, version, ref);
      return { version, manifest, lengths: lengthsOf(manifest) };
    }),
  ]);
  // Nearly all that the router of changes has are the words' frequencies.
  onLengths(found.reduce((sum, { lengths }) => sum + heldBytesOf(lengths), router?.forestHot ?? 0));
  const [loaded, wordTotals] = await Promise.all([
    Promise.all(
      found.map(({ version, manifest, lengths }) =>
        loadFiles(source, { version, shard: number }, lengths, Promise.resolve(manifest), () => {}),
      ),
    ),
    router && loadWordTotals(source, version, router),
  ]);
  const [below, changes] = loaded;
  const parts = changes ? { ...changes.parts, base: below!.parts } : below!.parts;
  return {
    parts: wordTotals ? { ...parts, wordTotals } : parts,
    from: below!.from,
    fresh: loaded.flatMap(({ fresh }) => fresh),
  };
}

async function readShardManifest(
  { bucket, name }: LoadSource,
  version: string,
  shard: ShardRef,
): Promise<PublishedManifest> {
  const object = await getObject(bucket, versionKey(name, version, "manifest.json", shard.number));
  return parseShardManifest(await object.text(), version, shard);
}

/** Reads what the router of changes says of words; undefined where it says nothing. */
async function loadWordTotals(
  source: LoadSource,
  version: string,
  lengths: FileLengths,
): Promise<Uint8Array | undefined> {
  const key = versionKey(source.name, version, "forest.bin");
  const { artifact } = await loadForest(source, key, lengths, () => {});
  const bytes = sectionBytes(artifact, "wordTotals")?.slice();
  freeBuffer(artifact.bytes.buffer);
  return bytes;
}

async function loadFiles(
  source: LoadSource,
  { version, shard }: { readonly version: string; readonly shard?: number },
  lengths: FileLengths,
  manifest: Promise<PublishedManifest>,
  onProgress: () => void,
): Promise<LoadResult> {
  const key = versionKey(source.name, version, "forest.bin", shard);
  const placement = readHot(
    source,
    versionKey(source.name, version, "placement.bin", shard),
    lengths.placement,
    lengths.placementHot,
    onProgress,
  );
  // Whichever fails first is reported; the others' failures must not count as unhandled.
  for (const pending of [manifest, placement]) pending.catch(() => {});
  const { artifact, from } = await loadForest(source, key, lengths, onProgress);
  try {
    if (artifact.header.fileBytes !== lengths.forest) {
      throw new ArtifactError(
        "BAD_HEADER",
        `${key} says it has ${artifact.header.fileBytes} bytes, the pointer ${lengths.forest}.`,
      );
    }
    const parts: LoadedParts = {
      name: source.name,
      version,
      manifest: await manifest,
      artifact,
      placement: await placement,
      forestKey: key,
      readRanges: createRangesReader(
        openColdFile(source, key, artifact),
        source.ranges ?? createRangeCache(),
      ),
    };
    return { from, parts, fresh: from === "r2" ? [parts] : [] };
  } catch (error) {
    freeBuffer(artifact.bytes.buffer);
    throw error;
  }
}

/** Memory of a search's reads of cold rows, about (docs/scale.md); three searches at once fit beside all else that is held. */
const COLD_READ_BYTES = 2e6;
const coldTurns = createTurns(3 * COLD_READ_BYTES);

/** Reads ranges in turns, so that who waits finds in memory what was read meanwhile. */
function createRangesReader(file: ColdFile, ranges: RangeCache): ReadRanges {
  const read = createColdReader(file, ranges);
  return (ranges) => coldTurns(COLD_READ_BYTES, () => read(ranges));
}

async function loadForest(
  source: LoadSource,
  key: string,
  lengths: FileLengths,
  onProgress: () => void,
): Promise<{ artifact: Artifact; from: "r2" | "cache" }> {
  const url = cacheUrl(key, lengths.forestHot);
  const cached = await source.cache?.match(url).catch(() => undefined);
  if (cached?.body) {
    try {
      const bytes = await readExactly(
        cached.body,
        lengths.forestHot,
        "The cached forest",
        verifying(lengths, onProgress),
      );
      return { artifact: openArtifact(bytes, { trusted: true }), from: "cache" };
    } catch {
      await source.cache?.delete(url);
    }
  }
  const onStep = verifying(lengths, onProgress);
  const bytes = await readHot(source, key, lengths.forest, lengths.forestHot, onStep);
  return { artifact: openArtifact(bytes, { trusted: true }), from: "r2" };
}

/** Checks a forest's bytes as they arrive: afterwards they can be trusted. */
function verifying({ forestHot }: FileLengths, onProgress: () => void): (bytes: Uint8Array) => void {
  const verify = createVerifier(forestHot);
  return (bytes) => {
    onProgress();
    verify(bytes);
  };
}

/** Leaves a loaded forest in the data centre's cache, where the next cold isolate finds it. Best effort. */
export async function fillCache(source: LoadSource, parts: LoadedParts): Promise<void> {
  const { bytes } = parts.artifact;
  const { byteLength } = bytes;
  if (source.cache) {
    const url = cacheUrl(parts.forestKey, byteLength);
    await putFile(source.cache, url, byteLength, (write) => copyBytes(() => bytes, byteLength, write));
  }
}

/** Leaves the whole file there, too, where searches read its cold part and it is not there already. Best effort. */
export async function fillCold(source: LoadSource, { artifact, forestKey }: LoadedParts): Promise<void> {
  if (readsCold(artifact)) await fillColdCache(source, forestKey, artifact.header.fileBytes);
}

/** A version's bytes never change, so its key alone says what is cached. The host exists nowhere. */
function cacheUrl(key: string, hotBytes: number): string {
  return `https://annoy-edge.invalid/${key}?hot=${hotBytes}`;
}

/** The first `length` bytes of an object that must have `whole`. */
async function readHot(
  source: LoadSource,
  key: string,
  whole: number,
  length: number,
  onStep: (bytes: Uint8Array) => void,
): Promise<Uint8Array> {
  const checkSize = (size: number): void => {
    if (size === whole) return;
    throw new ArtifactError("TRUNCATED", `${key} has ${size} bytes; ${whole} were published.`);
  };
  let object: R2ObjectBody;
  try {
    object = await getObject(source.bucket, key, { offset: 0, length });
  } catch (error) {
    // An object that ends before the range does may come as a failure of the read.
    const head = await source.bucket.head(key);
    if (head) checkSize(head.size);
    throw error;
  }
  checkSize(object.size);
  return readExactly(object.body, length, key, onStep);
}
