import { join, resolve } from "node:path";
import { readManifest } from "../../../build/artifact/folder.ts";
import { build } from "../../../build/pipeline/build.ts";
import { columns } from "../../cli/describe.ts";
import { wholeNumber } from "../../cli/run.ts";
import { bytes, count } from "../../cli/terminal.ts";
import { startClock } from "../clock.ts";
import { clusterStream } from "../clusters.ts";
import { CACHE, note, phases, print, ROOT, tool } from "../tool.ts";
import { DIMENSIONS, SEED, type ServedReport, serveClusters } from "./serve.ts";

/** `npm run bench:shards`: an index of clustered vectors in shards, served by local workerd with its Durable Objects. */
const program = tool(
  "bench:shards",
  "Builds clustered vectors in shards, publishes them locally, serves them from workerd with its Durable Objects and asks over HTTP.",
)
  .argument("[artifact]", "folder to build, or that an earlier run has left; default: below .bench")
  .option("--count <n>", `vectors of ${DIMENSIONS} dimensions`, wholeNumber(1), 2_000_000)
  .option("--shards <n>", "shards; 1: in one piece; default: as 60 MB a shard ask for", wholeNumber(1))
  .option("--queries <n>", "vectors to ask that the index does not hold", wholeNumber(1), 1000)
  .option("--connections <n>", "searches in flight at once", wholeNumber(1), 1)
  .option("--state <folder>", "local R2, KV and objects", ".bench/shards-state")
  .option("--json", "print one JSON object")
  .parse();
const { json, state, shards, ...options } = program.opts<{
  count: number;
  shards?: number;
  queries: number;
  connections: number;
  state: string;
  json?: boolean;
}>();
const folder = join(CACHE, `shards-${options.count}-${shards ?? "auto"}`);
const artifact = resolve(program.args[0] ?? folder);

if (!(await readManifest(artifact).catch(() => undefined))) await buildClusters();
const report = await serveClusters(artifact, { ...options, state: resolve(ROOT, state) });
print(json ? report : describe(report));

/** Builds clustered vectors, made as they are read. Notes the time and the memory that it takes. */
async function buildClusters(): Promise<void> {
  const read = startClock();
  await build({
    ...{ documents, out: artifact, name: "sharded", seed: SEED, onProgress: phases(note) },
    ...(shards !== 1 && { shards: shards ?? "auto" }),
  });
  const megabytes = process.resourceUsage().maxRSS / 1000;
  note(`built in ${read().wall.toFixed(0)} s, with ${megabytes.toFixed(0)} MB of memory at most`);
}

function* documents() {
  let i = 0;
  for (const vector of clusterStream(options.count, DIMENSIONS, SEED)) {
    yield { id: `v${i++}`, pageContent: "", vector };
  }
}

function describe(found: ServedReport): string {
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  const cut = found.shards
    ? `${found.shards.count} (${found.shards.partition}), the largest ${bytes(found.shards.largestHotBytes)} resident`
    : "none";
  const rows = [
    ["machine", `${found.machine}; load ${found.load.join(" before, ")} after`],
    ["vectors", `${count(found.count)} x ${DIMENSIONS}`],
    ["publish", `${found.publishSeconds.toFixed(0)} s`],
    ["shards", cut],
    ["recall@10", `${found.recallAt10.toFixed(4)} on ${found.queries} queries; certified ${found.certified}`],
    ["shards asked", `${found.asked.toFixed(2)} a query; ${found.partial} partial answers`],
    ["latency", `p50 ${ms(found.p50)}, p90 ${ms(found.p90)}, p99 ${ms(found.p99)}`],
    ["throughput", `${found.perSecond.toFixed(1)} a second over ${found.connections} connections`],
  ];
  return columns(rows, [0, 1]);
}
