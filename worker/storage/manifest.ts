import { AnnoyEdgeError, ArtifactError } from "../core/format/errors.ts";
import type { Manifest } from "../core/format/meta.ts";
import type { EncoderLength, FileLengths, VersionLengths } from "./pointer.ts";

/** `manifest.json` of a published version: the artifact's, and what publishing added. */
export interface PublishedManifest extends Manifest {
  readonly placement: {
    readonly bytes: number;
    readonly sha256: string;
    /** Length of the part that a reader loads. */
    readonly hotBytes: number;
    readonly pages: number;
    readonly pageBytes: number;
  };
  /** R2's etags of the objects beside the manifest, by which a check need not read them; absent in older versions. */
  readonly etags?: { readonly forest: string; readonly placement: string; readonly encoder?: string };
  /** The encoder of queries; absent in versions that were published before it was counted. */
  readonly encoder?: EncoderLength;
  /** Lengths of the base's files, in a version of changes on top of one. */
  readonly baseFiles?: FileLengths;
  /** Absent in versions that were published before it was counted. */
  readonly corpus?: CorpusFacts;
  readonly publication: {
    /** ISO 8601, UTC. */
    readonly at: string;
    readonly by: string;
    /** Checks that failed and were overridden by `--force`. */
    readonly forced?: readonly string[];
  };
}

/** Measures of a version's corpus: the gate compares the next version with them. */
export interface CorpusFacts {
  readonly documents: number;
  /** UTF-8 bytes of all texts. */
  readonly textBytes: number;
  /** Documents whose text is more than blanks. */
  readonly withText: number;
  /** Distinct words, 0 without a keyword index; absent in shards. */
  readonly words?: number;
}

export function lengthsOf(manifest: PublishedManifest): VersionLengths {
  return {
    forest: manifest.files["forest.bin"].bytes,
    forestHot: manifest.hotBytes,
    placement: manifest.placement.bytes,
    placementHot: manifest.placement.hotBytes,
    ...(manifest.encoder && { encoder: manifest.encoder }),
    ...(manifest.base &&
      manifest.baseFiles && { base: { ...manifest.baseFiles, version: manifest.base.version } }),
  };
}

/**
 * Reads a published manifest and checks what loading relies on.
 *
 * @throws ArtifactError `CORRUPT_META`
 */
export function parsePublishedManifest(text: string, version: string): PublishedManifest {
  const manifest = parseManifest(text, `manifest.json of version ${version}`);
  if (manifest.version !== version) {
    throw new ArtifactError(
      "CORRUPT_META",
      `manifest.json of version ${version} describes version ${manifest.version}.`,
    );
  }
  return manifest;
}

/**
 * Reads the manifest of a shard: what `version` of the whole index has, must be the artifact that its router names.
 *
 * @throws AnnoyEdgeError `SHARD_MISMATCH`; ArtifactError `CORRUPT_META`
 */
export function parseShardManifest(text: string, version: string, shard: ShardRef): PublishedManifest {
  const what = `manifest.json of shard ${shard.number} of version ${version}`;
  const manifest = parseManifest(text, what, true);
  if (manifest.version !== shard.version) {
    throw new AnnoyEdgeError(
      "SHARD_MISMATCH",
      `${what} describes version ${manifest.version}; the router names ${shard.version}. Publish the index again.`,
    );
  }
  return manifest;
}

/** A shard of a version, and the version of its own artifact. */
export interface ShardRef {
  readonly number: number;
  readonly version: string;
}

/** A shard of a version, and where its artifact lies when the version changes another one. */
export interface ShardPlace extends ShardRef {
  readonly base?: ShardBase | undefined;
}

/** Base of the shards of a version that changes another. */
export interface ShardBase {
  /** The whole version that is changed: it has the shard's artifact. */
  readonly version: string;
  /** Version of the changes on top of the shard; absent where it has none. */
  readonly changes?: string | undefined;
}

/**
 * @param what that is read, for errors
 * @param isShard whether the lengths of a base lie elsewhere
 */
function parseManifest(text: string, what: string, isShard = false): PublishedManifest {
  let value: Partial<PublishedManifest> | null;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ArtifactError("CORRUPT_META", `${what} is not JSON.`, { cause });
  }
  if (typeof value !== "object" || value === null || value.format !== "annoy-edge") {
    throw new ArtifactError("CORRUPT_META", `${what} is not one of annoy-edge.`);
  }
  const counts = [
    value.hotBytes,
    value.files?.["forest.bin"]?.bytes,
    value.placement?.hotBytes,
    value.placement?.bytes,
    ...(value.base && !isShard ? Object.values(value.baseFiles ?? { forest: undefined }) : []),
  ];
  if (!counts.every((n) => typeof n === "number" && Number.isSafeInteger(n) && n >= 0)) {
    throw new ArtifactError("CORRUPT_META", `${what} lacks its files' lengths.`);
  }
  // The numbers that loading relies on are checked; the rest is the artifact's own meta section again, only shown.
  return value as PublishedManifest;
}
