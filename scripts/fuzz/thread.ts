import { parentPort, workerData } from "node:worker_threads";
import { emptyTallies, type Fault, fuzzCase, type Tallies } from "./fuzz.ts";
import { makeSamples } from "./samples.ts";

/** Messages of the thread: the case it begins with, and its report at the end. */
export type FuzzMessage = { readonly beginning: number } | { readonly report: FuzzReport };

export interface FuzzReport {
  readonly cases: number;
  readonly tallies: Tallies;
  readonly faults: readonly Fault[];
}

const { seconds, seed } = workerData as { seconds: number; seed: number }; // what main.ts started the thread with
const MOST_FAULTS = 20;
/** Cases between two signs of life. */
const ROUND = 100;

const samples = await makeSamples();
const tallies = emptyTallies();
const faults: Fault[] = [];
const end = performance.now() + seconds * 1000;
let n = 0;
while (performance.now() < end && faults.length < MOST_FAULTS) {
  if (n % ROUND === 0) parentPort!.postMessage({ beginning: n } satisfies FuzzMessage);
  const fault = fuzzCase(samples, seed, n++, tallies);
  if (fault) faults.push(fault);
}
parentPort!.postMessage({ report: { cases: n, tallies, faults } } satisfies FuzzMessage);
