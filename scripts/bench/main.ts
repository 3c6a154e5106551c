import { join, resolve } from "node:path";
import { Option } from "commander";
import { wholeNumber } from "../cli/run.ts";
import { PEERS } from "./contenders.ts";
import { DATA_SETS, type DataSetId } from "./data.ts";
import { runMillion } from "./million.ts";
import { readReport, withSet, writeReport } from "./report.ts";
import { type RunOptions, runSet } from "./run.ts";
import { CACHE, ROOT, tool } from "./tool.ts";

interface Flags extends Omit<RunOptions, "rounds"> {
  readonly data: readonly DataSetId[];
  readonly rounds?: number;
  readonly million?: boolean;
  readonly out?: string;
  readonly render?: boolean;
}

const { data, million, out, render, ...options } = tool(
  "bench",
  "Measures recall and speed of annoy-edge beside its peers, and writes docs/bench. Fetches peers and data with npm.",
)
  .addOption(new Option("--data <set...>", "data sets").choices(DATA_SETS).default(DATA_SETS, "all"))
  .addOption(new Option("--only <peer...>", "peers; all by default").choices(PEERS))
  .option("--quick", "two short rounds")
  .option("--rounds <n>", "rounds that medians are taken of, instead of five", wholeNumber(1))
  .addOption(
    new Option(
      "--reuse [peer...]",
      "take the indexes that an earlier run built, with its figures of their building: all, or those of some peers",
    ).choices(PEERS),
  )
  .option("--million", "instead, a million vectors of 384 dimensions in one artifact")
  .option("--out <folder>", "where the report goes")
  .option("--render", "measure nothing: write tables and plots again from the results that are there")
  .parse()
  .opts<Flags>();
const { quick, only } = options;
const rounds = options.rounds ?? (quick ? 2 : 5);

// The report that the project shows takes nothing but all peers at full length; sets may be measured one by one.
const folder = resolve(out ?? (quick || only ? join(CACHE, "report") : join(ROOT, "docs", "bench")));
let report = await readReport(folder);
if (million) {
  report = { ...report, million: await runMillion(quick ? 100_000 : 1_000_000) };
} else if (!render) {
  for (const id of data) {
    report = withSet(report, await runSet(id, { ...options, rounds }), DATA_SETS);
    await writeReport(report, folder);
  }
}
for (const file of await writeReport(report, folder)) console.log(file);
