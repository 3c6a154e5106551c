import { readFileSync } from "node:fs";
import { type Command, Option } from "commander";
import { newCommand } from "./cli/run.ts";
import { addAssemble } from "./commands/assemble.ts";
import { addBuild } from "./commands/build.ts";
import { addEncoder } from "./commands/encoder.ts";
import { addEvaluate } from "./commands/evaluate.ts";
import { addExport } from "./commands/export.ts";
import { addGc } from "./commands/gc.ts";
import { addGolden } from "./commands/golden.ts";
import { addImport } from "./commands/import.ts";
import { addInit } from "./commands/init.ts";
import { addInsights } from "./commands/insights.ts";
import { addInspect } from "./commands/inspect.ts";
import { addPlan } from "./commands/plan.ts";
import { addPublish } from "./commands/publish.ts";
import { addQuery } from "./commands/query.ts";
import { addRebuild } from "./commands/rebuild.ts";
import { addRestore } from "./commands/restore.ts";
import { addRollback } from "./commands/rollback.ts";
import { addToken } from "./commands/token.ts";
import { addUpdate } from "./commands/update.ts";
import { addVerify } from "./commands/verify.ts";
import { addVersions } from "./commands/versions.ts";
import { addWatch } from "./commands/watch.ts";

/** Commands in the order of the help. */
const COMMANDS = [
  addInit,
  addBuild,
  addUpdate,
  addAssemble,
  addImport,
  addExport,
  addEncoder,
  addInspect,
  addVerify,
  addQuery,
  addEvaluate,
  addGolden,
  addPublish,
  addVersions,
  addRollback,
  addGc,
  addRestore,
  addRebuild,
  addWatch,
  addInsights,
  addToken,
  addPlan,
];

/** The whole command line. */
export function createProgram(): Command {
  const program = newCommand(
    "annoy-edge",
    "Search that runs inside a Cloudflare Worker, from an index built beforehand.",
  )
    .version(packageVersion(), "-V, --version", "print the version")
    .helpCommand(false)
    // Known here too, so that a program which forgets the command gets its error in JSON.
    .addOption(new Option("--json").hideHelp())
    .addHelpText(
      "after",
      `
Every command takes --help and --json. Exit codes: 0 done, 1 failed, 2 not understood.

Example:
  $ annoy-edge build --source docs --out artifacts/docs
  $ annoy-edge query artifacts/docs "how do I roll back?"
  $ annoy-edge publish artifacts/docs`,
    );
  for (const add of COMMANDS) add(program);
  return program;
}

function packageVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
