import type { Command } from "commander";
import { type RebuildOptions, type RebuildResult, rebuild } from "../../build/index.ts";
import { decimal, leafCommand, perform } from "../cli/run.ts";
import { describeSite } from "../cli/site-report.ts";
import { addTargetOptions } from "../cli/target-options.ts";
import { describePublished } from "./publish.ts";
import { describeVerification } from "./verify.ts";

/** `annoy-edge rebuild`: what a schedule runs. */
export function addRebuild(program: Command): void {
  const command = leafCommand(program, "rebuild", "build, verify and publish, from annoy-edge.config.ts", [
    "rebuild",
    "rebuild --remote --if-changed",
  ])
    .option("--config <file>", "the configuration (default: annoy-edge.config.ts here)")
    .option("--if-changed", "only when documents or settings differ from those of the current version")
    .option("--compact", "build a new base, however little has changed")
    .option(
      "--compact-at <share>",
      "share of the base beyond which a new one is built (default: 0.1)",
      decimal,
    )
    .option("--dry-run", "publish nothing; say what would be written")
    .option("--allow-shrink", "publish a corpus that lost more than half since the version before")
    .option("--notify <url>", "webhook called after a failure (default: ANNOY_EDGE_NOTIFY)")
    .option("--force", "publish in spite of failed checks, and record them")
    .option("--message <text>", "a note that versions shows")
    .option("--by <who>", "who publishes (default: the user of this process)");
  addTargetOptions(command);
  perform<RebuildOptions>(command, async ({ onProgress, note }, flags) => {
    const result = await rebuild({ ...flags, onProgress, onNote: note, onTrouble: note });
    const parts = [...(result.site ? [describeSite(result.site)] : []), describe(result)];
    return { result, text: parts.join("\n"), failed: result.outcome === "rejected" };
  });
}

function describe(result: RebuildResult): string {
  if ("published" in result) return describePublished(result.published);
  if ("verification" in result) return `${describeVerification(result.verification)}\nNothing was published.`;
  return `${result.name}: version ${result.version} is current already; nothing was built.`;
}
