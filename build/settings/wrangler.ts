import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type ParseError, parse as parseJsonc, printParseErrorCode } from "jsonc-parser";
import { parse as parseToml } from "smol-toml";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";

/** The files in which wrangler looks for its configuration, in its order. */
export const WRANGLER_FILES = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"] as const;

/** Names under which the bucket may be bound; the second leaves INDEXES to the variable that lists indexes. */
const BUCKET_BINDINGS: readonly string[] = ["INDEXES", "INDEX_BUCKET"];
const NAMESPACE_BINDING = "DOCUMENTS";

/** Settings of an index in one environment of a wrangler configuration. */
export interface WranglerProject {
  /** The file. */
  readonly path: string;
  /** Undefined: the top level. */
  readonly environment: string | undefined;
  /** Name of the Worker as it is deployed. */
  readonly worker: string | undefined;
  readonly account: string | undefined;
  readonly bucket: WranglerBinding | undefined;
  readonly namespace: WranglerBinding | undefined;
  /** Data set of the Analytics Engine binding INSIGHTS. */
  readonly insights: string | undefined;
  /** Value of `INDEX_NAME`, or of `INDEXES` where that is a variable. */
  readonly indexes: string | undefined;
}

export interface WranglerBinding {
  /** Bucket's name or namespace's id in an account; undefined before the first deploy. */
  readonly id: string | undefined;
  /** Name in the local state of `wrangler dev`. */
  readonly localId: string;
}

/**
 * Reads the wrangler configuration of a folder, without loading wrangler (which takes two seconds).
 *
 * @param env name of the environment; default: `CLOUDFLARE_ENV`, as in wrangler
 * @returns undefined when the folder has none
 * @throws AnnoyEdgeError `BAD_WRANGLER_CONFIG`
 */
export function findWranglerProject(root = ".", env?: string): WranglerProject | undefined {
  for (const name of WRANGLER_FILES) {
    const path = join(resolve(root), name);
    const text = readText(path);
    if (text !== undefined)
      return projectOf(path, parseConfig(path, text), env ?? process.env.CLOUDFLARE_ENV);
  }
  return undefined;
}

/** As {@link findWranglerProject}, for those that cannot go on without. */
export function readWranglerProject(root = ".", env?: string): WranglerProject {
  const found = findWranglerProject(root, env);
  if (found) return found;
  throw new AnnoyEdgeError(
    "BAD_WRANGLER_CONFIG",
    `${resolve(root)} has no ${WRANGLER_FILES.join(", ")}. Run the command where it is, or name its folder with --root.`,
  );
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw refused(path, (cause as Error).message, cause);
  }
}

type Table = Readonly<Record<string, unknown>>;

/** @throws AnnoyEdgeError `BAD_WRANGLER_CONFIG` naming file, line and fault */
export function parseConfig(path: string, text: string): Table {
  let value: unknown;
  if (path.endsWith(".toml")) {
    try {
      value = parseToml(text);
    } catch (cause) {
      throw refused(path, (cause as Error).message.split("\n")[0] ?? "", cause);
    }
  } else {
    const errors: ParseError[] = [];
    value = parseJsonc(text, errors, { allowTrailingComma: true });
    const [first] = errors;
    if (first) {
      const line = text.slice(0, first.offset).split("\n").length;
      throw refused(path, `${printParseErrorCode(first.error)} in line ${line}`);
    }
  }
  if (isTable(value)) return value;
  throw refused(path, "it holds no object");
}

function projectOf(path: string, config: Table, env: string | undefined): WranglerProject {
  const environment = env || undefined;
  let section = config;
  if (environment !== undefined) {
    const environments = isTable(config.env) ? config.env : {};
    const named = Object.hasOwn(environments, environment) ? environments[environment] : undefined;
    if (!isTable(named)) {
      const known = Object.keys(environments);
      const list = known.length > 0 ? `it has ${known.join(", ")}` : "it has none";
      throw refused(path, `there is no environment ${JSON.stringify(environment)}; ${list}`);
    }
    section = named;
  }
  const top = text(config.name);
  // Bindings and variables are not inherited by environments; the name is, with the environment's added.
  const derived = environment === undefined || top === undefined ? top : `${top}-${environment}`;
  const vars = isTable(section.vars) ? section.vars : {};
  return {
    path,
    environment,
    worker: text(section.name) ?? derived,
    account: text(section.account_id) ?? text(config.account_id),
    bucket: bindingOf(section.r2_buckets, BUCKET_BINDINGS, "bucket_name", "preview_bucket_name"),
    namespace: bindingOf(section.kv_namespaces, [NAMESPACE_BINDING], "id", "preview_id"),
    insights: bindingOf(section.analytics_engine_datasets, ["INSIGHTS"], "dataset", "")?.localId,
    indexes: text(vars.INDEXES) ?? text(vars.INDEX_NAME),
  };
}

function bindingOf(
  list: unknown,
  names: readonly string[],
  key: string,
  previewKey: string,
): WranglerBinding | undefined {
  if (!Array.isArray(list)) return undefined;
  const found = list.filter(isTable).find(({ binding }) => names.includes(String(binding)));
  if (!found) return undefined;
  const id = text(found[key]);
  return { id, localId: text(found[previewKey]) ?? id ?? String(found.binding) };
}

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function refused(path: string, why: string, cause?: unknown): AnnoyEdgeError {
  return new AnnoyEdgeError("BAD_WRANGLER_CONFIG", `${path} cannot be read: ${why}.`, { cause });
}
