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
export type Tallies = Readonly<Record<Target, Tally>>;

export interface Fault {
  readonly target: Target;
  readonly case: number;
  readonly error: string;
}

export function emptyTallies(): Tallies {
  const empty = (): Tally => ({ refused: 0, answered: 0, slowest: 0 });
  return { annoy: empty(), artifact: empty(), pickle: empty() };
}

/** Kind of file that a case damages. */
export function targetOf(n: number): Target {
  return TARGETS[n % TARGETS.length]!;
}

/** Runs case number n of a seed, which draws from a stream of its own; returns the fault it found, if any. */
export function fuzzCase(
  samples: Samples,
  seed: number,
  n: number,
  tallies = emptyTallies(),
): Fault | undefined {
  const target = targetOf(n);
  const tally = tallies[target];
  const started = performance.now();
  try {
    const outcome = runCase(target, samples, new Kiss64(BigInt(seed) * 1_000_000_007n + BigInt(n)));
    tally[outcome]++;
  } catch (error) {
    const { stack, cause } = error as Error;
    const below = cause instanceof Error ? `\ncaused by ${cause.stack}` : "";
    return { target, case: n, error: `${stack ?? error}${below}` };
  }
  tally.slowest = Math.max(tally.slowest, performance.now() - started);
  return undefined;
}
