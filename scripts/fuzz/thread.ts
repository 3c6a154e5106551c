import { parentPort, workerData } from "node:worker_threads";
import { emptyTallies, type Fault, type FuzzMessage, fuzzCase } from "./report.ts";
import { makeSamples } from "./samples.ts";

const port = parentPort;
if (!port) throw new Error("This module runs on a worker thread.");

const { seconds, seed } = workerData as { seconds: number; seed: number }; // what fuzz() started the thread with
const MOST_FAULTS = 20;
/** Cases between two signs of life. */
const ROUND = 100;

const samples = await makeSamples();
const tallies = emptyTallies();
const faults: Fault[] = [];
const end = performance.now() + seconds * 1000;
let n = 0;
while (performance.now() < end && faults.length < MOST_FAULTS) {
  if (n % ROUND === 0) port.postMessage({ beginning: n } satisfies FuzzMessage);
  const fault = fuzzCase(samples, seed, n++, tallies);
  if (fault) faults.push(fault);
}
port.postMessage({ report: { cases: n, tallies, faults } } satisfies FuzzMessage);
