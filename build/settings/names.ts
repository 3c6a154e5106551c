import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { assertIndexName } from "../../worker/core/format/keys.ts";
import { OptionError } from "./errors.ts";
import { requireText } from "./options.ts";

const FALLBACK = "index";
const VARIABLE = /^\s*INDEX_NAME\s*=\s*(["'])(.+?)\1/m;

/**
 * The name of an index: the one given, else `INDEX_NAME` of the wrangler.toml in `root` (what the Worker there
 * serves), else `index`.
 *
 * @throws OptionError when it cannot name an index
 */
export function indexName(given: string | undefined, root = "../pipeline"): string {
  const name = given ?? servedName(root) ?? FALLBACK;
  if (typeof name !== "string") requireText("name", name);
  try {
    assertIndexName(name);
  } catch (error) {
    if (error instanceof AnnoyEdgeError) throw new OptionError(error.message, { cause: error });
    throw error;
  }
  return name;
}

/** One line of TOML, read as such: loading wrangler for it takes two seconds. */
export function servedName(root = "../pipeline"): string | undefined {
  try {
    return VARIABLE.exec(readFileSync(join(root, "wrangler.toml"), "utf8"))?.[2];
  } catch {
    return undefined;
  }
}
