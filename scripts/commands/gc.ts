import type { Command } from "commander";
import { type GcResult, gc, type NamedTargetOptions } from "../../build/index.ts";
import { leafCommand, perform, wholeNumber } from "../cli/run.ts";
import { addNameOption, addTargetOptions } from "../cli/target-options.ts";
import { bytes, count } from "../cli/terminal.ts";

/** `annoy-edge gc`: old versions go. */
export function addGc(program: Command): void {
  const command = leafCommand(program, "gc", "remove old versions and what only they needed", [
    "gc --dry-run",
    "gc --keep 10 --remote",
  ])
    .option("--keep <n>", "versions to keep, the current one included (default: 5)", wholeNumber(1))
    .option("--dry-run", "say what would be removed; remove nothing");
  addTargetOptions(addNameOption(command));
  perform<NamedTargetOptions & { keep?: number; dryRun?: boolean }>(command, async (_context, flags) => {
    const result = await gc(flags);
    return { result, text: describe(result) };
  });
}

function describe({ name, dryRun, kept, removed, deleted }: GcResult): string {
  const { objects, objectBytes, pages } = deleted;
  if (removed.length === 0 && objects === 0 && pages === 0)
    return `${name}: nothing to remove; ${count(kept.length, "version")} kept.`;
  const what = `${count(removed.length, "version")}, ${count(objects, "object")} (${bytes(objectBytes)}) and ${count(pages, "page")}`;
  const list = removed.length > 0 ? `\n${removed.map((version) => `  ${version}`).join("\n")}` : "";
  return dryRun
    ? `${name}: ${what} would be removed; ${count(kept.length, "version")} kept. Nothing was changed.${list}`
    : `${name}: ${what} were removed; ${count(kept.length, "version")} kept.${list}`;
}
