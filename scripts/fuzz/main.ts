/**
 * `npm run fuzz -- --seconds 600 --seed 1`: damages valid .ann, forest.bin and pickle files at random and reads them.
 * Exit code 1 when anything but a typed refusal or a sound answer comes of it; `--case n` runs one case again.
 */
import { parseArgs } from "node:util";
import { fuzz } from "./fuzz.ts";
import { fuzzCase } from "./report.ts";
import { makeSamples } from "./samples.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: "1" },
    case: { type: "string" },
  },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed);
if (!(seconds > 0) || !Number.isSafeInteger(seed)) {
  console.error("--seconds takes a number above 0, --seed a whole number.");
  process.exit(2);
}

if (values.case !== undefined) {
  const fault = fuzzCase(await makeSamples(), seed, Number(values.case));
  console.log(fault ? fault.error : "No fault.");
  process.exit(fault ? 1 : 0);
}

let shown = performance.now();
const { cases, tallies, faults } = await fuzz(seconds, seed, (n) => {
  if (performance.now() - shown < 10_000) return;
  shown = performance.now();
  console.error(`${n} cases`);
});
console.log(`${cases} damaged files in ${seconds} s, seed ${seed}`);
for (const [target, { refused, answered, slowest }] of Object.entries(tallies)) {
  console.log(
    `${target.padEnd(9)} ${refused} refused, ${answered} answered, slowest ${slowest.toFixed(0)} ms`,
  );
}
for (const fault of faults) {
  console.log(`\nFAULT in ${fault.target} (--seed ${fault.seed} --case ${fault.case})\n${fault.error}`);
}
process.exit(faults.length > 0 ? 1 : 0);
