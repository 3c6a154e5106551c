import type { Command } from "commander";
import { type Verification, verify } from "../../build/index.ts";
import { table } from "../cli/describe.ts";
import { leafCommand, perform } from "../cli/run.ts";

/** `annoy-edge verify`: is an artifact sound? Exit code 1 when it is not. */
export function addVerify(program: Command): void {
  const command = leafCommand(
    program,
    "verify",
    "check checksums, structure, documents and recall of an artifact",
    ["verify artifacts/docs"],
  ).argument("<dir>", "artifact folder");
  perform(command, async ({ onProgress }, _flags, [dir]) => {
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
