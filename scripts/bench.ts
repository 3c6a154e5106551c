import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, Option } from "commander";
import { PEERS, type PeerName } from "../build/bench/contenders.ts";
import { DATA_SETS, type DataSetId } from "../build/bench/data.ts";
import { runBench } from "../build/bench/run.ts";

interface Flags {
  readonly data: readonly DataSetId[];
  readonly only?: readonly PeerName[];
  readonly quick?: boolean;
  readonly annoylib?: string;
  readonly out?: string;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const cache = join(root, ".bench");
const program = new Command("bench")
  .description("Measures recall and speed of annoy-edge beside its peers; writes docs/bench/.")
  .addOption(new Option("--data <set...>", "data sets").choices(DATA_SETS).default(DATA_SETS, "all"))
  .addOption(new Option("--only <peer...>", "peers; all unless named").choices(PEERS))
  .option("--quick", "two short rounds, results in .bench/ only")
  .option("--annoylib <folder>", "folder with another annoylib.h and kissrandom.h")
  .option("--out <folder>", "where the report goes, instead of docs/bench");
const flags = program.parse().opts<Flags>();
const report = await runBench({
  cache,
  sets: flags.data,
  ...(flags.only && { only: flags.only }),
  ...(flags.quick && { quick: true }),
  ...(flags.annoylib !== undefined && { annoyHeaders: resolve(flags.annoylib) }),
  onNote: (line) => process.stderr.write(`${line}\n`),
});
await writeFile(join(cache, "results.json"), JSON.stringify(report, null, 1));
