import { Worker } from "node:worker_threads";
import { Kiss64 } from "../../build/annoy/random.ts";
import { runCase, TARGETS, type Target } from "./cases.ts";
import type { Samples } from "./samples.ts";

/** How the cases of one kind of file ended. */
export interface Tally {
  refused: number;
  answered: number;
  /** The longest case, in milliseconds. */
  slowest: number;
}

export interface Fault {
  readonly target: Target;
  readonly seed: number;
  readonly case: number;
  readonly error: string;
}

/** Case number n of a seed draws from this stream, so that any case can be run alone. */
export function caseRandom(seed: number, n: number): Kiss64 {
  return new Kiss64(BigInt(seed) * 1_000_000_007n + BigInt(n));
}

/** Runs one case; returns the fault it found, if any. */
export function fuzzCase(
  samples: Samples,
  seed: number,
  n: number,
  tally?: Record<Target, Tally>,
): Fault | undefined {
  const target = TARGETS[n % TARGETS.length]!;
  const started = performance.now();
  try {
    const outcome = runCase(target, samples, caseRandom(seed, n));
    if (tally) tally[target][outcome]++;
  } catch (error) {
    const detail =
      error instanceof Error ? `${error.stack ?? error.message}${causeOf(error)}` : String(error);
    return { target, seed, case: n, error: detail };
  }
  if (tally) tally[target].slowest = Math.max(tally[target].slowest, performance.now() - started);
  return undefined;
}

function causeOf(error: Error): string {
  return error.cause instanceof Error ? `\ncaused by ${error.cause.stack}` : "";
}

export function emptyTallies(): Record<Target, Tally> {
  const empty = (): Tally => ({ refused: 0, answered: 0, slowest: 0 });
  return { annoy: empty(), artifact: empty(), pickle: empty() };
}

export interface FuzzReport {
  readonly cases: number;
  readonly tallies: Record<Target, Tally>;
  readonly faults: readonly Fault[];
}

/** What the thread of `fuzz-worker.ts` sends: the case it begins with, and its report at the end. */
export type FuzzMessage = { readonly beginning: number } | { readonly report: FuzzReport };

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
  const thread = new Worker(new URL("./fuzz-worker.ts", import.meta.url), { workerData: { seconds, seed } });
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
