import type { Manifest } from "../../build/index.ts";
import { bytes, count } from "./terminal.ts";

/** Names and values under each other, as people read them. */
export function table(rows: readonly (readonly [string, string])[], indent = "  "): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${indent}${name.padEnd(width)}  ${value}`.trimEnd()).join("\n");
}

/** The facts of an artifact that one wants to see after building it. */
export function describeArtifact(manifest: Manifest): string {
  const { certified, embedder, files, forest, shards, base } = manifest;
  const shape =
    forest.kind === "flat"
      ? "flat scan of all codes"
      : `${count(forest.trees, "tree")}, leaves of ${forest.leafSize}`;
  return table([
    ["name", manifest.name],
    ["version", manifest.version],
    ["items", `${count(manifest.items)} of ${manifest.dimensions} dimensions, ${manifest.metric}`],
    ...(shards
      ? [["shards", describeShards(shards)] as const]
      : [["forest", `${shape}, ${codecs(manifest)}`] as const]),
    ...(base
      ? [["base", `${base.version}; ${count(base.added)} on top, ${count(base.removed)} gone`] as const]
      : []),
    ["recall@10", describeRecall(certified)],
    ["embedder", embedder ? `${embedder.provider} (${embedder.model})` : "none: vectors only"],
    ["filterable", describeColumns(manifest)],
    ...describeCut(manifest),
    [
      "size",
      shards
        ? `${bytes(manifest.hotBytes)} of router, shards of at most ${bytes(Math.max(...shards.list.map(({ hotBytes }) => hotBytes)))}`
        : `${bytes(files["forest.bin"].bytes)}, of which ${bytes(manifest.hotBytes)} are loaded for a query`,
    ],
  ]);
}

function describeCut({ embedder, cutTexts = 0 }: Manifest): [string, string][] {
  if (cutTexts === 0 || embedder?.maxTokens === undefined) return [];
  const [texts, their] = cutTexts === 1 ? ["text is", "its"] : ["texts are", "their"];
  return [
    [
      "cut",
      `${count(cutTexts)} ${texts} longer than the model reads: ${their} first ${embedder.maxTokens} tokens count (--chunk-unit tokens splits)`,
    ],
  ];
}

/** The fields that filters, sort and groupBy may name. */
export function describeColumns({ columns = [] }: Pick<Manifest, "columns">): string {
  if (columns.length === 0) return "no field";
  return columns.map(({ field, type, array }) => `${field} (${array ? "list of " : ""}${type})`).join(", ");
}

function describeShards({ list, partition, probes, rows }: NonNullable<Manifest["shards"]>): string {
  const asked = rows.find((row) => row.probes === probes)?.shards ?? list.length;
  const number = partition === "random" ? "all" : asked.toFixed(2);
  return `${count(list.length)}, of which a query asks ${number}`;
}

export function codecs({ codec, rescore }: Pick<Manifest, "codec" | "rescore">): string {
  return rescore === "none" ? codec : `${codec} rescored by ${rescore}`;
}

export function describeRecall(certified: Manifest["certified"]): string {
  if (certified.queries === 0) return "exact: every item is looked at";
  const held = certified.heldOut ? "held-out vectors" : "of its own vectors";
  const short = certified.met === false ? `, BELOW the target of ${certified.target}` : "";
  return `${certified.recallAt10.toFixed(4)} at searchK ${count(certified.defaultSearchK)} (${count(certified.queries)} ${held}${describeTexts(certified)})${short}`;
}

function describeTexts({ texts }: Manifest["certified"]): string {
  return texts ? `; ${texts.recallAt10.toFixed(4)} of ${count(texts.queries)} texts of a few words` : "";
}

/** Returns the warning about an index whose recall does not reach its target; undefined where it does. */
export function recallShortfall({ certified, codec, rescore }: Manifest): string | undefined {
  const { met, recallAt10, target } = certified;
  if (met !== false) return undefined;
  const restored = codec === "binary" || rescore === "int4" || rescore === "int8";
  const finer = restored
    ? ["a finer --codec or --rescore"]
    : ["--rescore int4 (what the codes leave, in memory)", "a finer --codec"];
  const remedies = [...(codec === "float32" ? [] : finer), "more trees"].join(", ");
  return `recall@10 is ${recallAt10.toFixed(4)}, and no searchK reaches the target of ${target} with ${codecs({ codec, rescore })}. Choose ${remedies} or a lower --target-recall.`;
}

/** Rows in columns; numbers to the right, the columns named in `left` to the left. */
export function columns(rows: readonly (readonly string[])[], left: readonly number[] = []): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows
    .map((row) => {
      const cells = row.map((cell, i) =>
        left.includes(i) ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!),
      );
      return `  ${cells.join("  ")}`.trimEnd();
    })
    .join("\n");
}
