import { AnnoyEdgeError } from "../core/format/errors.ts";
import { monotonicNow } from "../core/time/clock.ts";
import { sleep, within } from "../core/time/wait.ts";
import type { WaitContext } from "./types.ts";

const FIRST_POLL_MS = 2;
export const LAST_POLL_MS = 20;

/** One look at the pointer, and the load that may follow. Only ever one at a time. */
export interface RefreshTask {
  heartbeat: number;
  /** Bytes that are being read. */
  bytes: number;
  /** The bytes are here; what fails now is the version's fault and not the storage's. */
  opening: boolean;
  done: boolean;
  error?: unknown;
}

/**
 * The task of a reader. No request awaits a promise of another request, which the runtime may drop without settling it
 * when that request's client hangs up: the request that starts a task keeps it alive by `waitUntil`, the others look at
 * the finished state on timers of their own, and one of them takes over when the task makes no progress.
 */
export interface RefreshTasks {
  /** The task that has not ended, whether or not it makes progress. */
  readonly current: RefreshTask | undefined;
  /** The task that makes progress. */
  readonly running: RefreshTask | undefined;
  /** Milliseconds since the last task began; Infinity before the first. */
  readonly age: number;
  /**
   * Notes that a task makes progress.
   *
   * @throws AnnoyEdgeError `SUPERSEDED` for a task that was taken over
   */
  alive(own: RefreshTask): void;
  start(ctx: WaitContext): void;
  /** Joins the task that is under way or starts one, and waits for its end, at most until `deadline`. */
  settle(ctx: WaitContext, deadline: number): Promise<RefreshTask>;
}

export interface RefreshTaskOptions {
  /** Milliseconds without progress after which a task is taken over. */
  readonly stall: number;
  readonly run: (ctx: WaitContext, own: RefreshTask) => Promise<void>;
  /** Called with what a task that was not taken over failed with; undefined when it succeeded. */
  readonly onEnd: (error: unknown) => void;
}

export function createRefreshTasks({ stall, run, onEnd }: RefreshTaskOptions): RefreshTasks {
  let task: RefreshTask | undefined;
  let startedAt = Number.NEGATIVE_INFINITY;

  const running = (): RefreshTask | undefined =>
    task && monotonicNow() - task.heartbeat < stall ? task : undefined;

  function start(ctx: WaitContext): { task: RefreshTask; promise: Promise<void> } {
    const own: RefreshTask = { heartbeat: monotonicNow(), bytes: 0, opening: false, done: false };
    task = own;
    startedAt = own.heartbeat;
    const promise = run(ctx, own)
      .then(() => onEnd(undefined))
      .catch((error: unknown) => {
        own.error = error;
        if (task === own) onEnd(error);
      })
      .finally(() => {
        own.done = true;
        if (task === own) task = undefined;
      });
    ctx.waitUntil(promise);
    return { task: own, promise };
  }

  return {
    get current() {
      return task;
    },
    get running() {
      return running();
    },
    get age() {
      return monotonicNow() - startedAt;
    },
    alive(own) {
      if (task !== own) throw new AnnoyEdgeError("SUPERSEDED", "Another request has taken this load over.");
      own.heartbeat = monotonicNow();
    },
    start: (ctx) => void start(ctx),
    async settle(ctx, deadline) {
      let watched = running();
      let own: Promise<void> | undefined;
      for (let poll = FIRST_POLL_MS; ; poll = Math.min(poll * 1.5, LAST_POLL_MS)) {
        // None, or one without progress: this request looks for itself.
        if (!watched || (running() !== watched && !watched.done)) {
          watched = running();
          if (!watched) ({ task: watched, promise: own } = start(ctx));
        }
        if (watched.done || monotonicNow() >= deadline) return watched;
        await (own ? within(own, poll, () => {}) : sleep(poll));
      }
    },
  };
}
