import type { Command } from "commander";
import { type WatchOptions, watch } from "../../build/index.ts";
import { leafCommand, perform } from "../cli/run.ts";
import { addTargetOptions } from "../cli/target-options.ts";

/** `annoy-edge watch`: a rebuild at every change, during development. */
export function addWatch(program: Command): void {
  const command = leafCommand(program, "watch", "rebuild whenever a source changes, until it is ended", [
    "watch",
    "watch --config search.config.ts",
  ]).option("--config <file>", "the configuration (default: annoy-edge.config.ts here)");
  addTargetOptions(command);
  perform<WatchOptions>(command, async ({ note }, flags) => {
    await watch({
      ...flags,
      onNote: note,
      onResult: (result) =>
        note(
          "version" in result
            ? `${result.name}: version ${result.version} ${result.outcome}`
            : `${result.name}: ${result.outcome}`,
        ),
      onFailure: ({ message, code }) => note(`${message} (${code})`),
    });
    return { result: {}, text: "" };
  });
}
