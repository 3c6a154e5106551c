// biome-ignore-all lint/complexity/noExcessiveLinesPerFunction: small functions over the state of one reader.
import { HELD_BYTES, LOADED_BYTES } from "../core/format/budget.ts";
import { AnnoyEdgeError, ArtifactError } from "../core/format/errors.ts";
import { artifactsOf, bytesHeld, type Held, isLeased, lease } from "./held.ts";
import {
  fillCache,
  fillCold,
  heldBytesOf,
  type LoadCallbacks,
  type LoadedParts,
  type LoadResult,
  loadVersion,
  readManifest,
  readPointer,
  requireFiles,
} from "./load.ts";
import { lengthsOf } from "./manifest.ts";
import type { Pointer, VersionLengths } from "./pointer.ts";
import type {
  IndexReader,
  IndexReaderOptions,
  Lease,
  ReaderStatus,
  ReaderTiming,
  WaitContext,
} from "./types.ts";
import { sleep, within } from "./waiting.ts";

const TIMING: ReaderTiming = {
  stale: 60_000,
  staleWait: 5_000,
  stall: 10_000,
  wait: 25_000,
  drain: 10_000,
  refuse: 600_000,
  fill: 500,
};
const STALE_REFRESHES = 10;
const FIRST_POLL_MS = 2;
const LAST_POLL_MS = 20;

/** One look at the pointer, and the load that may follow. Only ever one at a time. */
interface Task {
  heartbeat: number;
  /** Bytes that are being read. */
  bytes: number;
  /** The bytes are here; what fails now is the version's fault and not the storage's. */
  opening: boolean;
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
  const timing = { ...TIMING, ...options.timing };
  const staleMs = Math.max(timing.stale, STALE_REFRESHES * refreshMs);
  const budget = options.memoryBudget ?? HELD_BYTES;
  let live: Held<T> | undefined;
  let pointer: Pointer | undefined;
  let etag: string | undefined;
  let checkedAt = Number.NEGATIVE_INFINITY;
  let task: Task | undefined;
  let loads = 0;
  let peakBytes = 0;
  let lastError: ReaderStatus["lastError"] = null;
  /** Versions that were replaced while requests still used them. */
  let retired: Held<T>[] = [];
  const refused = new Map<string, { error: unknown; until: number }>();

  /** Lets go of versions that nobody uses any more. */
  const prune = (): void => {
    retired = retired.filter((held) => isLeased(held, Date.now()));
  };
  const retire = (): void => {
    if (live) retired.push(live);
    live = undefined;
    prune();
  };
  const heldBytes = (): number => {
    prune();
    return bytesHeld(live ? [live, ...retired] : retired) + (task?.bytes ?? 0);
  };
  /** An artifact that a version in memory has, its own or its base. */
  const heldArtifact = (version: string | undefined): LoadedParts | undefined =>
    (live ? [live, ...retired] : retired).flatMap(artifactsOf).find((parts) => parts.version === version);
  const take = (held: Held<T>): (() => void) => {
    const release = lease(held, Date.now());
    return () => {
      release();
      prune();
    };
  };

  /** Notes that a task makes progress; one that was taken over ends here. */
  const alive = (own: Task): void => {
    if (task !== own) throw new AnnoyEdgeError("SUPERSEDED", "Another request has taken this load over.");
    own.heartbeat = Date.now();
  };

  /** Gives up the live version and waits until no request uses it. */
  async function drain(own: Task): Promise<void> {
    const old = live;
    if (!old) return;
    retire();
    const deadline = Date.now() + timing.drain;
    while (isLeased(old, Date.now())) {
      if (Date.now() > deadline) {
        live = old;
        retired = retired.filter((held) => held !== old);
        throw new AnnoyEdgeError(
          "SWAP_POSTPONED",
          `Version ${old.version} is still in use after ${timing.drain} ms; it is replaced later.`,
        );
      }
      await sleep(LAST_POLL_MS);
      alive(own);
    }
  }

  /** Loads a version, unless it is in memory as the base of another. */
  async function load(
    version: string,
    lengths: VersionLengths,
    callbacks: LoadCallbacks,
  ): Promise<LoadResult> {
    const parts = heldArtifact(version);
    return parts ? { parts, from: "cache", fresh: [] } : loadVersion(options, version, lengths, callbacks);
  }

  async function swapTo(version: string, ctx: WaitContext, own: Task): Promise<void> {
    const known = version === pointer?.version ? pointer?.lengths : undefined;
    const lengths = known ?? lengthsOf(await readManifest(options, version));
    alive(own);
    const base = heldArtifact(lengths.base?.version);
    const whole = heldBytesOf(lengths) + (lengths.base ? heldBytesOf(lengths.base) : 0);
    const bytes = heldArtifact(version) ? 0 : base ? heldBytesOf(lengths) : whole;
    if (whole > LOADED_BYTES) {
      own.opening = true;
      throw new AnnoyEdgeError(
        "VERSION_TOO_LARGE",
        `Version ${version} takes ${whole} bytes of memory; an isolate has room for ${LOADED_BYTES}.`,
      );
    }
    const claim = (): boolean => {
      alive(own);
      if (heldBytes() + bytes > budget - (options.reservedBytes?.() ?? 0)) return false;
      own.bytes = bytes;
      return true;
    };
    if (!claim()) {
      if (options.makeRoom) await options.makeRoom(claim, live !== undefined);
      if (own.bytes === 0) {
        // What answers is not given up for a version that cannot be loaded.
        if (live) await requireFiles(options, version, lengths);
        alive(own);
        await drain(own);
      }
      own.bytes = live ? bytes : whole;
    }
    loads++;
    peakBytes = Math.max(peakBytes, heldBytes());
    try {
      const { parts, from, fresh } = await load(version, lengths, {
        base,
        onProgress: () => alive(own),
        onManifest: (manifest) => {
          if (options.prepare) ctx.waitUntil(options.prepare(manifest));
        },
      });
      alive(own);
      own.opening = true;
      const value = options.open(parts);
      retire();
      live = { version, parts, value, from, fresh, loadedAt: Date.now(), leases: new Set() };
    } finally {
      own.bytes = 0;
    }
    own.opening = false;
    if (options.cache) {
      // The answers that wait go first; and what goes wrong with a cache concerns no reader.
      ctx.waitUntil(
        sleep(timing.fill)
          .then(() => fill(version))
          .catch(() => {}),
      );
    }
  }

  /** Leaves a version in the data centre's cache, unless it has given way meanwhile: nothing keeps its bytes until then. */
  async function fill(version: string): Promise<void> {
    if (live?.version !== version) return;
    const { fresh } = live;
    const artifacts = artifactsOf(live);
    const release = take(live);
    try {
      for (const parts of fresh) await fillCache(options, parts);
    } finally {
      release();
    }
    for (const parts of artifacts) await fillCold(options, parts);
  }

  /** Looks at the pointer and loads what it names; falls back to the version before when nothing is at hand. */
  async function refresh(ctx: WaitContext, own: Task): Promise<void> {
    const before = live?.version;
    const reading = await readPointer(options, etag);
    alive(own);
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
        await swapTo(version, ctx, own);
        break;
      } catch (error) {
        alive(own);
        failure ??= error;
        if (error instanceof ArtifactError || own.opening) {
          refused.set(version, { error, until: Date.now() + timing.refuse });
        }
        own.opening = false;
        if (error instanceof AnnoyEdgeError && error.code === "SWAP_POSTPONED") break;
      }
    }
    if (failure !== undefined) throw failure;
  }

  function start(ctx: WaitContext): { task: Task; promise: Promise<void> } {
    const own: Task = { heartbeat: Date.now(), bytes: 0, opening: false, done: false };
    task = own;
    checkedAt = own.heartbeat;
    prune();
    const promise = refresh(ctx, own)
      .then(() => {
        lastError = null;
      })
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

  const running = (): Task | undefined =>
    task && Date.now() - task.heartbeat < timing.stall ? task : undefined;

  const leaseOf = (held: Held<T>, began: number): Lease<T> => ({
    value: held.value,
    version: held.version,
    manifest: held.parts.manifest,
    waitedMs: Date.now() - began,
    release: take(held),
  });

  /** Joins the look that is under way or starts one, and waits for its end, at most until `deadline`. */
  async function settle(ctx: WaitContext, deadline: number): Promise<Task> {
    let watched = running();
    let own: Promise<void> | undefined;
    for (let poll = FIRST_POLL_MS; ; poll = Math.min(poll * 1.5, LAST_POLL_MS)) {
      // None, or one without progress: this request looks for itself.
      if (!watched || (running() !== watched && !watched.done)) {
        watched = running();
        if (!watched) ({ task: watched, promise: own } = start(ctx));
      }
      if (watched.done || Date.now() >= deadline) return watched;
      await (own ? within(own, poll) : sleep(poll));
    }
  }

  async function current(ctx: WaitContext): Promise<Lease<T>> {
    const began = Date.now();
    const age = began - checkedAt;
    if (live && age < staleMs) {
      if (age >= refreshMs && !running()) start(ctx);
      if (live) return leaseOf(live, began);
    }
    if (live) await settle(ctx, began + timing.staleWait);
    while (!live) {
      const ended = await settle(ctx, began + timing.wait);
      if (live) break;
      if (ended.done && ended.error !== undefined && !isCode(ended.error, "SUPERSEDED"))
        throw asStorageFailure(options.name, ended.error);
      if (Date.now() - began >= timing.wait) {
        throw new AnnoyEdgeError(
          "INDEX_LOADING",
          `Index "${options.name}" is still being loaded. Try again.`,
        );
      }
    }
    return leaseOf(live, began);
  }

  const status = (): ReaderStatus => ({
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
    shards: live?.parts.artifact.meta.shards?.list.length ?? 0,
    peakBytes,
    refused: [...refused].map(([version, { error }]) => {
      const { code, message } = describe(error);
      return { version, code, message };
    }),
    lastError,
  });

  return {
    current,
    status,
    letGo() {
      prune();
      if (!live || task || isLeased(live, Date.now())) return false;
      live = undefined;
      return true;
    },
    async refresh(ctx) {
      await settle(ctx, Date.now() + timing.wait);
      return status();
    },
    async use(ctx, run) {
      const held = await current(ctx);
      try {
        return await run(held);
      } finally {
        held.release();
      }
    },
  };
}

/** Wraps an error that was not thrown on purpose: it came from the bucket, or on the way from it. */
function asStorageFailure(name: string, error: unknown): unknown {
  if (error instanceof AnnoyEdgeError) return error;
  const message = `Index "${name}" cannot be read from the bucket at the moment. Try again.`;
  return new AnnoyEdgeError("STORAGE_FAILED", message, { cause: error });
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof AnnoyEdgeError && error.code === code;
}

function describe(error: unknown): { code: string; message: string; at: string } {
  const code = error instanceof AnnoyEdgeError ? error.code : "STORAGE_FAILED";
  const message = error instanceof Error ? error.message : String(error);
  return { code, message, at: new Date().toISOString() };
}
