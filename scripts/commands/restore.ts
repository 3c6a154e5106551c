import type { Command } from "commander";
import { type NamedTargetOptions, restore } from "../../build/index.ts";
import { leafCommand, perform } from "../cli/run.ts";
import { addNameOption, addTargetOptions } from "../cli/target-options.ts";
import { count } from "../cli/terminal.ts";

/** `annoy-edge restore`: documents that KV has lost come back from R2. */
export function addRestore(program: Command): void {
  const command = leafCommand(program, "restore", "bring back documents that KV has lost, from R2", [
    "restore",
    "restore --name docs --remote",
  ]);
  addTargetOptions(addNameOption(command));
  perform<NamedTargetOptions>(command, async ({ onProgress }, flags) => {
    const result = await restore({ ...flags, onProgress });
    const { name, version, pages, written, lost } = result;
    const rest = lost > 0 ? ` ${count(lost)} are in R2 neither: publish the artifact again.` : "";
    const text = `${name}: of ${count(pages)} pages of version ${version}, ${count(written)} were written again.${rest}`;
    return { result, text, failed: lost > 0 };
  });
}
