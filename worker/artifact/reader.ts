import { AnnoyEdgeError, ArtifactError } from "../format/errors.ts";
import { type Held, isLeased, lease } from "./held.ts";
import {
  fillCache,
  heldBytesOf,
  type LoadedParts,
  type LoadSource,
  loadVersion,
  readManifest,
  readPointer,
} from "./load.ts";
import type { PublishedManifest } from "./manifest.ts";
import type { Pointer } from "./pointer.ts";

/** The part of an ExecutionContext that a reader needs. */
export interface WaitContext {
  waitUntil(promise: Promise<unknown>): void;
}

export interface IndexReaderOptions<T> extends LoadSource {
  /** The pointer is read again at most this often. */
  readonly refreshSeconds: number;
  /** Composes what the application queries. Synchronous; what it throws refuses the version. */
  readonly open: (parts: LoadedParts) => T;
  /** Bytes of artifact that may be in memory at once: old and new version together, or one after the other. */
  readonly memoryBudget?: number;
}

/** One version, held for one answer. */
export interface Lease<T> {
  readonly value: T;
  readonly version: string;
  readonly manifest: PublishedManifest;
  /** How long this request waited for the index, in milliseconds; 0 when it was there. */
  readonly waitedMs: number;
  /** Gives the version back; only then may its memory be used for the next one. */
  release(): void;
}

export interface ReaderStatus {
  readonly name: string;
  /** What answers; null before the first load and while one version makes room for another. */
  readonly version: string | null;
  /** What the pointer names. */
  readonly wanted: string | null;
  readonly publishedAt: string | null;
  readonly loadedAt: string | null;
  readonly loadedFrom: "r2" | "cache" | null;
  readonly checkedAt: string | null;
  readonly loading: boolean;
  readonly loads: number;
  readonly heldBytes: number;
  readonly peakBytes: number;
  readonly refused: readonly { readonly version: string; readonly code: string; readonly message: string }[];
  readonly lastError: { readonly code: string; readonly message: string; readonly at: string } | null;
}

export interface IndexReader<T> {
  /** The current version; waits for it when there is none yet. The lease must be released. */
  current(ctx: WaitContext): Promise<Lease<T>>;
  /** Runs `run` with the current version and releases it afterwards. */
  use<R>(ctx: WaitContext, run: (lease: Lease<T>) => R | Promise<R>): Promise<R>;
  status(): ReaderStatus;
}

const MEMORY_BUDGET = 100 * 1000 * 1000;
/** An isolate that has not looked for this long looks before it answers: its version may be collected by now. */
const STALE_MS = 60_000;
const STALE_REFRESHES = 10;
/** A stale isolate answers with what it has after this. */
const STALE_WAIT_MS = 5_000;
/** A load without a byte for this long belongs to a request that is gone; another request starts anew. */
const STALL_MS = 10_000;
const WAIT_MS = 25_000;
const DRAIN_MS = 10_000;
const FIRST_POLL_MS = 2;
const LAST_POLL_MS = 20;
/** How long a damaged version is not tried again, unless the pointer changes. */
const REFUSE_MS = 600_000;

/** One look at the pointer, and the load that may follow. Only ever one at a time. */
interface Task {
  heartbeat: number;
  done: boolean;
  error?: unknown;
}

/**
 * Keeps one index in an isolate's memory: loads it at the first request, looks for a new version in the background and
 * swaps it in.
 *
 * No request awaits a promise of another request, which the runtime may drop without settling it when that request's
 * client hangs up: the request that starts a load keeps it alive by `waitUntil`, the others look at the finished state
 * on timers of their own, and one of them takes over when the load makes no progress.
 */
export function createIndexReader<T>(options: IndexReaderOptions<T>): IndexReader<T> {
  const refreshMs = options.refreshSeconds * 1000;
  const staleMs = Math.max(STALE_MS, STALE_REFRESHES * refreshMs);
  const budget = options.memoryBudget ?? MEMORY_BUDGET;
  let live: Held<T> | undefined;
  let pointer: Pointer | undefined;
  let etag: string | undefined;
  let checkedAt = Number.NEGATIVE_INFINITY;
  let task: Task | undefined;
  let loads = 0;
  let loadingBytes = 0;
  let peakBytes = 0;
  let lastError: ReaderStatus["lastError"] = null;
  /** Versions that were replaced while requests still used them. */
  let retired: Held<T>[] = [];
  const refused = new Map<string, { error: unknown; until: number }>();

  const heldBytes = (): number => {
    retired = retired.filter((held) => isLeased(held, Date.now()));
    return retired.reduce((sum, held) => sum + held.bytes, (live?.bytes ?? 0) + loadingBytes);
  };
  const notePeak = (): void => {
    peakBytes = Math.max(peakBytes, heldBytes());
  };

  const retire = (): void => {
    if (live) retired.push(live);
    live = undefined;
  };

  /** Gives up the live version and waits until no request uses it. */
  async function drain(alive: () => void): Promise<void> {
    const old = live;
    if (!old) return;
    retire();
    const deadline = Date.now() + DRAIN_MS;
    while (isLeased(old, Date.now())) {
      if (Date.now() > deadline) {
        live = old;
        retired = retired.filter((held) => held !== old);
        throw new AnnoyEdgeError(
          "SWAP_POSTPONED",
          `Version ${old.version} is still in use after ${DRAIN_MS} ms; it is replaced later.`,
        );
      }
      await sleep(LAST_POLL_MS);
      alive();
    }
    retired = retired.filter((held) => held !== old);
  }

  async function swapTo(version: string, ctx: WaitContext, alive: () => void): Promise<void> {
    const manifest = await readManifest(options, version);
    alive();
    const bytes = heldBytesOf(manifest);
    if (heldBytes() + bytes > budget) await drain(alive);
    loadingBytes = bytes;
    loads++;
    notePeak();
    try {
      const { parts, from } = await loadVersion(options, manifest, alive);
      alive();
      const value = options.open(parts);
      retire();
      live = { version, parts, value, bytes, from, loadedAt: Date.now(), leases: new Set() };
    } finally {
      loadingBytes = 0;
    }
    notePeak();
    if (options.cache && live.from === "r2") {
      const release = lease(live, Date.now());
      // The cache is a help, not a need: what goes wrong there concerns no reader.
      ctx.waitUntil(
        fillCache(options, live.parts)
          .catch(() => {})
          .finally(release),
      );
    }
  }

  /** Looks at the pointer and loads what it names; falls back to the version before when nothing is at hand. */
  async function refresh(ctx: WaitContext, alive: () => void): Promise<void> {
    const before = live?.version;
    const reading = await readPointer(options, etag);
    alive();
    if (reading.changed) {
      ({ pointer, etag } = reading);
      refused.clear();
    }
    if (!pointer) throw new AnnoyEdgeError("CORRUPT_POINTER", `The pointer of "${options.name}" is gone.`);
    let failure: unknown;
    // What was live comes last: it was given up to make room for a version that turned out damaged.
    for (const version of new Set([pointer.version, before, pointer.previous])) {
      if (!version || version === live?.version) {
        if (version) break;
        continue;
      }
      const refusal = refused.get(version);
      if (refusal && Date.now() < refusal.until) {
        failure ??= refusal.error;
        continue;
      }
      try {
        await swapTo(version, ctx, alive);
        break;
      } catch (error) {
        alive();
        failure ??= error;
        if (error instanceof ArtifactError) refused.set(version, { error, until: Date.now() + REFUSE_MS });
        if (error instanceof AnnoyEdgeError && error.code === "SWAP_POSTPONED") break;
      }
    }
    if (failure !== undefined) throw failure;
  }

  function start(ctx: WaitContext): { task: Task; promise: Promise<void> } {
    const own: Task = { heartbeat: Date.now(), done: false };
    task = own;
    checkedAt = own.heartbeat;
    const alive = (): void => {
      if (task !== own) throw new AnnoyEdgeError("SUPERSEDED", "Another request has taken this load over.");
      own.heartbeat = Date.now();
    };
    const promise = refresh(ctx, alive)
      .catch((error: unknown) => {
        own.error = error;
        if (task === own) lastError = describe(error);
      })
      .finally(() => {
        own.done = true;
        if (task === own) task = undefined;
      });
    ctx.waitUntil(promise);
    return { task: own, promise };
  }

  const running = (): Task | undefined => (task && Date.now() - task.heartbeat < STALL_MS ? task : undefined);

  const leaseOf = (held: Held<T>, began: number): Lease<T> => ({
    value: held.value,
    version: held.version,
    manifest: held.parts.manifest,
    waitedMs: Date.now() - began,
    release: lease(held, Date.now()),
  });

  /** Joins the look that is under way or starts one, and waits for its end, at most until `deadline`. */
  async function settle(ctx: WaitContext, deadline: number): Promise<Task> {
    let watched = running();
    if (!watched) {
      const own = start(ctx);
      await Promise.race([own.promise, sleep(deadline - Date.now())]);
      return own.task;
    }
    for (
      let poll = FIRST_POLL_MS;
      !watched.done && Date.now() < deadline;
      poll = Math.min(poll * 1.5, LAST_POLL_MS)
    ) {
      await sleep(poll);
      if (running() !== watched && !watched.done) {
        watched = running() ?? start(ctx).task;
      }
    }
    return watched;
  }

  async function current(ctx: WaitContext): Promise<Lease<T>> {
    const began = Date.now();
    const age = began - checkedAt;
    if (live && age < staleMs) {
      if (age >= refreshMs && !running()) start(ctx);
      if (live) return leaseOf(live, began);
    }
    if (live) await settle(ctx, began + STALE_WAIT_MS);
    while (!live) {
      const ended = await settle(ctx, began + WAIT_MS);
      if (live) break;
      if (ended.done && ended.error !== undefined && !isCode(ended.error, "SUPERSEDED")) throw ended.error;
      if (Date.now() - began >= WAIT_MS) {
        throw new AnnoyEdgeError(
          "INDEX_LOADING",
          `Index "${options.name}" is still being loaded. Try again.`,
        );
      }
    }
    return leaseOf(live, began);
  }

  return {
    current,
    async use(ctx, run) {
      const held = await current(ctx);
      try {
        return await run(held);
      } finally {
        held.release();
      }
    },
    status: () => ({
      name: options.name,
      version: live?.version ?? null,
      wanted: pointer?.version ?? null,
      publishedAt: pointer?.publishedAt ?? null,
      loadedAt: live ? new Date(live.loadedAt).toISOString() : null,
      loadedFrom: live?.from ?? null,
      checkedAt: Number.isFinite(checkedAt) ? new Date(checkedAt).toISOString() : null,
      loading: running() !== undefined,
      loads,
      heldBytes: heldBytes(),
      peakBytes,
      refused: [...refused].map(([version, { error }]) => {
        const { code, message } = describe(error);
        return { version, code, message };
      }),
      lastError,
    }),
  };
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof AnnoyEdgeError && error.code === code;
}

function describe(error: unknown): { code: string; message: string; at: string } {
  const code = error instanceof AnnoyEdgeError ? error.code : "STORAGE_FAILED";
  const message = error instanceof Error ? error.message : String(error);
  return { code, message, at: new Date().toISOString() };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
