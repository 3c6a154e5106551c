import type { Command } from "commander";
import { type NamedTargetOptions, type VersionInfo, versions } from "../../build/index.ts";
import { columns } from "../cli/describe.ts";
import { leafCommand, perform } from "../cli/run.ts";
import { addNameOption, addTargetOptions } from "../cli/target-options.ts";
import { bytes, count } from "../cli/terminal.ts";

/** `annoy-edge versions`: what is published, newest first. */
export function addVersions(program: Command): void {
  const command = leafCommand(program, "versions", "list the published versions of an index", [
    "versions",
    "versions --name docs --remote --json",
  ]);
  addTargetOptions(addNameOption(command));
  perform<NamedTargetOptions>(command, async (_context, flags) => {
    const result = await versions(flags);
    const head = ["version", "state", "since", "by", "items", "size", "changes"];
    const text = `${result.name} in ${result.where}\n${columns([head, ...result.versions.map(row)], [0, 1, 2, 3, 6])}`;
    return { result, text };
  });
}

function row({ version, state, base, uploaded, record, bytes: size }: VersionInfo): string[] {
  const at = (record?.at ?? uploaded).slice(0, 16).replace("T", " ");
  const changes = record?.changes;
  const numbers = changes ? `+${count(changes.added)} -${count(changes.removed)}` : "";
  const notes = [numbers, base && `on ${base}`, record?.message, record?.forced?.length ? "forced" : ""]
    .filter(Boolean)
    .join("; ");
  return [version, state, at, record?.by ?? "", record ? count(record.items) : "", bytes(size), notes];
}
