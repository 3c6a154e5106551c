import type { Command } from "commander";
import {
  type NamedTargetOptions,
  OptionError,
  type PublishedVerification,
  type Verification,
  verify,
  verifyPublished,
} from "../../build/index.ts";
import { table } from "../cli/describe.ts";
import { leafCommand, perform } from "../cli/run.ts";
import { addNameOption, addTargetOptions } from "../cli/target-options.ts";
import { count } from "../cli/terminal.ts";

type Finding = PublishedVerification["versions"][number]["findings"][number];

type Flags = NamedTargetOptions & { readonly published?: boolean };

/** Findings of one version that are listed; a lost namespace has thousands. */
const SHOWN = 10;

/** `annoy-edge verify`: is an artifact, or what is published, sound? Exit code 1 when it is not. */
export function addVerify(program: Command): void {
  const command = leafCommand(
    program,
    "verify",
    "check checksums, structure, documents and recall of an artifact, or what is published",
    ["verify artifacts/docs", "verify --published --remote"],
  )
    .argument("[dir]", "artifact folder")
    .option("--published", "check objects, pages and their second copies in R2 and KV instead");
  addTargetOptions(addNameOption(command));
  perform<Flags>(command, async ({ onProgress }, { published, ...target }, [dir]) => {
    if ((dir === undefined) !== (published === true))
      throw new OptionError("Name an artifact folder, or give --published.");
    if (published) {
      const result = await verifyPublished({ ...target, onProgress });
      return { result, text: describePublishedCheck(result), failed: !result.ok };
    }
    const result = await verify(dir!, { onProgress });
    return { result, text: describeVerification(result), failed: !result.ok };
  });
}

export function describeVerification({ ok, dir, checks }: Verification): string {
  const rows = checks.map(
    ({ name, ok, message, code }) =>
      [name, `${ok ? "ok" : "FAILED"}  ${message}${code ? ` (${code})` : ""}`] as const,
  );
  return `${table(rows)}\n${dir} is ${ok ? "sound" : "not sound"}.`;
}

function describePublishedCheck({ ok, name, versions }: PublishedVerification): string {
  const lines = versions.flatMap(({ version, state, findings }) => [
    `${version} (${state}): ${findings.length === 0 ? "sound" : count(findings.length, "fault")}`,
    ...findings
      .slice(0, SHOWN)
      .map((finding) => `  ${finding.key} is ${finding.fault}; ${remedyOf(finding)} mends it`),
    ...(findings.length > SHOWN ? [`  and ${count(findings.length - SHOWN)} more`] : []),
  ]);
  return `${lines.join("\n")}\n${name} is ${ok ? "sound" : "not sound"}.`;
}

/** A publish reads pages and packs with `--force` only. */
function remedyOf({ kind, fault, mendedBy }: Finding): string {
  const isForced = fault === "changed" && (kind === "pack" || kind === "page");
  const again = `publishing its artifact again${isForced ? " with --force" : ""}`;
  if (mendedBy === "restore") return '"annoy-edge restore"';
  return kind === "pack" ? `"annoy-edge restore", or ${again},` : again;
}
