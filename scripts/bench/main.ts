import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, Option } from "commander";
import { PEERS } from "./contenders.ts";
import { DATA_SETS } from "./data.ts";
import { runMillion } from "./million.ts";
import { readReport, withSet, writeReport } from "./report.ts";
import { type RunOptions, runBench } from "./run.ts";

interface Flags extends RunOptions {
  readonly million?: boolean;
  readonly out?: string;
  readonly render?: boolean;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const cache = join(root, ".bench");
const { million, out, render, ...options } = new Command("npm run bench --")
  .description(
    "Measures recall and speed of annoy-edge beside its peers, and writes docs/bench. Fetches peers and data with npm.",
  )
  .addOption(new Option("--data <set...>", "data sets").choices(DATA_SETS).default(DATA_SETS, "all"))
  .addOption(new Option("--only <peer...>", "peers; all unless named").choices(PEERS))
  .option("--quick", "two short rounds")
  .option("--rounds <n>", "rounds that medians are taken of, instead of five", Number)
  .addOption(
    new Option(
      "--reuse [peer...]",
      "take the indexes that an earlier run built, with its figures of their building; all unless peers are named",
    ).choices(PEERS),
  )
  .option("--million", "instead, a million vectors of 384 dimensions in one artifact")
  .option("--annoylib <folder>", "folder with another annoylib.h and kissrandom.h", (folder) =>
    resolve(folder),
  )
  .option("--out <folder>", "where the report goes")
  .option("--render", "measure nothing: write tables and plots again from the results that are there")
  .parse()
  .opts<Flags>();

// The report that the project shows takes nothing but all peers at full length; sets may be measured one by one.
const folder = resolve(
  out ?? (options.quick || options.only ? join(cache, "report") : join(root, "docs", "bench")),
);
const onNote = (line: string) => process.stderr.write(`${line}\n`);
let report = await readReport(folder);
if (million) {
  const count = options.quick ? 100_000 : 1_000_000;
  report = { ...report, million: await runMillion({ count, dimensions: 384, onNote }) };
} else if (!render) {
  await runBench({ cache, onNote, ...options }, async (result) => {
    report = withSet(report, result, DATA_SETS);
    await writeReport(report, folder);
  });
}
for (const file of await writeReport(report, folder)) console.log(file);
