import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  ACTIONS,
  type Action,
  MAX_TOKEN_LENGTH,
  MIN_SECRET_LENGTH,
  signToken,
  TOKEN_ACTIONS,
  type TokenClaims,
} from "../../worker/core/access/token.ts";
import { parseFilter } from "../../worker/core/columns/parse.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { isIndexName } from "../../worker/core/format/keys.ts";
import { OptionError } from "../settings/errors.ts";

export interface TokenOptions {
  /** Names and patterns of the indexes that may be asked; all by default. */
  readonly index?: string | readonly string[];
  /** A condition that every document of an answer meets. */
  readonly filter?: unknown;
  /** A number with s, m, h or d; default `1h`. */
  readonly expires?: string;
  /** Default: search and documents. */
  readonly actions?: readonly Action[];
  /** Default: the first of `TOKEN_SECRETS` in the environment, or in `.dev.vars` of `root`. */
  readonly secret?: string;
  readonly root?: string;
  /** Environment, whose `.dev.vars.<env>` wrangler takes in place of `.dev.vars`; default: `CLOUDFLARE_ENV`. */
  readonly env?: string;
}

export interface SignedToken {
  readonly token: string;
  readonly claims: TokenClaims;
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const LONGEST = 400 * 86_400;

/**
 * Signs what the bearer of a token may ask. The Worker that has the same secret in `TOKEN_SECRETS` holds every request to it.
 *
 * @throws OptionError; AnnoyEdgeError `NO_SECRET`
 */
export async function token(options: TokenOptions = {}): Promise<SignedToken> {
  const { filter, actions = TOKEN_ACTIONS } = options;
  const indexes = options.index === undefined ? undefined : [options.index].flat();
  for (const name of indexes ?? []) {
    if (!isIndexName(String(name).replaceAll("*", "x"))) {
      throw new OptionError(`${JSON.stringify(name)} is neither the name of an index nor a pattern.`);
    }
  }
  for (const action of actions) {
    if (!ACTIONS.includes(action)) throw new OptionError(`actions are some of ${ACTIONS.join(", ")}.`);
  }
  if (filter !== undefined) parseFilter(filter);
  const secret = options.secret ?? findSecret(options.root ?? ".", options.env ?? process.env.CLOUDFLARE_ENV);
  if (secret === undefined) {
    const message =
      "TOKEN_SECRETS is neither in the environment nor in .dev.vars: openssl rand -hex 32 makes a secret, and npx wrangler secret put TOKEN_SECRETS gives it to the Worker.";
    throw new AnnoyEdgeError("NO_SECRET", message);
  }
  if (secret.length < MIN_SECRET_LENGTH) {
    throw new OptionError(
      `The secret has fewer than ${MIN_SECRET_LENGTH} characters; one that short can be guessed.`,
    );
  }
  const claims: TokenClaims = {
    exp: Math.floor(Date.now() / 1000) + secondsOf(options.expires ?? "1h"),
    ...(indexes && { indexes }),
    actions,
    ...(filter !== undefined && { filter }),
  };
  const signed = await signToken(claims, secret);
  if (signed.length <= MAX_TOKEN_LENGTH) return { token: signed, claims };
  throw new OptionError(
    `The token would have ${signed.length} characters, and a Worker takes ${MAX_TOKEN_LENGTH} at most: shorten the filter.`,
  );
}

function secondsOf(expires: string): number {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(expires.trim()) ?? [];
  const seconds = Number(count) * (SECONDS[unit ?? ""] ?? Number.NaN);
  if (seconds > 0 && seconds <= LONGEST) return seconds;
  throw new OptionError(
    `expires is ${JSON.stringify(expires)}; give a time such as 90s, 15m, 1h or 30d, 400d at most.`,
  );
}

function findSecret(root: string, env: string | undefined): string | undefined {
  const own = join(root, `.dev.vars.${env}`);
  const file = env && existsSync(own) ? own : join(root, ".dev.vars");
  const list = process.env.TOKEN_SECRETS ?? devVariable(file, "TOKEN_SECRETS");
  return list?.split(/[\s,]+/).find((secret) => secret !== "");
}

/** A line of the file from which `wrangler dev` takes secrets. */
function devVariable(file: string, name: string): string | undefined {
  try {
    const text = readFileSync(file, "utf8");
    return new RegExp(`^\\s*${name}\\s*=\\s*(["']?)(.*?)\\1\\s*$`, "m").exec(text)?.[2];
  } catch {
    return undefined;
  }
}
