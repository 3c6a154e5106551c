import { sleep } from "./waiting.ts";

/** Runs something that takes so many bytes for a while when there is room for it. */
export type Turns = <R>(bytes: number, run: () => Promise<R>) => Promise<R>;

const POLL_MS = 5;
/** A turn that lasts longer belongs to a request that is gone. */
const GONE_MS = 5_000;

/**
 * Bounds the memory of what runs at once, whatever requests it belongs to; something that takes more than there is runs
 * alone. No request awaits another: each looks on a timer of its own.
 */
export function createTurns(most: number): Turns {
  const running = new Set<{ readonly bytes: number; readonly since: number }>();
  const taken = (): number => {
    const before = Date.now() - GONE_MS;
    let sum = 0;
    for (const turn of running) {
      if (turn.since < before) running.delete(turn);
      else sum += turn.bytes;
    }
    return sum;
  };
  return async (bytes, run) => {
    for (let sum = taken(); sum > 0 && sum + bytes > most; sum = taken()) await sleep(POLL_MS);
    const turn = { bytes, since: Date.now() };
    running.add(turn);
    try {
      return await run();
    } finally {
      running.delete(turn);
    }
  };
}
