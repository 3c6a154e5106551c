import type { Cache, R2Bucket } from "@cloudflare/workers-types";
import { type Artifact, freeBuffer } from "../core/format/artifact.ts";
import type { ReadRanges } from "./cold.ts";
import type { PublishedManifest } from "./manifest.ts";
import type { FileLengths } from "./pointer.ts";
import type { RangeCache } from "./range-cache.ts";

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

export interface LoadResult {
  readonly parts: LoadedParts;
  readonly from: "r2" | "cache";
  /** Artifacts that were read from R2: the version's own, its base. */
  readonly fresh: readonly LoadedParts[];
}

/** Gives back the memory of an artifact that nothing uses any more; its base's is left alone. */
export function freeParts({ artifact, placement }: Pick<LoadedParts, "artifact" | "placement">): void {
  freeBuffer(artifact.bytes.buffer);
  freeBuffer(placement.buffer);
}

/** The artifacts of a version: its own, and the base that it may share with another version. */
export function artifactsOf({ parts }: { readonly parts: LoadedParts }): readonly LoadedParts[] {
  return parts.base ? [parts, parts.base] : [parts];
}

/** Bytes of artifact that loading these files will hold. */
export function heldBytesOf({ forestHot, placementHot }: FileLengths): number {
  return forestHot + placementHot;
}
