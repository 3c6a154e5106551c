/**
 * `npm run fuzz -- --seconds 600 --seed 1`: damages valid .ann, forest.bin and pickle files at random and reads them.
 * Exit code 1 when anything but a typed refusal or a sound answer comes of it; `--case n` runs one case again.
 */
import { Worker } from "node:worker_threads";
import { note, tool } from "../bench/tool.ts";
import { decimal, EXIT, wholeNumber } from "../cli/run.ts";
import { emptyTallies, fuzzCase, targetOf } from "./fuzz.ts";
import { makeSamples } from "./samples.ts";
import type { FuzzMessage, FuzzReport } from "./thread.ts";

/** A case that takes longer than this hangs. */
const HANG_MS = 20_000;

const options = tool("fuzz", "Damages valid .ann, forest.bin and pickle files at random and reads them.")
  .option("--seconds <n>", "seconds of the run", decimal, 60)
  .option("--seed <n>", "seed of the damage", wholeNumber(0), 1)
  .option("--case <n>", "runs this case of the seed alone", wholeNumber(0))
  .parse()
  .opts<{ seconds: number; seed: number; case?: number }>();
const { seconds, seed } = options;

if (options.case !== undefined) {
  const fault = fuzzCase(await makeSamples(), seed, options.case);
  console.log(fault ? fault.error : "No fault.");
  process.exit(fault ? EXIT.failed : EXIT.done);
}

const { cases, tallies, faults } = await fuzz();
console.log(`${cases} damaged files in ${seconds} s, seed ${seed}`);
for (const [target, { refused, answered, slowest }] of Object.entries(tallies)) {
  console.log(
    `${target.padEnd(9)} ${refused} refused, ${answered} answered, slowest ${slowest.toFixed(0)} ms`,
  );
}
for (const fault of faults) {
  console.log(`\nFAULT in ${fault.target} (--seed ${seed} --case ${fault.case})\n${fault.error}`);
}
process.exit(faults.length > 0 ? EXIT.failed : EXIT.done);

/** Runs cases on a thread, so that one that never ends is seen and named. */
async function fuzz(): Promise<FuzzReport> {
  const { promise, resolve, reject } = Promise.withResolvers<FuzzReport>();
  const thread = new Worker(new URL("./thread.ts", import.meta.url), { workerData: { seconds, seed } });
  let watchdog: NodeJS.Timeout | undefined;
  let shown = performance.now();
  thread.on("error", reject);
  thread.on("message", (message: FuzzMessage) => {
    clearTimeout(watchdog);
    if ("report" in message) return resolve(message.report);
    const current = message.beginning;
    watchdog = setTimeout(() => {
      const error = `No end after ${HANG_MS / 1000} seconds, at this case or one of the next hundred.`;
      const fault = { target: targetOf(current), case: current, error };
      resolve({ cases: current, tallies: emptyTallies(), faults: [fault] });
    }, HANG_MS);
    if (performance.now() - shown < 10_000) return;
    shown = performance.now();
    note(`${current} cases`);
  });
  return promise;
}
