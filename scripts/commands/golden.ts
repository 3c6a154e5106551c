import type { Command } from "commander";
import { type GoldenOptions, type GoldenResult, golden } from "../../build/index.ts";
import { leafCommand, perform } from "../cli/run.ts";
import { addTargetOptions } from "../cli/target-options.ts";
import { count } from "../cli/terminal.ts";

/** `annoy-edge golden`: the configuration's golden queries, of a folder or of what is published. Exit code 1 when one fails. */
export function addGolden(program: Command): void {
  const command = leafCommand(program, "golden", "ask the golden queries of annoy-edge.config.ts", [
    "golden artifacts/docs",
    "golden --remote",
  ])
    .argument("[dir]", "artifact folder (default: the published version)")
    .option("--config <file>", "the configuration (default: annoy-edge.config.ts here)");
  addTargetOptions(command);
  perform<GoldenOptions>(command, async (_context, flags, [dir]) => {
    const result = await golden(dir, flags);
    return { result, text: describe(result), failed: !result.ok };
  });
}

function describe({ name, version, queries, failures }: GoldenResult): string {
  if (failures.length === 0)
    return `${name}: version ${version} answers all ${count(queries)} golden queries.`;
  const lines = failures.map((failure) => `  ${failure}`).join("\n");
  return `${name}: version ${version} fails ${count(failures.length)} of ${count(queries)} golden queries.\n${lines}`;
}
