import type { Command } from "commander";
import {
  type InsightsOptions,
  type InsightsResult,
  insights,
  type KeptQueries,
  keepQueries,
} from "../../build/index.ts";
import { collectValues, leafCommand, perform, wholeNumber } from "../cli/run.ts";
import { count } from "../cli/terminal.ts";

interface Flags extends InsightsOptions {
  readonly add?: readonly string[];
  readonly expect?: readonly string[];
  readonly config?: string;
}

/** `annoy-edge insights`: what people search for; `--add` holds the next version to it. */
export function addInsights(program: Command): void {
  const command = leafCommand(
    program,
    "insights",
    "report what people search for, or make golden queries of it",
    [
      "insights --days 7 --least 20",
      'insights --add "undo a publish" --add "delete a version"',
      'insights --add "undo a publish" --expect operations.md#rollback',
    ],
  )
    .option("--name <name>", "the index (default: the first that the Worker serves)")
    .option("--days <n>", "days to look back (default: 30)", wholeNumber(1))
    .option(
      "--least <n>",
      "occurrences below which a query is not reported (default: 10, at least 3)",
      wholeNumber(1),
    )
    .option("--limit <n>", "queries to report (default: 50)", wholeNumber(1))
    .option("--add <query>", "make it a golden query; repeatable", collectValues)
    .option(
      "--expect <id>",
      "what the added queries must find; repeatable (default: their first hit)",
      collectValues,
    )
    .option("--config <file>", "the configuration (default: annoy-edge.config.ts here)")
    .option("--root <dir>", "folder of wrangler.jsonc, .json or .toml (default: here)")
    .option("--env <name>", "environment of the wrangler configuration (default: CLOUDFLARE_ENV)");
  perform<Flags>(command, async (_context, flags) => {
    if (flags.add) {
      const result = await keepQueries({ ...flags, add: flags.add });
      return { result, text: describeKept(result) };
    }
    const result = await insights(flags);
    return { result, text: describe(result) };
  });
}

function describe({ name, days, least, queries }: InsightsResult): string {
  const what = `${name}: queries of the last ${count(days, "day")} that occurred ${count(least)} times or more`;
  if (queries.length === 0) return `${what}: none.`;
  const width = String(queries[0]!.count).length;
  return [`${what}:`, ...queries.map((one) => `  ${String(one.count).padStart(width)}  ${one.query}`)].join(
    "\n",
  );
}

function describeKept({ path, added }: KeptQueries): string {
  const lines = added.map(
    ({ query, expect }) => `  ${JSON.stringify(query)} finds ${[expect].flat().join(", ")}`,
  );
  return [`${path}:`, ...lines].join("\n");
}
