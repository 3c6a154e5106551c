import type { Command } from "commander";
import { type Inspection, inspect } from "../../build/index.ts";
import { codecs, columns, describeColumns, describeRecall, table } from "../cli/describe.ts";
import { leafCommand, perform } from "../cli/run.ts";
import { bytes, count } from "../cli/terminal.ts";

/** `annoy-edge inspect`: what an artifact holds. */
export function addInspect(program: Command): void {
  const command = leafCommand(
    program,
    "inspect",
    "show header, sections, forest and certified recall of an artifact",
    ["inspect artifacts/docs", "inspect artifacts/docs --json"],
  ).argument("<dir>", "artifact folder");
  perform(command, async (_context, _flags, [dir]) => {
    const inspection = await inspect(dir!);
    return { result: inspection, text: describe(inspection) };
  });
}

function describe(found: Inspection): string {
  const { header, forest, manifest, embedder, shards, base } = found;
  const trees =
    forest.kind === "flat"
      ? "none"
      : `${count(forest.trees)}, ${count(forest.splitNodes)} split and ${count(forest.leafNodes)} leaf nodes, leaves of at most ${forest.leafSize}`;
  const answering: [string, string][] = [
    ["codec", codecs(manifest)],
    ["trees", trees],
    ["answered by", found.answeredBy === "forest" ? "the forest" : "a flat scan of all codes"],
  ];
  const rows: [string, string][] = [
    ["name", found.name],
    ["version", found.version],
    ["format", `${header.major}.${header.minor}`],
    ["metric", header.metric],
    ["dimensions", count(header.dimensions)],
    ["items", shards || base ? count(manifest.items) : holes(header.nItems, header.nSlots)],
    ...(base ? changes(base) : []),
    ...(shards ? routing(found) : answering),
    ["seed", String(header.seed)],
    [
      "embedder",
      embedder
        ? `${embedder.provider} (${embedder.model})${embedder.whitened ? ", whitened by the corpus" : ""}`
        : "none: vectors only",
    ],
    ["filterable", describeColumns(manifest)],
    ["documents", bytes(found.documents.bytes)],
    ["recall@10", describeRecall(found.certified)],
  ];
  if (shards)
    return [table(rows), probesTable(found), shardTable(shards), sectionTable(found)]
      .filter(Boolean)
      .join("\n\n");
  if (found.bytesPerItemAndTree > 0)
    rows.splice(8, 0, ["forest size", `${found.bytesPerItemAndTree.toFixed(2)} bytes an item a tree`]);
  return [table(rows), recallTable(found), sectionTable(found)].filter(Boolean).join("\n\n");
}

/** Returns the lines about changes on top of a base, and how badly they fit it. */
function changes({
  version,
  items,
  added,
  removed,
  drift,
  hotBytes,
}: NonNullable<Inspection["base"]>): [string, string][] {
  const { changed, unknownWords, distance } = drift;
  const signs = [
    `${(changed * 100).toFixed(1)}% of the base`,
    ...(unknownWords === undefined ? [] : [`${(unknownWords * 100).toFixed(1)}% unknown words`]),
    ...(distance === undefined ? [] : [`vectors ${distance.toFixed(2)} times as far from it as its own`]),
  ];
  return [
    ["base", `${version}, ${count(items, "item")}, ${bytes(hotBytes)} hot`],
    ["changes", `${count(added)} added or replaced, ${count(removed)} gone; below is their own file`],
    ["drift", signs.join(", ")],
  ];
}

function holes(nItems: number, nSlots: number): string {
  return nSlots === nItems ? count(nItems) : `${count(nSlots)} in ${count(nItems)} numbers`;
}

/** Returns the line about routing. */
function routing({ manifest, header, base }: Inspection): [string, string][] {
  const { partition, probes, effort, list, rows } = manifest.shards!;
  const asked = rows.find((row) => row.probes === probes)?.shards;
  const mean = asked === undefined ? "" : `, ${asked.toFixed(2)} shards on average`;
  return [
    ["shards", `${count(list.length)}, partition ${partition}`],
    [
      "a query asks",
      partition === "random"
        ? "all shards"
        : `the owners of its ${count(probes)} nearest of ${base ? "the base's" : count(header.nItems)} centroids${mean}`,
    ],
    ["in each", `${effort} times the shard's own searchK`],
  ];
}

function probesTable({ manifest }: Inspection): string {
  const { rows, probes } = manifest.shards!;
  const lines = rows.map((row) => [
    count(row.probes) + (row.probes === probes ? " *" : "  "),
    row.shards.toFixed(2),
    row.recallAt1.toFixed(4),
    row.recallAt10.toFixed(4),
    row.recallAt100.toFixed(4),
  ]);
  const head = ["probes  ", "shards", "recall@1", "recall@10", "recall@100"];
  return `Measured recall of all shards together (* default)\n${columns([head, ...lines])}`;
}

function shardTable(shards: NonNullable<Inspection["shards"]>): string {
  const hasChanges = shards.some(({ changes: own }) => own);
  const lines = shards.map(({ shard, version, items, hotBytes, certified, changes: own }) => [
    String(shard),
    version,
    count(items),
    bytes(hotBytes + (own?.hotBytes ?? 0)),
    certified.recallAt10.toFixed(4),
    count(certified.defaultSearchK),
    ...(hasChanges ? [own ? `${count(own.added)} added, ${count(own.removed)} gone` : ""] : []),
  ]);
  const head = [
    "shard",
    "version",
    "items",
    "hot",
    "recall@10",
    "searchK",
    ...(hasChanges ? ["changes"] : []),
  ];
  return `Shards\n${columns([head, ...lines])}`;
}

function recallTable({ certified }: Inspection): string {
  if (certified.queries === 0) return "";
  const rows = certified.rows.map((row) => [
    count(row.searchK) + (row.searchK === certified.defaultSearchK ? " *" : "  "),
    row.recallAt1.toFixed(4),
    row.recallAt10.toFixed(4),
    row.recallAt100.toFixed(4),
    count(row.candidates),
    count(row.scored),
  ]);
  const head = ["searchK  ", "recall@1", "recall@10", "recall@100", "candidates", "scored"];
  return `Measured recall (* default)\n${columns([head, ...rows])}`;
}

function sectionTable({ sections, header }: Inspection): string {
  const rows = sections.map((s) => [s.name, s.hot ? "hot" : "cold", count(s.bytes), s.checksum]);
  const total = `${bytes(header.fileBytes)} in all, ${bytes(header.hotBytes)} hot`;
  return `Sections (${total})\n${columns([["section", "part", "bytes", "xxh32"], ...rows], [0, 1])}`;
}
