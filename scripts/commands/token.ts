import type { Command } from "commander";
import { type TokenOptions, token } from "../../build/index.ts";
import { collectValues, json, leafCommand, perform } from "../cli/run.ts";

interface Flags extends Omit<TokenOptions, "actions"> {
  readonly action?: TokenOptions["actions"];
}

/** `annoy-edge token`: what a browser may carry. */
export function addToken(program: Command): void {
  const command = leafCommand(program, "token", "sign a token that restricts what its bearer may ask", [
    `token --index docs --filter '{"tenant":"a"}' --expires 1h`,
    "token --index 'shop-*' --action search --expires 30d",
  ])
    .option("--index <name>", "name or pattern of an index; repeatable (default: all)", collectValues)
    .option("--filter <json>", "condition that every document of an answer meets", json)
    .option("--expires <time>", "90s, 15m, 1h, 30d (default: 1h)")
    .option(
      "--action <name>",
      "search, documents or index; repeatable (default: search, documents)",
      collectValues,
    )
    .option(
      "--root <dir>",
      "folder of .dev.vars, when TOKEN_SECRETS is not in the environment (default: here)",
    )
    .option("--env <name>", "environment whose .dev.vars.<name> is read (default: CLOUDFLARE_ENV)");
  perform<Flags>(command, async (_context, { action, ...flags }) => {
    const result = await token({ ...flags, ...(action && { actions: action }) });
    return { result, text: result.token };
  });
}
