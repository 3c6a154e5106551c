import { sleep } from "./waiting.ts";

/** Runs something that takes so many bytes for a while when there is room for it. */
export type Turns = <R>(bytes: number, run: () => Promise<R>) => Promise<R>;

const POLL_MS = 5;
const LONGEST_POLL_MS = 100;
/** A turn that lasts longer, and a wait that looks later than it meant to by this, belong to a request that is gone. */
const GONE_MS = 5_000;

/**
 * Bounds the memory of what runs at once, whatever requests it belongs to; something that takes more than there is runs
 * alone. No request awaits another: each looks on a timer of its own, the longer it has waited the more often. Of 61 that
 * wait, each on a timer of 5 ms, the timers alone would make megabytes of garbage a second.
 */
export function createTurns(most: number): Turns {
  const running = new Set<{ readonly bytes: number; readonly since: number }>();
  // In the order in which they came.
  const waiting = new Set<{ looksAt: number }>();
  const taken = (): number => {
    const before = Date.now() - GONE_MS;
    let sum = 0;
    for (const turn of running) {
      if (turn.since < before) running.delete(turn);
      else sum += turn.bytes;
    }
    return sum;
  };
  const isRoomFor = (bytes: number): boolean => {
    const sum = taken();
    return sum === 0 || sum + bytes <= most;
  };
  const waitFor = async (bytes: number): Promise<void> => {
    const own = { looksAt: 0 };
    waiting.add(own);
    while (!isRoomFor(bytes)) {
      const now = Date.now();
      let before = 0;
      for (const other of waiting) {
        if (other === own) break;
        if (other.looksAt < now - GONE_MS) waiting.delete(other);
        else before++;
      }
      const pause = Math.min(POLL_MS * (1 + before), LONGEST_POLL_MS);
      own.looksAt = now + pause;
      await sleep(pause);
    }
    waiting.delete(own);
  };
  return async (bytes, run) => {
    if (!isRoomFor(bytes)) await waitFor(bytes);
    const turn = { bytes, since: Date.now() };
    running.add(turn);
    try {
      return await run();
    } finally {
      running.delete(turn);
    }
  };
}
