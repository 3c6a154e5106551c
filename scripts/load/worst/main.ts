/**
 * `npm run worst -- --seconds 120 --seed 1`: searches for the request within the size limits that costs most, on an index
 * of 200,000 documents, which the first run builds. Exit code 1 when one costs more than `--most` milliseconds of CPU.
 */
import { access } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { openLocalIndex } from "../../../build/index.ts";
import { decimal, EXIT, wholeNumber } from "../../cli/run.ts";
import { buildWorstCorpus } from "./corpus.ts";
import { findWorst, type Trial } from "./search.ts";
import { priceKinds, tryUsual } from "./table.ts";

const { seconds, seed, most, unbounded, ...options } = new Command("npm run worst --")
  .description("Searches for the request within the size limits that costs most.")
  .option("--seconds <n>", "seconds of the search", decimal, 120)
  .option("--seed <n>", "seed of the requests", wholeNumber(0), 1)
  .option("--most <ms>", "CPU above which a request fails", decimal, 500)
  .option("--index <dir>", "another index than that of 200,000 documents")
  .option("--unbounded", "without the limit of work")
  .parse()
  .opts<{ seconds: number; seed: number; most: number; index?: string; unbounded?: boolean }>();

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const dir = options.index ?? join(root, "artifacts", "worst");
const isBuilt = await access(join(dir, "manifest.json")).then(
  () => true,
  () => false,
);
if (!isBuilt) {
  console.error("builds 200,000 documents");
  await buildWorstCorpus({ root, out: dir });
}
const index = await openLocalIndex(dir);
console.log("What a unit of work takes, in nanoseconds:");
for await (const { name, units, cpu } of priceKinds(index, seed)) {
  const perUnit = units > 0 ? ((cpu * 1e6) / units).toFixed(2) : "-";
  console.log(`${millions(units)}  ${ms(cpu)}  ${perUnit.padStart(5)}  ${name}`);
}
console.log("Requests that must be answered:");
let refusedUsual = 0;
for await (const { name, trial } of tryUsual(index, seed)) {
  if (trial.outcome !== "200") refusedUsual++;
  console.log(`${millions(trial.units)}  ${ms(trial.cpu)}  ${trial.outcome.padEnd(18)}  ${name}`);
}
let trials = 0;
let refused = 0;
const worst = await findWorst(index, {
  ...{ seconds, seed, unbounded: unbounded ?? false },
  onTrial: ({ outcome }) => {
    trials++;
    if (outcome === "TOO_MUCH_WORK") refused++;
  },
});
await index.close();
console.log(`${trials} requests in ${seconds} s, seed ${seed}; ${refused} of too much work`);
for (const trial of worst) console.log(describe(trial));
process.exit(refusedUsual > 0 || (worst[0]?.cpu ?? 0) > most ? EXIT.failed : EXIT.done);

function ms(cpu: number): string {
  return `${cpu.toFixed(0)} ms`.padStart(9);
}

function millions(units: number): string {
  return `${(units / 1e6).toFixed(0)} M`.padStart(7);
}

function describe({ cpu, units, outcome, bodyBytes, answerBytes, shape }: Trial): string {
  const cells = [
    ms(cpu),
    millions(units),
    outcome.padEnd(18),
    `${bodyBytes} B in`.padStart(13),
    `${answerBytes} B out`.padStart(15),
  ];
  return `${cells.join("  ")}  ${JSON.stringify(shape)}`;
}
