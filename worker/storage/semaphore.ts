import { AnnoyEdgeError } from "../core/format/errors.ts";
import { createRequestMemory, type RequestMemory, type Share } from "../core/format/request-memory.ts";
import { monotonicNow } from "../core/time/clock.ts";
import { sleep } from "../core/time/wait.ts";

/** Runs something that takes so many bytes for a while when there is room for it. */
export type Semaphore = <R>(bytes: number, run: () => Promise<R>, request?: Share) => Promise<R>;

const POLL_MS = 5;
const LONGEST_POLL_MS = 100;
/** Longest duration of a run, in milliseconds: one that lasts longer belongs to a request that is gone. */
const GONE_MS = 5_000;
/** One that waits, and looks later than it meant to by this, keeps nobody waiting: its request may be gone. */
const LATE_MS = 250;
const LONGEST_WAIT_MS = 20_000;

export interface SemaphoreOptions {
  /** Memory that it shares with requests. Default: its own. */
  readonly memory?: RequestMemory;
  /** Milliseconds after which what waits is refused. */
  readonly longestWait?: number;
}

/** One that waits. */
interface Waiting {
  /** When it looks again, in milliseconds of the clock. */
  looksAt: number;
  readonly request: Share | undefined;
}

/**
 * Bounds the memory of what runs at once, whatever requests it belongs to, first in, first out; something that takes more
 * than there is runs alone. No request awaits another: each looks on a timer of its own, the nearer its turn the more
 * often. Of 61 that wait, each on a timer of 5 ms, the timers alone would make megabytes of garbage a second.
 *
 * @returns a function that throws AnnoyEdgeError `ISOLATE_BUSY` for what has waited longer than `longestWait`
 */
export function createSemaphore(
  most: number,
  { memory = createRequestMemory(most), longestWait = LONGEST_WAIT_MS }: SemaphoreOptions = {},
): Semaphore {
  const { shares } = memory;
  const running = new Set<Share>();
  const end = (share: Share): void => {
    running.delete(share);
    shares.delete(share);
  };
  // In the order in which they came.
  const waiting = new Set<Waiting>();
  const isRoomFor = ({ bytes, request }: Share, now: number): boolean => {
    let sum = 0;
    for (const share of running) {
      if (now - share.since > GONE_MS) end(share);
      else sum += share.bytes;
    }
    if (sum > 0 && sum + bytes > most) return false;
    return memory.fits(bytes, request, now) || (sum === 0 && isAllWaiting(request));
  };
  /** Whether all memory belongs to requests that wait here: without one that runs, they would wait for each other. */
  const isAllWaiting = (own: Share | undefined): boolean => {
    const requests = new Set([own, ...[...waiting].map(({ request }) => request)]);
    return [...shares].every((share) => requests.has(share));
  };
  /** Number of those that wait before one, or of all. */
  const before = (own: Waiting | undefined, now: number): number => {
    let count = 0;
    for (const other of waiting) {
      if (other === own) break;
      // One that is only late comes first again when it looks.
      if (now - other.looksAt > GONE_MS) waiting.delete(other);
      else if (now - other.looksAt <= LATE_MS) count++;
    }
    return count;
  };
  const waitFor = async (share: Share): Promise<void> => {
    const { since, request } = share;
    const own = { looksAt: since, request };
    try {
      for (let now = since; ; now = monotonicNow()) {
        const ahead = before(own, now);
        if (ahead === 0 && isRoomFor(share, now)) return;
        if (now - since >= longestWait) throw busy(longestWait);
        const pause = Math.min(POLL_MS * (1 + ahead), LONGEST_POLL_MS);
        own.looksAt = now + pause;
        // Whoever had taken it for gone has dropped it.
        waiting.add(own);
        await sleep(pause);
      }
    } finally {
      waiting.delete(own);
    }
  };
  return async (bytes, run, request) => {
    const now = monotonicNow();
    const share: Share = { bytes, since: now, request };
    if (before(undefined, now) > 0 || !isRoomFor(share, now)) await waitFor(share);
    share.since = monotonicNow();
    running.add(share);
    shares.add(share);
    try {
      return await run();
    } finally {
      end(share);
    }
  };
}

function busy(waited: number): AnnoyEdgeError {
  const message = `Requests that came before take all memory there is for them, after ${waited / 1000} s as well. Try again.`;
  return new AnnoyEdgeError("ISOLATE_BUSY", message);
}
