import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { assertIndexName } from "../../worker/core/format/keys.ts";
import { OptionError } from "./errors.ts";
import { requireText } from "./options.ts";
import { findWranglerProject } from "./wrangler.ts";

const FALLBACK = "index";

/** The files in which settings are looked for, in this order. A CommonJS package reads modules from `.mts` alone. */
export const CONFIG_FILES = [".ts", ".mts", ".js", ".mjs"].map((ending) => `annoy-edge.config${ending}`);

/**
 * The name of an index: the one given, else the first that the Worker configured in `root` serves, else `index`.
 *
 * @throws OptionError when it cannot name an index; AnnoyEdgeError `BAD_WRANGLER_CONFIG`
 */
export function indexName(given: string | undefined, root?: string, env?: string): string {
  const name = given ?? servedName(root, env) ?? FALLBACK;
  if (typeof name !== "string") requireText("name", name);
  try {
    assertIndexName(name);
  } catch (error) {
    if (error instanceof AnnoyEdgeError) throw new OptionError(error.message, { cause: error });
    throw error;
  }
  return name;
}

/** The first name in the Worker's list of indexes; undefined where there is no list or it has patterns alone. */
export function servedName(root?: string, env?: string): string | undefined {
  return servedNames(root, env).find((name) => !name.includes("*"));
}

/** Names and patterns of the indexes that the Worker configured in `root` serves. */
export function servedNames(root?: string, env?: string): readonly string[] {
  const list = findWranglerProject(root, env)?.indexes ?? "";
  return list.split(/[\s,]+/).filter((name) => name !== "");
}
