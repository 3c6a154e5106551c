import { freeBuffer, sectionBytes } from "../core/format/artifact.ts";
import { versionKey } from "../core/format/keys.ts";
import { loadFiles } from "./files.ts";
import { loadForest } from "./hot.ts";
import { freeParts, heldBytesOf, type LoadedParts, type LoadResult, type LoadSource } from "./loaded.ts";
import { lengthsOf, type PublishedManifest, type ShardPlace } from "./manifest.ts";
import type { FileLengths, VersionLengths } from "./pointer.ts";
import { type Load, loadTogether } from "./together.ts";
import { readManifest, readShardManifest } from "./versions.ts";

export interface LoadCallbacks {
  /** Called as bytes arrive; what it throws ends the load. */
  readonly onProgress: () => void;
  /** The base that an older version has left in memory, which is then not loaded. */
  readonly base?: LoadedParts | undefined;
  /** Called with the manifest, which arrives before the rest: what else the version needs can be read beside it. */
  readonly onManifest?: (manifest: PublishedManifest) => void;
}

/**
 * Loads a version's hot parts and its manifest, all at once, and those of its base. When any of it cannot be loaded, none is
 * kept in memory.
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
  const own = { version, lengths, manifest };
  const beneath = lengths.base?.version === held?.version ? undefined : lengths.base;
  const [changes, base] = await loadFiles(
    source,
    beneath
      ? [own, { version: beneath.version, lengths: beneath, manifest: readManifest(source, beneath.version) }]
      : [own],
    onProgress,
  );
  const below = base?.parts ?? (lengths.base && held);
  return {
    from: changes!.from,
    fresh: [...changes!.fresh, ...(base?.fresh ?? [])],
    parts: { ...changes!.parts, ...(below && { base: below }) },
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
      return { version, shard: number, lengths: lengthsOf(manifest), manifest: Promise.resolve(manifest) };
    }),
  ]);
  // Nearly all that the router of changes has are the words' frequencies.
  onLengths(found.reduce((sum, { lengths }) => sum + heldBytesOf(lengths), router?.forestHot ?? 0));
  const files: Load<readonly LoadResult[]> = {
    run: (step) => loadFiles(source, found, step),
    free: (results) => {
      for (const { parts } of results) freeParts(parts);
    },
  };
  const totals: Load<Uint8Array | undefined> = {
    run: async (step) => router && loadWordTotals(source, version, router, step),
    free: (bytes) => bytes && freeBuffer(bytes.buffer),
  };
  const [loaded, wordTotals] = await loadTogether<[readonly LoadResult[], Uint8Array | undefined]>(
    [files, totals],
    () => {},
  );
  const [below, changes] = loaded;
  const parts = changes ? { ...changes.parts, base: below!.parts } : below!.parts;
  return {
    parts: wordTotals ? { ...parts, wordTotals } : parts,
    from: below!.from,
    fresh: loaded.flatMap(({ fresh }) => fresh),
  };
}

/** Reads what the router of changes says of words; undefined where it says nothing. */
async function loadWordTotals(
  source: LoadSource,
  version: string,
  lengths: FileLengths,
  onProgress: () => void,
): Promise<Uint8Array | undefined> {
  const key = versionKey(source.name, version, "forest.bin");
  const { artifact } = await loadForest(source, key, lengths, onProgress);
  const bytes = sectionBytes(artifact, "wordTotals")?.slice();
  freeBuffer(artifact.bytes.buffer);
  return bytes;
}
