import type { Command } from "commander";

/** Options of publish, versions, rollback and gc that name the target. */
export function addTargetOptions(command: Command): Command {
  return command
    .option("--remote", "a Cloudflare account instead of the local state of wrangler dev")
    .option("--root <dir>", "folder of wrangler.jsonc, .json or .toml (default: here)")
    .option("--env <name>", "environment of the wrangler configuration (default: CLOUDFLARE_ENV)")
    .option("--persist-to <dir>", "local state, as wrangler dev --persist-to");
}

export function addNameOption(command: Command): Command {
  return command.option("--name <name>", "the index (default: the first that the Worker serves, else index)");
}
