/**
 * `npm run worst -- --seconds 120 --seed 1`: searches for the request within the size limits that costs most, on an index
 * of 200,000 documents, which the first run builds. With `--shards 4` on one in shards, over Durable Objects in workerd:
 * a request costs what the Worker or the busiest shard takes. Exit code 1 when one costs more than `--most` milliseconds
 * of CPU, or a usual one is refused.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openLocalIndex } from "../../../build/index.ts";
import { createRandom } from "../../../build/numeric/random.ts";
import { CACHE, note, ROOT, tool } from "../../bench/tool.ts";
import { decimal, EXIT, wholeNumber } from "../../cli/run.ts";
import { buildWorstCorpus, DOCUMENTS } from "./corpus.ts";
import { createTrials, findWorst, type Trial, type Trials } from "./search.ts";
import { serveShards } from "./served.ts";
import { priceKinds, tryUsual } from "./table.ts";

const { seconds, seed, most, documents, shards, ...options } = tool(
  "worst",
  "Searches for the request within the size limits that costs most.",
)
  .option("--seconds <n>", "seconds of the search", decimal, 120)
  .option("--seed <n>", "seed of the requests", wholeNumber(0), 1)
  .option("--most <ms>", "CPU above which a request fails", decimal, 500)
  .option("--documents <n>", "documents of the index", wholeNumber(1000), DOCUMENTS)
  .option("--shards <n>", "an index in shards, over Durable Objects in workerd", wholeNumber(2))
  .option("--index <dir>", "another index")
  .parse()
  .opts<Record<"seconds" | "seed" | "most" | "documents", number> & { shards?: number; index?: string }>();

const name = ["worst", documents !== DOCUMENTS && documents, shards].filter(Boolean).join("-");
const dir = options.index ?? join(ROOT, "artifacts", name);
if (!existsSync(join(dir, "manifest.json"))) {
  note(`builds an index of ${documents} documents`);
  await buildWorstCorpus(dir, documents, shards);
}
const random = createRandom(seed);
process.exitCode = await (shards === undefined ? tryWhole() : tryShards());

async function tryWhole(): Promise<number> {
  const index = await openLocalIndex(dir);
  try {
    console.log("What a unit of work takes, in nanoseconds:");
    for await (const { name, units, cpu } of priceKinds(index, seed)) {
      const perUnit = units > 0 ? ((cpu * 1e6) / units).toFixed(2) : "-";
      console.log(`${millions(units)}  ${ms(cpu)}  ${perUnit.padStart(5)}  ${name}`);
    }
    return await tryRequests(createTrials(index, { random }));
  } finally {
    await index.close();
  }
}

async function tryShards(): Promise<number> {
  await using served = await serveShards(dir, join(CACHE, name), random);
  return await tryRequests(served);
}

/** Tries the usual requests, then searches for the worst. Returns the exit code. */
async function tryRequests(trials: Trials): Promise<number> {
  console.log("Requests that must be answered:");
  let refusedUsual = 0;
  for await (const { name, trial } of tryUsual(trials)) {
    if (trial.outcome !== "200") refusedUsual++;
    console.log(`${costOf(trial)}  ${trial.outcome.padEnd(18)}  ${name}`);
  }
  let count = 0;
  let refused = 0;
  const worst = await findWorst(trials, {
    ...{ seconds, random },
    onTrial: ({ outcome }) => {
      count++;
      if (outcome === "TOO_MUCH_WORK") refused++;
    },
  });
  console.log(`${count} requests in ${seconds} s, seed ${seed}; ${refused} of too much work`);
  for (const trial of worst) console.log(describe(trial));
  return refusedUsual > 0 || (worst[0]?.cpu ?? 0) > most ? EXIT.failed : EXIT.done;
}

function ms(cpu: number): string {
  return `${cpu.toFixed(0)} ms`.padStart(9);
}

function millions(units: number): string {
  return `${(units / 1e6).toFixed(0)} M`.padStart(7);
}

/** Units and milliseconds; over shards milliseconds of the Worker, and of each shard. */
function costOf({ cpu, units, parts }: Trial): string {
  if (!parts) return `${millions(units)}  ${ms(cpu)}`;
  return `${ms(parts.worker)}  ${parts.shards.map((one) => one.toFixed(0)).join("+")} ms`.padEnd(32);
}

function describe(trial: Trial): string {
  const { outcome, bodyBytes, answerBytes, shape } = trial;
  const cells = [
    costOf(trial),
    outcome.padEnd(18),
    `${bodyBytes} B in`.padStart(13),
    `${answerBytes} B out`.padStart(15),
  ];
  return `${cells.join("  ")}  ${JSON.stringify(shape)}`;
}
