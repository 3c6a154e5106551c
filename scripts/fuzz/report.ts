import { Kiss64 } from "../../build/annoy/random.ts";
import { runCase, TARGETS, type Target } from "./cases.ts";
import type { Samples } from "./samples.ts";

/** Outcomes of the cases of one kind of file. */
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

/** Messages of the thread: the case it begins with, and its report at the end. */
export type FuzzMessage = { readonly beginning: number } | { readonly report: FuzzReport };
