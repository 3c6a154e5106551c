import type { SearchLimits } from "../search/parse.ts";
import type { LoadedIndex } from "../search/types.ts";

/** Where requests get their index from. The reader of `worker/artifact` is one. */
export interface IndexSource {
  /**
   * Runs `run` with the version to answer from, loading it when nothing is loaded yet. The version stays in memory
   * until `run` has ended.
   *
   * @throws AnnoyEdgeError when there is no version to load
   */
  use<R>(lifetime: Lifetime, run: (lease: IndexLease) => R | Promise<R>): Promise<R>;
  /** What is loaded at this moment, without loading anything. */
  status(): IndexStatus;
}

export interface IndexLease {
  readonly value: LoadedIndex;
  /** Milliseconds that the request waited for the index. */
  readonly waitedMs: number;
}

/** The part of a Worker's ExecutionContext that outlives an answer. */
export interface Lifetime {
  waitUntil(promise: Promise<unknown>): void;
}

/** Times are ISO 8601. */
export interface IndexStatus {
  /** What answers; null before the first load. */
  readonly version: string | null;
  /** What the pointer names. */
  readonly wanted: string | null;
  readonly publishedAt: string | null;
  readonly loadedAt: string | null;
  readonly checkedAt: string | null;
  /** Bytes of artifacts in memory. */
  readonly heldBytes: number;
  /** Why the last look at the pointer or the last load failed. */
  readonly lastError: { readonly code: string; readonly message: string; readonly at: string } | null;
}

export interface AppOptions {
  /** Name of the index, for answers that come before it is loaded. */
  readonly name: string;
  readonly source: IndexSource;
  readonly limits?: HttpLimits | undefined;
  /** Static files: asked for paths that no route has. */
  readonly assets?: { fetch(request: Request): Promise<Response> } | undefined;
}

export interface HttpLimits extends SearchLimits {
  /** Largest body of a request, in bytes. */
  readonly maxBodyBytes?: number | undefined;
  /** Largest body of a batch, in bytes. */
  readonly maxBatchBytes?: number | undefined;
  /** Time that a client may take to send its body, in milliseconds. */
  readonly bodyTimeout?: number | undefined;
}

/** What handlers and middleware share about one request. */
export interface RequestState {
  /** Milliseconds by phase, for Server-Timing, in the order of first use. */
  readonly timings: Map<string, number>;
  /** The version that answers, once it is known. */
  version?: string;
  /** A stable code, when the answer is a problem. */
  problem?: string;
}

export interface AppEnv {
  Variables: { state: RequestState };
}
