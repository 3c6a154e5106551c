import type { Context, MiddlewareHandler } from "hono";
import type { Access } from "../core/access/token.ts";
import type { FilterNode } from "../core/columns/parse.ts";
import type { Reranker } from "../core/embedding/types.ts";
import type { Work } from "../core/format/work.ts";
import type { SearchLimits } from "../core/search/limits.ts";
import type { LoadedIndex } from "../core/search/loaded-index.ts";
import type { AnswerMode } from "../core/search/types.ts";

/** The indexes that a Worker serves. */
export interface IndexSet {
  /** Names and patterns (`shop-*`), as they were configured; at least one. */
  readonly served: readonly string[];
  /**
   * Source of the index of this name; without a name: the first that is served.
   *
   * @throws AnnoyEdgeError `INDEX_NOT_FOUND` when none of this name is served
   */
  open(name?: string): IndexSource | Promise<IndexSource>;
  /** Names of the published indexes that are served; asks the bucket where there are patterns. */
  list(): Promise<readonly string[]>;
  /** The index of that name, where this isolate has one open, and all that are open. */
  readonly opened: ReadonlyMap<string, IndexSource>;
}

/** Source of one index for requests. The reader of `worker/storage` is one. */
export interface IndexSource {
  readonly name: string;
  /**
   * Runs `run` with the version to answer from, loading it when nothing is loaded yet. The version stays in memory
   * until `run` has ended.
   *
   * @throws AnnoyEdgeError when there is no version to load
   */
  use<R>(lifetime: Lifetime, run: (lease: IndexLease) => R | Promise<R>): Promise<R>;
  /** Indexes loaded at this moment, without loading anything. */
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
  /** Version that answers; null before the first load. */
  readonly version: string | null;
  /** Version that the pointer names. */
  readonly wanted: string | null;
  readonly publishedAt: string | null;
  readonly loadedAt: string | null;
  readonly checkedAt: string | null;
  /** Bytes of artifacts in memory. */
  readonly heldBytes: number;
  /** Bytes of documents' pages in memory. */
  readonly pageBytes: number;
  /** Bytes of sentence encoders in memory, those of other indexes included. */
  readonly encoderBytes: number;
  /** Number of shards that hold the items; 0: they are in memory here. */
  readonly shards: number;
  /** Why the last look at the pointer or the last load failed. */
  readonly lastError: { readonly code: string; readonly message: string; readonly at: string } | null;
}

/** Status of an index of which nothing was loaded or read. */
export const NOTHING_LOADED: IndexStatus = {
  version: null,
  wanted: null,
  publishedAt: null,
  loadedAt: null,
  checkedAt: null,
  heldBytes: 0,
  pageBytes: 0,
  encoderBytes: 0,
  shards: 0,
  lastError: null,
};

/** Service behind the routes: indexes, limits and protection. */
export interface Service {
  readonly indexes: IndexSet;
  /** Another one for other code: answers of the same version may differ then. */
  readonly revision?: string | undefined;
  readonly limits?: HttpLimits | undefined;
  /** Lets requests of `/v1` in or throws an HttpError. Left out: everyone is let in. */
  readonly auth?: Middleware | undefined;
  /** Says which origins' pages may read answers. Left out: none but its own. */
  readonly cors?: Middleware | undefined;
  /** Bounds the requests of a caller to `/v1`. */
  readonly rateLimit?: Middleware | undefined;
  /** Bounds the requests of a caller that `auth` refuses. */
  readonly limitRefusals?: Middleware | undefined;
  /** Orders the first hits of searches that ask for it. */
  readonly reranker?: Reranker | undefined;
  /** Keeps answers of GET by version. */
  readonly cache?: AnswerCache | undefined;
  /** Default: `off`. */
  readonly log?: LogLevel | undefined;
  readonly analytics?: Analytics | undefined;
  /** Counts what is searched for. */
  readonly insights?: Analytics | undefined;
  /** Answers `POST /mcp`. Left out: there is nothing at that path. */
  readonly mcp?: Mcp | undefined;
  /** Static files: asked for paths that no route has. */
  readonly assets?: { fetch(request: Request): Promise<Response> } | undefined;
}

/** The Model Context Protocol; `annoy-edge/mcp` makes one. */
export interface Mcp {
  answer(c: AppContext): Promise<Response>;
}

/** The data centre's cache, or the part of it that answers need. */
export interface AnswerCache {
  match(key: string): Promise<Response | undefined>;
  put(key: string, response: Response): Promise<void>;
}

/** Cloudflare's Analytics Engine binding. */
export interface Analytics {
  writeDataPoint(point: DataPoint): void;
}

export interface DataPoint {
  readonly indexes: string[];
  readonly blobs: string[];
  readonly doubles: number[];
}

export type LogLevel = "requests" | "errors" | "off";

export type Middleware = MiddlewareHandler<AppEnv>;
export type AppContext = Context<AppEnv>;

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

/** State of one request that handlers and middleware share. */
export interface RequestState {
  readonly service: Service;
  /** The path as it was registered: `/v1/items/:item`. */
  readonly pattern: string | undefined;
  /** Milliseconds by phase, for Server-Timing, in the order of first use. */
  readonly timings: Map<string, number>;
  /** Work of all its searches. */
  readonly work: Work;
  /** Counts bytes of memory that the request takes. @throws HttpError `ISOLATE_BUSY` */
  readonly reserve: (bytes: number) => void;
  /** The path as the contract writes it: `/v1/items/{item}`. */
  route?: string;
  /** Name of the index that answers. */
  index?: string;
  /** The version that answers, once it is known. */
  version?: string;
  /** A stable code, when the answer is a problem. */
  problem?: string;
  mode?: AnswerMode;
  hits?: number;
  /** Numbers of shards that were asked, and that answered; for an index in shards. */
  shards?: { readonly asked: number; readonly answered: number };
  /** Position, from 0, of a hit that somebody followed. */
  position?: number | undefined;
  /** The answer would be another one in better times: nobody may keep it. */
  fleeting?: boolean;
  /** Whether the data centre's cache had the answer. */
  cache?: "hit" | "miss";
  /** Position of the caller's API key in the configuration. */
  key?: number;
  /** Restrictions of the caller: all of them hold. */
  allowed?: readonly Pick<Access, "indexes" | "actions">[];
  /** Documents that the caller may see; `text` differs for others. */
  scope?: { readonly filter: FilterNode; readonly text: string };
}

/** An application that this one is mounted in has variables of its own beside this one. */
export interface AppEnv {
  Variables: { annoyEdge: RequestState };
}

export function stateOf(c: AppContext): RequestState {
  return c.get("annoyEdge");
}

/** Tests and other servers call an app without a context. */
export function lifetimeOf(c: AppContext): Lifetime {
  try {
    return c.executionCtx;
  } catch {
    return { waitUntil: (promise) => void promise.catch(() => {}) };
  }
}
