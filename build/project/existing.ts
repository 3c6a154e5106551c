import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { parse as parseToml } from "smol-toml";
import { isIndexName } from "../../worker/core/format/keys.ts";
import { WRANGLER_FILES } from "../settings/wrangler.ts";
import { isObject, parseTolerant } from "./merge.ts";

type Json = Readonly<Record<string, unknown>>;

/** The project in a folder, as far as `init` follows it. */
export interface Existing {
  readonly root: string;
  /** Undefined without a package.json. */
  readonly manifest: Json | undefined;
  /** Name of the wrangler configuration, whether it is there or not. */
  readonly wrangler: string;
  /** Undefined without a wrangler configuration. */
  readonly worker: Json | undefined;
  readonly manager: Manager;
  /** Path from the root of the repository, where that is a folder above; else empty. */
  readonly inRepository: string;
}

const MANAGERS = ["npm", "pnpm", "yarn", "bun"] as const;
export type Manager = (typeof MANAGERS)[number];

const LOCK_FILES: readonly (readonly [string, Manager])[] = [
  ["pnpm-lock.yaml", "pnpm"],
  ["yarn.lock", "yarn"],
  ["bun.lock", "bun"],
  ["bun.lockb", "bun"],
  ["package-lock.json", "npm"],
];

export function readExisting(root: string): Existing {
  const wrangler = WRANGLER_FILES.find((file) => existsSync(join(root, file)));
  const repository = foldersUp(root).find((folder) => existsSync(join(folder, ".git")));
  return {
    root,
    manifest: readData(join(root, "package.json")),
    wrangler: wrangler ?? "wrangler.jsonc",
    worker: wrangler === undefined ? undefined : (readData(join(root, wrangler)) ?? {}),
    manager: managerOf(root),
    inRepository: repository === undefined ? "" : relative(repository, root),
  };
}

/** A name that Workers and buckets may have: the Worker's, the package's or the folder's. */
export function projectName({ root, manifest, worker }: Existing): string {
  const given = [worker?.name, manifest?.name].find((one) => typeof one === "string" && one !== "");
  const name = String(given ?? basename(root))
    .toLowerCase()
    .replace(/^@[^/]*\//, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 50)
    .replace(/-$/, "");
  return name.length < 3 ? `${name || "my"}-search` : name;
}

/** The first index that the Worker serves by its name. */
export function servedIndex({ worker }: Existing): string | undefined {
  const vars = isObject(worker?.vars) ? worker.vars : {};
  const list = vars.INDEXES ?? vars.INDEX_NAME;
  return typeof list === "string" ? list.split(/[\s,]+/).find(isIndexName) : undefined;
}

/** Whether `INDEXES` is the variable that lists indexes, and the bucket has the other name. */
export function listsIndexes({ worker }: Existing): boolean {
  const buckets = Array.isArray(worker?.r2_buckets) ? worker.r2_buckets.filter(isObject) : [];
  const vars = isObject(worker?.vars) ? worker.vars : {};
  return vars.INDEXES !== undefined || buckets.some(({ binding }) => binding === "INDEX_BUCKET");
}

/** The key of the Worker's configuration, other than `kind`, under which a binding or variable has this name. */
export function otherKind({ worker = {} }: Existing, kind: string, name: string): string | undefined {
  const { vars, env: _env, ...others } = worker;
  if (isObject(vars) && Object.hasOwn(vars, name)) return "vars";
  return Object.keys(others).find((key) => key !== kind && binds(others[key], name));
}

/** Durable Objects, of all bindings, have a `name` for it. */
function binds(value: unknown, name: string): boolean {
  if (Array.isArray(value)) return value.some((one) => binds(one, name));
  if (!isObject(value)) return false;
  const isObjectBinding = value.name === name && value.class_name !== undefined;
  return value.binding === name || isObjectBinding || Object.values(value).some((one) => binds(one, name));
}

/** Environments of the Worker, which inherit no bindings, without one of the documents. */
export function barrenEnvironments({ worker }: Existing): string[] {
  const environments = isObject(worker?.env) ? worker.env : {};
  return Object.entries(environments).flatMap(([name, section]) => {
    const list = isObject(section) ? section.kv_namespaces : undefined;
    const bound = Array.isArray(list) && list.filter(isObject).some(({ binding }) => binding === "DOCUMENTS");
    return bound ? [] : [name];
  });
}

/** Version by which a folder above has installed a package, from a tarball for instance. */
export function specAbove(root: string, name: string): string | undefined {
  for (const folder of foldersUp(root)) {
    const { dependencies, devDependencies } = readData(join(folder, "package.json")) ?? {};
    const spec = { ...(devDependencies as Json), ...(dependencies as Json) }[name];
    if (typeof spec !== "string") continue;
    return spec.startsWith("file:") ? `file:${relative(root, resolve(folder, spec.slice(5)))}` : spec;
  }
  return undefined;
}

/** Manager of the lock file here or above; in a new project the one that runs this program. */
function managerOf(root: string): Manager {
  for (const folder of foldersUp(root)) {
    const field = readData(join(folder, "package.json"))?.packageManager;
    const named = MANAGERS.find((one) => typeof field === "string" && field.startsWith(`${one}@`));
    const [, locked] = LOCK_FILES.find(([file]) => existsSync(join(folder, file))) ?? [];
    const found = named ?? locked;
    if (found) return found;
  }
  return MANAGERS.find((one) => process.env.npm_config_user_agent?.startsWith(`${one}/`)) ?? "npm";
}

/** A folder and all above it. */
function foldersUp(root: string): string[] {
  const up = dirname(root);
  return up === root ? [root] : [root, ...foldersUp(up)];
}

/** Undefined for what is not there or cannot be read: what must be added to is refused later, with the reason. */
function readData(path: string): Json | undefined {
  try {
    const text = readFileSync(path, "utf8");
    return path.endsWith(".toml") ? parseToml(text) : parseTolerant(text);
  } catch {
    return undefined;
  }
}
