import { AnnoyEdgeError } from "../core/format/errors.ts";
import { monotonicNow } from "../core/time/clock.ts";
import type { LoadedVersion } from "./lease.ts";
import { createLoadedVersions } from "./loaded-versions.ts";
import { createRefresher } from "./refresh.ts";
import { createRefreshTasks } from "./refresh-task.ts";
import type {
  IndexReader,
  IndexReaderOptions,
  Lease,
  ReaderStatus,
  ReaderTiming,
  WaitContext,
} from "./types.ts";

const TIMING: ReaderTiming = {
  stale: 30_000,
  staleWait: 5_000,
  stall: 10_000,
  wait: 25_000,
  drain: 10_000,
  refuse: 600_000,
  fill: 500,
};
const STALE_REFRESHES = 3;
/**
 * A request that failed may have left searches of its own behind, which read the version until they have ended: its lease
 * lasts so long, in milliseconds.
 */
const FAILED_LEASE_MS = 1_000;

/**
 * Keeps one index in an isolate's memory: loads it at the first request, looks for a new version in the background and
 * swaps it in.
 */
export function createIndexReader<T>(options: IndexReaderOptions<T>): IndexReader<T> {
  const refreshMs = options.refreshSeconds * 1000;
  const timing = { ...TIMING, ...options.timing };
  const staleMs = Math.max(timing.stale, STALE_REFRESHES * refreshMs);
  const versions = createLoadedVersions<T>();
  let loads = 0;
  let peakBytes = 0;
  let lastError: ReaderStatus["lastError"] = null;

  const tasks = createRefreshTasks({
    stall: timing.stall,
    run: (ctx, own) => refresher.refresh(ctx, own),
    onEnd: (error) => {
      lastError = error === undefined ? null : { ...codeOf(error), at: new Date().toISOString() };
    },
  });
  const heldBytes = (): number => versions.bytes + (tasks.current?.bytes ?? 0);
  const onLoad = (): void => {
    loads++;
    peakBytes = Math.max(peakBytes, heldBytes());
  };
  const refresher = createRefresher({ options, timing, versions, tasks, heldBytes, onLoad });

  const leaseOf = (held: LoadedVersion<T>, began: number): Lease<T> => ({
    value: held.value,
    version: held.version,
    manifest: held.parts.manifest,
    waitedMs: monotonicNow() - began,
    release: versions.take(held),
  });

  async function current(ctx: WaitContext): Promise<Lease<T>> {
    const began = monotonicNow();
    const { age } = tasks;
    if (versions.live && age < staleMs) {
      if (age >= refreshMs && !tasks.running) tasks.start(ctx);
      if (versions.live) return leaseOf(versions.live, began);
    }
    if (versions.live) await tasks.settle(ctx, began + timing.staleWait);
    while (!versions.live) {
      const ended = await tasks.settle(ctx, began + timing.wait);
      if (versions.live) break;
      if (ended.done && ended.error !== undefined && !isCode(ended.error, "SUPERSEDED"))
        throw asStorageFailure(options.name, ended.error);
      if (monotonicNow() - began >= timing.wait) {
        const message = `Index "${options.name}" is still being loaded. Try again.`;
        throw new AnnoyEdgeError("INDEX_LOADING", message);
      }
    }
    return leaseOf(versions.live, began);
  }

  const status = (): ReaderStatus => {
    const { live } = versions;
    const { pointer, refused } = refresher;
    const { age } = tasks;
    return {
      name: options.name,
      version: live?.version ?? null,
      wanted: pointer?.version ?? null,
      publishedAt: pointer?.publishedAt ?? null,
      loadedAt: live ? new Date(live.loadedAt).toISOString() : null,
      loadedFrom: live?.from ?? null,
      checkedAt: Number.isFinite(age) ? new Date(Date.now() - age).toISOString() : null,
      loading: tasks.running !== undefined,
      loads,
      heldBytes: heldBytes(),
      shards: live?.parts.artifact.meta.shards?.list.length ?? 0,
      peakBytes,
      refused: [...refused].map(([version, { error }]) => ({ version, ...codeOf(error) })),
      lastError,
    };
  };

  return {
    current,
    status,
    get heldBytes() {
      return heldBytes();
    },
    letGo() {
      const { live } = versions;
      if (!live || tasks.current || versions.isUsed(live)) return false;
      versions.retire();
      return true;
    },
    async refresh(ctx) {
      await tasks.settle(ctx, monotonicNow() + timing.wait);
      return status();
    },
    async use(ctx, run) {
      const held = await current(ctx);
      try {
        const answer = await run(held);
        held.release();
        return answer;
      } catch (error) {
        held.release(FAILED_LEASE_MS);
        throw error;
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

function codeOf(error: unknown): { code: string; message: string } {
  const code = error instanceof AnnoyEdgeError ? error.code : "STORAGE_FAILED";
  return { code, message: error instanceof Error ? error.message : String(error) };
}
