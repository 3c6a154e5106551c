import { setTimeout as sleep } from "node:timers/promises";
import type { Inspector, Memory } from "./inspector.ts";

/** Peaks of an isolate's memory over a time, garbage included. */
export interface Peak extends Memory {
  /** Heap and buffers together. */
  readonly together: number;
  readonly samples: number;
}

const PAUSE_MS = 2;

/** Reads an isolate's memory again and again while `run` runs. */
export async function peakDuring(inspector: Inspector, run: () => Promise<unknown>): Promise<Peak> {
  let peak: Peak = { heap: 0, buffers: 0, together: 0, samples: 0 };
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const { heap, buffers } = await inspector.read();
      peak = {
        heap: Math.max(peak.heap, heap),
        buffers: Math.max(peak.buffers, buffers),
        together: Math.max(peak.together, heap + buffers),
        samples: peak.samples + 1,
      };
      await sleep(PAUSE_MS);
    }
  })();
  try {
    await run();
  } finally {
    isOver = true;
    await watching;
  }
  return peak;
}
