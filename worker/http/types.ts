import type { LoadedIndex } from "../core/search/loaded-index.ts";
import type { SearchLimits } from "../core/search/parse.ts";
import type { KeyHashes } from "./auth.ts";
import type { AnswerCache } from "./edge-cache.ts";
import type { RateLimiter } from "./rate-limit.ts";
import type { Analytics, LogLevel } from "./request-log.ts";

/** Where requests get their index from. The reader of `worker/storage` is one. */
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
  /** Bytes of documents' pages in memory. */
  readonly pageBytes: number;
  /** How many shards hold the items; 0: they are in memory here. */
  readonly shards: number;
  /** Why the last look at the pointer or the last load failed. */
  readonly lastError: { readonly code: string; readonly message: string; readonly at: string } | null;
}

export interface AppOptions {
  /** Name of the index, for answers that come before it is loaded. */
  readonly name: string;
  readonly source: IndexSource;
  /** Another one for other code: answers of the same version may differ then. */
  readonly revision?: string | undefined;
  readonly limits?: HttpLimits | undefined;
  /** Who is let in. Left out: everyone. */
  readonly keys?: KeyHashes | undefined;
  /** Pages of which origins may read answers: `*` for all. Left out: none but its own. */
  readonly corsOrigins?: "*" | readonly string[] | undefined;
  readonly rateLimiter?: RateLimiter | undefined;
  /** Keeps answers of GET by version. */
  readonly cache?: AnswerCache | undefined;
  /** Left out: `off`. */
  readonly log?: LogLevel | undefined;
  readonly analytics?: Analytics | undefined;
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
  /** Time that an answer may take, in milliseconds. */
  readonly requestTimeout?: number | undefined;
}
