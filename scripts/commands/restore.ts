import type { Command } from "commander";
import { type NamedTargetOptions, restore } from "../../build/index.ts";
import { leafCommand, perform } from "../cli/run.ts";
import { addNameOption, addTargetOptions } from "../cli/target-options.ts";
import { count } from "../cli/terminal.ts";

/** `annoy-edge restore`: documents that KV has lost come back from R2. */
export function addRestore(program: Command): void {
  const command = leafCommand(
    program,
    "restore",
    "bring back documents that KV has lost or changed, from R2, and packs from KV",
    ["restore", "restore --name docs --remote"],
  );
  addTargetOptions(addNameOption(command));
  perform<NamedTargetOptions>(command, async ({ onProgress }, flags) => {
    const result = await restore({ ...flags, onProgress });
    const { name, version, previous, pages, written, packsWritten, left } = result;
    const packs = packsWritten > 0 ? `, and ${count(packsWritten, "pack")}` : "";
    const rest = left.length > 0 ? ` ${count(left.length, "fault")} left: publish its artifact again.` : "";
    const text = `${name}: of ${count(pages, "page")} of version ${version}${previous === null ? "" : " and the one before"}, ${count(written)} were written again${packs}.${rest}`;
    return { result, text, failed: left.length > 0 };
  });
}
