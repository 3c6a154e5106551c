import { AnnoyEdgeError } from "../core/format/errors.ts";
import { isVersion } from "../core/format/keys.ts";

/**
 * Action by which a version became current. `publish`: it was new; `promote`: it was published before, and so is `rollback`. `repair`: it
 * was current already, and what was lost or changed of it is back.
 */
export type PublishAction = "publish" | "promote" | "rollback" | "repair";

/** One line of an index's history. */
export interface PublishRecord {
  readonly version: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly by: string;
  readonly action: PublishAction;
  readonly message?: string;
  /** Checks that failed and were overridden by `--force`. */
  readonly forced?: readonly string[];
  readonly items: number;
  /** The version that this one changes; absent for one that stands by itself. */
  readonly base?: string;
  /** Changes against the version before, in documents and in pages written to KV. */
  readonly changes?: {
    readonly added: number;
    readonly kept: number;
    readonly removed: number;
    readonly pagesWritten: number;
    readonly pageBytesWritten: number;
  };
}

/** Lengths in bytes of the files of one artifact that a reader loads. */
export interface FileLengths {
  readonly forest: number;
  readonly forestHot: number;
  readonly placement: number;
  readonly placementHot: number;
}

/** Lengths in bytes of what a reader loads of a version. */
export interface VersionLengths extends FileLengths {
  /** The encoder of its queries. */
  readonly encoder?: EncoderLength;
  /** The version that this one changes, which a reader holds or loads as well. */
  readonly base?: FileLengths & { readonly version: string };
}

/** An encoder, which is an object of its own. */
export interface EncoderLength {
  readonly contentHash: string;
  readonly bytes: number;
}

/** `current.json`: the only mutable object of an index, replaced whole and only by compare-and-swap. */
export interface Pointer {
  readonly format: "annoy-edge-pointer";
  readonly formatVersion: 1;
  readonly name: string;
  readonly version: string;
  /** Lengths of `version`, so that a cold reader need not wait for the manifest first; it does when they are left out. */
  readonly lengths?: VersionLengths;
  /** Version that was current before, which a reader falls back to. */
  readonly previous: string | null;
  readonly publishedAt: string;
  readonly by: string;
  readonly message?: string;
  /** Newest first; the first one is what made `version` current. */
  readonly history: readonly PublishRecord[];
  /** Number of writes of the pointer. Etags are hashes of the content: without it a later pointer could have an earlier one's. */
  readonly revision?: number;
  /** Versions that a collection is removing: they cannot be promoted any more. */
  readonly collecting?: readonly string[];
}

/**
 * Reads a pointer's JSON.
 *
 * @throws AnnoyEdgeError `CORRUPT_POINTER`
 */
export function parsePointer(text: string, name: string): Pointer {
  let value: Partial<Record<keyof Pointer, unknown>> | null;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw corrupt(name, "it is not JSON", cause);
  }
  if (typeof value !== "object" || value === null || value.format !== "annoy-edge-pointer") {
    throw corrupt(name, "it is not a pointer of annoy-edge");
  }
  if (value.formatVersion !== 1)
    throw corrupt(name, `it has format version ${value.formatVersion}, not 1; update the reader`);
  if (!isVersion(value.version)) throw corrupt(name, "it names no version");
  if (value.previous !== null && !isVersion(value.previous))
    throw corrupt(name, "its previous version is not one");
  if (value.lengths !== undefined && !areLengths(value.lengths)) {
    throw corrupt(name, "the lengths of its version are not numbers of bytes");
  }
  if (value.name !== name) throw corrupt(name, `it belongs to index "${value.name}"`);
  if (!Array.isArray(value.history) || typeof value.publishedAt !== "string") {
    throw corrupt(name, "it has no history");
  }
  // Every field that a reader relies on has been checked; the history is only ever shown.
  return value as Pointer;
}

function areLengths(value: unknown): value is VersionLengths {
  if (typeof value !== "object" || value === null) return false;
  const { base, encoder, forest, forestHot, placement, placementHot } = value as Partial<VersionLengths>;
  if (encoder !== undefined && !(encoder?.bytes > 0)) return false;
  if (base !== undefined && !(areLengths(base) && isVersion(base.version))) return false;
  return [forest, forestHot, placement, placementHot].every(
    (length) => typeof length === "number" && Number.isSafeInteger(length) && length > 0,
  );
}

function corrupt(name: string, what: string, cause?: unknown): AnnoyEdgeError {
  return new AnnoyEdgeError(
    "CORRUPT_POINTER",
    `The pointer ${name}/current.json is damaged: ${what}. Replace it by "annoy-edge rollback <version>" or "publish --force".`,
    { cause },
  );
}
