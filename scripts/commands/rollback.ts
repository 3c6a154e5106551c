import type { Command } from "commander";
import { type NamedTargetOptions, rollback } from "../../build/index.ts";
import { leafCommand, perform } from "../cli/run.ts";
import { addNameOption, addTargetOptions } from "../cli/target-options.ts";

/** `annoy-edge rollback`: an earlier version answers again. */
export function addRollback(program: Command): void {
  const command = leafCommand(program, "rollback", "make an earlier version current again", [
    "rollback",
    "rollback 3f2a --remote",
  ])
    .argument("[version]", "version, or a unique beginning of one (default: the one before)")
    .option("--message <text>", "a note that versions shows")
    .option("--by <who>", "who rolls back (default: the user of this process)");
  addTargetOptions(addNameOption(command));
  perform<NamedTargetOptions & { message?: string; by?: string }>(
    command,
    async (_context, flags, [version]) => {
      const result = await rollback(version, flags);
      const text = `${result.name}: version ${result.version} is current again, after ${result.previous}.`;
      return { result, text };
    },
  );
}
