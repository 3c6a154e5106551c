import type { LoadedParts, LoadSource } from "./loaded.ts";
import type { PublishedManifest } from "./manifest.ts";
import type { VersionLengths } from "./pointer.ts";

/** The part of an ExecutionContext that a reader needs. */
export interface WaitContext {
  waitUntil(promise: Promise<unknown>): void;
}

export interface IndexReaderOptions<T> extends LoadSource {
  /** The pointer is read again at most this often. */
  readonly refreshSeconds: number;
  /** Composes what the application queries. Synchronous; what it throws refuses the version. */
  readonly open: (parts: LoadedParts) => T;
  /** Starts what else a version needs, while it is being loaded. Never rejects. */
  readonly prepare?: (manifest: PublishedManifest) => Promise<void>;
  /** Bytes of artifact that may be in memory at once: old and new version together, or one after the other. */
  readonly memoryBudget?: number;
  /** Bytes of that budget that something else holds at the moment, or that a version of these lengths takes beside itself. */
  readonly reservedBytes?: (lengths: VersionLengths) => number;
  /**
   * Has others let go of memory until `claim` succeeds, which takes the room at once.
   *
   * @param hasOther whether this reader has an older version that it can give up instead
   * @throws AnnoyEdgeError when there is no room and nothing to give up
   */
  readonly makeRoom?: (claim: () => boolean, hasOther: boolean) => Promise<void>;
  readonly timing?: Partial<ReaderTiming>;
}

/** One version, held for one answer. */
export interface Lease<T> {
  readonly value: T;
  readonly version: string;
  readonly manifest: PublishedManifest;
  /** Time that this request waited for the index, in milliseconds; 0 when it was there. */
  readonly waitedMs: number;
  /** Gives the version back, at once or after some milliseconds; only then may its memory be used for the next one. */
  release(after?: number): void;
}

export interface ReaderStatus {
  readonly name: string;
  /** Version that answers; null before the first load and while one version makes room for another. */
  readonly version: string | null;
  /** Version that the pointer names. */
  readonly wanted: string | null;
  readonly publishedAt: string | null;
  readonly loadedAt: string | null;
  readonly loadedFrom: "r2" | "cache" | null;
  readonly checkedAt: string | null;
  readonly loading: boolean;
  readonly loads: number;
  readonly heldBytes: number;
  /** Number of shards of the version that answers; 0: it holds its items itself. */
  readonly shards: number;
  readonly peakBytes: number;
  readonly refused: readonly { readonly version: string; readonly code: string; readonly message: string }[];
  readonly lastError: { readonly code: string; readonly message: string; readonly at: string } | null;
}

export interface IndexReader<T> {
  /** The current version; waits for it when there is none yet. The lease must be released. */
  current(ctx: WaitContext): Promise<Lease<T>>;
  /** Runs `run` with the current version and releases it afterwards. */
  use<R>(ctx: WaitContext, run: (lease: Lease<T>) => R | Promise<R>): Promise<R>;
  /** Looks at the pointer now, whatever the interval, and waits until what it names is loaded or refused. */
  refresh(ctx: WaitContext): Promise<ReaderStatus>;
  status(): ReaderStatus;
  /** Bytes of all versions in memory, and of those that are being read. */
  readonly heldBytes: number;
  /** Lets go of the version in memory, unless it is in use or another one is being loaded. Returns whether it did. */
  letGo(): boolean;
}

/** Patience, in milliseconds. */
export interface ReaderTiming {
  /** An isolate that has not looked for this long looks before it answers: its version may be collected by now. */
  readonly stale: number;
  /** A stale isolate answers with what it has after this. */
  readonly staleWait: number;
  /** A load without a byte for this long belongs to a request that is gone; another request starts anew. */
  readonly stall: number;
  /** A request waits this long for an index that is being loaded. */
  readonly wait: number;
  /** A swap for want of memory waits this long for the requests that use the old version. */
  readonly drain: number;
  /** Time before a damaged version is tried again, unless the pointer changes. */
  readonly refuse: number;
  /** A loaded version is put into the data centre's cache after this. */
  readonly fill: number;
}
