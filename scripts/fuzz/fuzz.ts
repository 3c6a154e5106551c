import { Worker } from "node:worker_threads";
import { TARGETS } from "./cases.ts";
import { emptyTallies, type FuzzMessage, type FuzzReport } from "./report.ts";

/** A case that takes longer than this hangs. */
const HANG_MS = 20_000;

/**
 * Damages files and reads them for so many seconds, on a thread, so that a case that never ends is seen and named.
 */
export async function fuzz(
  seconds: number,
  seed: number,
  onProgress?: (n: number) => void,
): Promise<FuzzReport> {
  const thread = new Worker(new URL("./thread.ts", import.meta.url), { workerData: { seconds, seed } });
  let current = 0;
  let watchdog: NodeJS.Timeout | undefined;
  try {
    return await new Promise<FuzzReport>((resolve, reject) => {
      thread.on("error", reject);
      thread.on("message", (message: FuzzMessage) => {
        clearTimeout(watchdog);
        if ("report" in message) {
          resolve(message.report);
          return;
        }
        current = message.beginning;
        onProgress?.(current);
        watchdog = setTimeout(() => {
          const target = TARGETS[current % TARGETS.length]!;
          const error = `No end after ${HANG_MS / 1000} seconds, at this case or one of the next hundred.`;
          resolve({
            cases: current,
            tallies: emptyTallies(),
            faults: [{ target, seed, case: current, error }],
          });
        }, HANG_MS);
      });
    });
  } finally {
    clearTimeout(watchdog);
    await thread.terminate();
  }
}
