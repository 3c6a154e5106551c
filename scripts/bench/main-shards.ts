import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { columns } from "../cli/describe.ts";
import { bytes } from "../cli/terminal.ts";
import { type ServeShardsReport, serveShards } from "./shards/serve.ts";

/** `npm run bench:shards`: an index in shards, served by local workerd with its Durable Objects. */

interface Flags {
  readonly queries: number;
  readonly connections: number;
  readonly state: string;
  readonly json?: boolean;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = new Command("npm run bench:shards --")
  .description(
    "Publishes a sharded artifact locally, serves it from workerd with its Durable Objects and asks it over HTTP.",
  )
  .argument("<artifact>", "folder that `npm run bench -- --shards --out <folder>` has left")
  .option("--queries <n>", "vectors to ask that the index does not hold", Number, 1000)
  .option("--connections <n>", "searches in flight at once", Number, 1)
  .option("--state <folder>", "local R2, KV and objects", join(root, ".bench", "shards-state"))
  .option("--json", "print one JSON object")
  .parse();
const { json, state, ...options } = program.opts<Flags>();

const report = await serveShards({
  ...{ root, artifact: resolve(program.args[0]!), state: resolve(state) },
  ...options,
  onNote: (line) => process.stderr.write(`${line}\n`),
});
process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${describe(report)}\n`);

function describe(report: ServeShardsReport): string {
  const { shards } = report;
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  return columns(
    [
      ["machine", `${report.machine}; load ${report.load.join(" before, ")} after`],
      ["vectors", `${report.count} x ${report.dimensions}`],
      ["publish", `${report.publishSeconds.toFixed(0)} s`],
      [
        "shards",
        `${shards.count} (${shards.partition}), the largest ${bytes(shards.largestHotBytes)} resident`,
      ],
      [
        "recall@10",
        `${report.recallAt10.toFixed(4)} on ${report.queries} queries; certified ${report.certified}`,
      ],
      ["shards asked", `${report.asked.toFixed(2)} a query; ${report.partial} partial answers`],
      ["latency", `p50 ${ms(report.p50)}, p90 ${ms(report.p90)}, p99 ${ms(report.p99)}`],
      ["throughput", `${report.perSecond.toFixed(1)} a second over ${report.connections} connections`],
    ],
    [0, 1],
  );
}
