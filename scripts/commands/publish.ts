import type { Command } from "commander";
import { type PublishDirOptions, type PublishResult, publish, servedNames } from "../../build/index.ts";
import { matchesName } from "../../worker/core/format/keys.ts";
import { table } from "../cli/describe.ts";
import { byteCount, leafCommand, perform } from "../cli/run.ts";
import { addTargetOptions } from "../cli/target-options.ts";
import { bytes, count } from "../cli/terminal.ts";

/** `annoy-edge publish`: an artifact to R2 and KV, the pointer last. */
export function addPublish(program: Command): void {
  const command = leafCommand(program, "publish", "publish an artifact: what the Worker answers from", [
    "publish artifacts/docs",
    "publish artifacts/docs --remote --dry-run",
    'publish artifacts/docs --remote --message "new handbook"',
  ])
    .argument("<dir>", "artifact folder")
    .option("--dry-run", "say what would be written and what it would cost; write nothing")
    .option("--shard-bytes <size>", "warn of shards that take more memory (default: 60MB)", byteCount)
    .option("--allow-shrink", "publish a corpus that lost more than half since the version before")
    .option("--force", "publish in spite of failed checks, and record them")
    .option("--message <text>", "a note that versions shows")
    .option("--by <who>", "who publishes (default: the user of this process)");
  addTargetOptions(command);
  perform<PublishDirOptions>(command, async ({ onProgress }, flags, [dir]) => {
    const result = await publish(dir!, { ...flags, onProgress });
    return { result, text: [describePublished(result), otherName(result.name, flags)].join("") };
  });
}

/** A newcomer's first puzzle: the Worker answers from another index than the one just published. */
function otherName(name: string, { root, env }: PublishDirOptions): string {
  const served = servedNames(root, env);
  if (served.length === 0 || served.some((pattern) => matchesName(pattern, name))) return "";
  const list = served.join(", ");
  return `\nThe Worker here serves "${list}": set INDEX_NAME = "${name}" in the wrangler configuration, or "${list}, ${name}" to serve both.`;
}

export function describePublished(result: PublishResult): string {
  const { name, version, outcome, documents, written, cost, shards, warnings, forced } = result;
  if (outcome === "unchanged") return `${name}: version ${version} is current already; nothing was written.`;
  const rows: [string, string][] = [];
  if (written.objects > 0) {
    const { added, kept, removed, repacked } = documents;
    const moved = repacked > 0 ? `, ${count(repacked)} repacked` : "";
    rows.push(["documents", `${count(added)} added, ${count(kept)} kept, ${count(removed)} removed${moved}`]);
    const found = written.pagesFound > 0 ? `, ${count(written.pagesFound)} were there already` : "";
    rows.push(["KV", `${count(written.pages, "page")}, ${bytes(written.pageBytes)}${found}`]);
    const parts = shards > 0 ? `, ${count(shards, "shard")}` : "";
    rows.push(["R2", `${count(written.objects, "object")}, ${bytes(written.objectBytes)}${parts}`]);
    rows.push([
      "cost",
      `${count(cost.classA)} class A operations, ${count(cost.kvWrites)} KV writes; $${cost.usd.toFixed(4)} beyond the allowances`,
    ]);
  }
  for (const warning of warnings) rows.push(["warning", warning]);
  for (const failure of forced) rows.push(["forced", failure]);
  return [headline(result), table(rows)].filter(Boolean).join("\n");
}

function headline({ name, version, previous, outcome }: PublishResult): string {
  const after = previous ? ` after ${previous}` : "";
  switch (outcome) {
    case "planned":
      return `${name}: version ${version} would become current${after}. Nothing was written.`;
    case "repaired":
      return `${name}: version ${version} is current already; what was lost or changed of it is written again.`;
    case "promoted":
      return `${name}: version ${version}, published before, is current again${after}.`;
    default:
      return `${name}: version ${version} is current${after}.`;
  }
}
