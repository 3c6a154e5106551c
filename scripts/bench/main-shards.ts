import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { columns } from "../cli/describe.ts";
import { wholeNumber } from "../cli/run.ts";
import { bytes, count } from "../cli/terminal.ts";
import { buildClusters, type ServedReport, serveClusters } from "./shards.ts";

/** `npm run bench:shards`: an index of clustered vectors in shards, served by local workerd with its Durable Objects. */
const program = new Command("npm run bench:shards --")
  .description(
    "Builds clustered vectors in shards, publishes them locally, serves them from workerd with its Durable Objects and asks over HTTP.",
  )
  .argument("[artifact]", "folder to build, or that an earlier run has left; default: below .bench")
  .option("--count <n>", "vectors of 128 dimensions", wholeNumber(1), 2_000_000)
  .option("--shards <n>", "shards; 1: in one piece; default: as 60 MB a shard ask for", wholeNumber(1))
  .option("--queries <n>", "vectors to ask that the index does not hold", wholeNumber(1), 1000)
  .option("--connections <n>", "searches in flight at once", wholeNumber(1), 1)
  .option("--state <folder>", "local R2, KV and objects", ".bench/shards-state")
  .option("--json", "print one JSON object")
  .parse();
const {
  json,
  state,
  count: items,
  shards,
  ...asking
} = program.opts<{
  count: number;
  shards?: number;
  queries: number;
  connections: number;
  state: string;
  json?: boolean;
}>();
const root = fileURLToPath(new URL("../..", import.meta.url));
const artifact = resolve(program.args[0] ?? join(root, ".bench", `shards-${items}-${shards ?? "auto"}`));
const onNote = (line: string) => process.stderr.write(`${line}\n`);

await buildClusters(artifact, { count: items, shards: shards ?? "auto", onNote });
const report = await serveClusters({ ...{ root, artifact, state: resolve(root, state), onNote }, ...asking });
process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${describe(report)}\n`);

function describe(report: ServedReport): string {
  const { shards } = report;
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  const cut = shards
    ? `${shards.count} (${shards.partition}), the largest ${bytes(shards.largestHotBytes)} resident`
    : "none";
  const rows = [
    ["machine", `${report.machine}; load ${report.load.join(" before, ")} after`],
    ["vectors", `${count(report.count)} x ${report.dimensions}`],
    ["publish", `${report.publishSeconds.toFixed(0)} s`],
    ["shards", cut],
    [
      "recall@10",
      `${report.recallAt10.toFixed(4)} on ${report.queries} queries; certified ${report.certified}`,
    ],
    ["shards asked", `${report.asked.toFixed(2)} a query; ${report.partial} partial answers`],
    ["latency", `p50 ${ms(report.p50)}, p90 ${ms(report.p90)}, p99 ${ms(report.p99)}`],
    ["throughput", `${report.perSecond.toFixed(1)} a second over ${report.connections} connections`],
  ];
  return columns(rows, [0, 1]);
}
