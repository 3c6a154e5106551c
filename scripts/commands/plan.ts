import { type Command, Option } from "commander";
import { CODECS, type Plan, type PlanOptions, plan } from "../../build/index.ts";
import { columns, table } from "../describe.ts";
import { decimal, leafCommand, perform, wholeNumber } from "../run.ts";
import { bytes, count } from "../terminal.ts";

/** `annoy-edge plan`: what an index of some size will take. */
export function addPlan(program: Command): void {
  const command = leafCommand(program, "plan", "estimate memory, storage, requests and cost of an index", [
    "plan --items 100000 --dimensions 384",
    "plan --items 10000000 --dimensions 768 --codec binary --queries 5000000",
  ])
    .requiredOption("--items <n>", "vectors", wholeNumber(1))
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
    .option("--changed <share>", "of the documents that a publish changes (default: 0.01)", decimal);
  perform<PlanOptions>(command, async (_context, flags) => {
    const result = plan(flags);
    return { result, text: describe(result) };
  });
}

function describe({ resident, stored, shards, firstPublish, monthly, monthlyUsd }: Plan): string {
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
  const facts = table([
    ["resident", `${bytes(Math.round(resident.total))}: ${held.join(", ")}`],
    [
      "served by",
      shards === 1
        ? "one isolate, whole"
        : `more than one isolate: ${count(shards)} shards of at most 60 MB, which cannot be built yet`,
    ],
    ["stored", bytes(Math.round(stored))],
    [
      "first publish",
      `${count(firstPublish.kvWrites)} KV writes (${firstPublish.freePlanDays.toFixed(1)} days of the free plan), ${count(firstPublish.classA)} class A operations`,
    ],
  ]);
  const rows = monthly.map(({ what, quantity, unit, usd }) => [
    what,
    quantity >= 100 ? count(quantity) : String(Math.round(quantity * 100) / 100),
    unit,
    `$${usd.toFixed(2)}`,
  ]);
  const bill = columns(
    [["a month", "", "", ""], ...rows, ["in all", "", "", `$${monthlyUsd.toFixed(2)}`]],
    [0, 2],
  );
  return `${facts}\n\n${bill}`;
}
