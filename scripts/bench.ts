import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, Option } from "commander";
import { PEERS, type PeerName } from "../build/bench/contenders.ts";
import { DATA_SETS, type DataSetId } from "../build/bench/data.ts";
import { readReport, writeReport } from "../build/bench/report.ts";
import { runBench } from "../build/bench/run.ts";

interface Flags {
  readonly data: readonly DataSetId[];
  readonly only?: readonly PeerName[];
  readonly quick?: boolean;
  readonly annoylib?: string;
  readonly out?: string;
  readonly render?: boolean;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const cache = join(root, ".bench");
const { data, only, quick, annoylib, out, render } = new Command("npm run bench --")
  .description("Measures recall and speed of annoy-edge beside its peers, and writes docs/bench.")
  .addOption(new Option("--data <set...>", "data sets").choices(DATA_SETS).default(DATA_SETS, "all"))
  .addOption(new Option("--only <peer...>", "peers; all unless named").choices(PEERS))
  .option("--quick", "two short rounds; the report goes to .bench/report")
  .option("--annoylib <folder>", "folder with another annoylib.h and kissrandom.h")
  .option("--out <folder>", "where the report goes")
  .option("--render", "measure nothing: write tables and plots again from the results that are there")
  .parse()
  .opts<Flags>();

// Only a whole run replaces the report that the project shows.
const whole = !quick && !only && data.length === DATA_SETS.length;
const folder = resolve(out ?? (whole || render ? join(root, "docs", "bench") : join(cache, "report")));
const report = render
  ? await readReport(folder)
  : await runBench({
      cache,
      sets: data,
      ...(only && { only }),
      ...(quick && { quick }),
      ...(annoylib !== undefined && { annoyHeaders: resolve(annoylib) }),
      onNote: (line) => process.stderr.write(`${line}\n`),
    });
for (const file of await writeReport(report, folder)) console.log(file);
