import { type Command, Option } from "commander";
import { CODECS, type Plan, type PlanOptions, plan } from "../../build/index.ts";
import { columns, table } from "../cli/describe.ts";
import { byteCount, decimal, leafCommand, perform, wholeNumber } from "../cli/run.ts";
import { bytes, count } from "../cli/terminal.ts";

/** `annoy-edge plan`: what an index of some size will take. */
export function addPlan(program: Command): void {
  const command = leafCommand(program, "plan", "estimate memory, storage, requests and cost of an index", [
    "plan --items 100000 --dimensions 384",
    "plan --items 10000000 --dimensions 768 --codec binary --queries 5000000",
  ])
    .requiredOption("--items <n>", "number of vectors", wholeNumber(1))
    .requiredOption("--dimensions <n>", "dimensions of a vector", wholeNumber(1))
    .addOption(
      new Option("--codec <codec>", "how vectors are stored (default: int8)").choices(
        CODECS.filter((codec) => codec !== "none"),
      ),
    )
    .option("--text-bytes <n>", "mean bytes of a document's text (default: 500)", wholeNumber(0))
    .option("--no-keyword", "no keyword index")
    .option("--queries <n>", "searches a month (default: 1000000)", wholeNumber(0))
    .option("--publishes <n>", "publishes a month (default: 30)", wholeNumber(0))
    .addOption(
      new Option("--partition <how>", "how shards are cut (default: clusters)").choices([
        "clusters",
        "random",
      ]),
    )
    .option("--probes <n>", "shards that a search asks (default: 8, random: all)", wholeNumber(1))
    .option("--replicas <n>", "copies of each shard in a region (default: 1)", wholeNumber(1))
    .option("--regions <n>", "regions with shards of their own (default: 1)", wholeNumber(1))
    .option("--shard-bytes <size>", "memory of a shard (default: 60MB)", byteCount)
    .option("--no-encoder", "vectors of 384 dimensions that the shipped encoder does not make")
    .option("--jobs <n>", "cores that encode (default: those of this machine)", wholeNumber(1))
    .option("--changed <share>", "of the documents that a publish changes (default: 0.01)", decimal);
  perform<PlanOptions>(command, async (_context, { encoder, ...flags }) => {
    // Commander's true is the default; the library's depends on the dimensions.
    const result = plan({ ...flags, ...(encoder === false && { encoder }) });
    return { result, text: describe(result) };
  });
}

function describe(made: Plan): string {
  const { resident, stored, firstPublish, monthly, monthlyUsd, serving, peers } = made;
  const parts = [
    ["vectors", resident.vectors],
    ["forest", resident.forest],
    ["ids", resident.ids],
    ["keywords", resident.keyword],
    ["embedder", resident.embedder],
  ] as const;
  const held = parts
    .filter(([, size]) => size > 0)
    .map(([name, size]) => `${name} ${bytes(Math.round(size))}`);
  const { perSearch, latencyMs, loadMs, loadShare } = serving;
  const reads = `${count(perSearch.kv)} of KV, ${count(perSearch.r2)} of R2`;
  const facts = table([
    ["resident", `${bytes(Math.round(resident.total))}: ${held.join(", ")}`],
    ["served by", servedBy(made)],
    ["stored", bytes(Math.round(stored))],
    [
      "a search",
      `about ${Math.round(latencyMs)} ms; reads ${reads}${perSearch.shards ? `, ${count(perSearch.shards)} calls of shards` : ""}`,
    ],
    ["of them", `${(loadShare * 100).toFixed(1)}% wait ${(loadMs / 1000).toFixed(1)} s more for a load`],
    ...describeEncoding(made),
    [
      "first publish",
      `${count(firstPublish.kvWrites)} KV writes (${firstPublish.freePlanDays.toFixed(1)} days of the free plan), ${count(firstPublish.classA)} class A operations`,
    ],
  ]);
  const rows = monthly.map(({ what, quantity, unit, usd }) => [
    what,
    quantity >= 100 ? count(Math.round(quantity)) : String(Math.round(quantity * 100) / 100),
    unit,
    `$${usd.toFixed(2)}`,
  ]);
  const others = peers.map(({ name, monthlyUsd: usd, indexes }) => [
    name,
    indexes > 1 ? count(indexes) : "",
    indexes > 1 ? "indexes" : "",
    `$${usd.toFixed(2)}`,
  ]);
  const bill = columns(
    [["a month", "", "", ""], ...rows, ["in all", "", "", `$${monthlyUsd.toFixed(2)}`], ...others],
    [0, 2],
  );
  return `${facts}\n\n${bill}\n\nEstimates: docs/scale.md says from what.`;
}

function describeEncoding({ encoding }: Plan): [string, string][] {
  if (!encoding) return [];
  const { tokens, cores, seconds, residentBytes } = encoding;
  const time = seconds < 120 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
  return [
    ["encoder", `${bytes(residentBytes)} beside it, one copy for all indexes of an isolate`],
    [
      "first build",
      `${time} of encoding ${count(tokens)} tokens on ${count(cores)} cores; rebuilds encode what changed`,
    ],
  ];
}

function servedBy({ shards, tooLarge, probes, objects }: Plan): string {
  if (shards === 1) return "one isolate, whole";
  if (tooLarge) return `nothing yet: ${count(shards, "shard")}, and 500 are the most; choose a smaller codec`;
  return `${count(shards, "shard")} in ${count(objects)} Durable Objects; a search asks ${count(probes)}`;
}
