import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { isIndexName } from "../../worker/core/format/keys.ts";
import { messageOf, OptionError } from "../settings/errors.ts";
import { makeFolder } from "../settings/make-folder.ts";
import { CONFIG_FILES } from "../settings/names.ts";
import {
  barrenEnvironments,
  type Existing,
  listsIndexes,
  otherKind,
  projectName,
  readExisting,
  servedIndex,
  specAbove,
} from "./existing.ts";
import { addMissing, type Change, isObject } from "./merge.ts";
import { addMissingToToml } from "./merge-toml.ts";
import {
  EXECUTE,
  packageParts,
  TEMPLATES,
  type Template,
  type TemplateContext,
  templateFiles,
  wranglerParts,
} from "./templates.ts";

export interface InitOptions {
  /** `api` (default): a search API over files. `site`: static pages with a search box. */
  readonly template?: Template;
  /** Name of the index; default: the first that the Worker here serves, else `docs`. */
  readonly index?: string;
  /** Says what would be written; writes nothing. */
  readonly dryRun?: boolean;
}

export interface InitResult {
  readonly root: string;
  readonly template: Template;
  /** Files that were not there. */
  readonly created: readonly string[];
  /** Files that were there, with what was added to each. */
  readonly changed: readonly Change[];
  /** Files that were there and stay as they are. */
  readonly kept: readonly string[];
  /** Steps left to do by hand. */
  readonly next: readonly string[];
}

/**
 * Makes a project that deploys; in an existing one it adds what is missing. Nothing that is there is overwritten or taken away.
 *
 * @throws OptionError; AnnoyEdgeError `BAD_PROJECT` when a file that must be added to cannot be read
 */
export function init(dir = ".", options: InitOptions = {}): InitResult {
  const { template = "api" } = options;
  if (!TEMPLATES.includes(template)) throw new OptionError(`template is one of ${TEMPLATES.join(", ")}.`);
  const root = resolve(dir);
  if (existsSync(root) && !statSync(root).isDirectory())
    throw new OptionError(`${root} is a file, not a folder.`);
  const existing = readExisting(root);
  const index = options.index ?? servedIndex(existing) ?? "docs";
  if (!isIndexName(index)) throw new OptionError(`${JSON.stringify(index)} cannot name an index.`);
  const { wrangler } = existing;
  const hasWorker = existing.worker !== undefined;
  const context = contextOf(existing, index);

  const writes = new Map<string, string>();
  const created: string[] = [];
  const changed: Change[] = [];
  const kept: string[] = [];
  const merge = (
    file: string,
    add: (text: string) => { text: string; added: readonly string[] },
    fresh: string,
  ) => {
    const text = read(root, file);
    if (text === undefined) {
      created.push(file);
      writes.set(file, fresh);
      return;
    }
    const result = refusing(join(root, file), () => add(text));
    if (result.added.length === 0) kept.push(file);
    else {
      changed.push({ file, added: result.added });
      writes.set(file, result.text);
    }
  };

  const manifest = packageParts(context);
  merge(
    "package.json",
    (text) => addMissing(text, existing.manifest ? partsForExisting(manifest) : manifest),
    pretty(manifest),
  );
  const config = wranglerParts(template, context);
  requireFreeNames(existing, { r2_buckets: config.r2_buckets, kv_namespaces: config.kv_namespaces });
  merge(
    wrangler,
    (text) => (wrangler.endsWith(".toml") ? addMissingToToml(text, config) : addMissing(text, config)),
    pretty({ $schema: "node_modules/wrangler/config-schema.json", ...config }),
  );
  for (const [file, text] of Object.entries(templateFiles(template, context))) {
    // A project that has a Worker has an entry, and pages of its own.
    if (hasWorker && (file === context.entry || file === "tsconfig.json")) {
      if (existsSync(join(root, file))) kept.push(file);
      continue;
    }
    if (file === ".gitignore") merge(file, (before) => addLines(before, text), text);
    else if (existsSync(join(root, file))) kept.push(file);
    else {
      created.push(file);
      writes.set(file, text);
    }
  }
  if (template === "site" && !existsSync(join(root, "public/annoy-search.js"))) {
    created.push("public/annoy-search.js");
    writes.set("public/annoy-search.js", elementText());
  }
  if (!options.dryRun) {
    for (const [file, text] of writes) write(join(root, file), text);
  }
  return { root, template, created, changed, kept, next: nextSteps(existing, context) };
}

/** @throws AnnoyEdgeError `BAD_PROJECT` when a name of a wanted binding stands for something else in the Worker */
function requireFreeNames(
  existing: Existing,
  wanted: Readonly<Record<string, readonly { readonly binding: string }[]>>,
): void {
  for (const [kind, list] of Object.entries(wanted)) {
    for (const { binding } of list) {
      const other = otherKind(existing, kind, binding);
      if (other === undefined) continue;
      const message = `${join(existing.root, existing.wrangler)} has ${binding} in ${other}; this name must be one of ${kind}. Rename yours. Nothing was written.`;
      throw new AnnoyEdgeError("BAD_PROJECT", message);
    }
  }
}

/** In a project that is there, its name and kind are its own. */
function partsForExisting({
  name: _name,
  private: _private,
  type: _type,
  ...parts
}: ReturnType<typeof packageParts>) {
  return parts;
}

function contextOf(existing: Existing, index: string): TemplateContext {
  const { root, manifest, worker, manager, inRepository } = existing;
  // What is there may be another program, and no Worker.
  const free = ["src/index.ts", "src/worker.ts"].find((file) => !existsSync(join(root, file)));
  const own = CONFIG_FILES.find((file) => existsSync(join(root, file)));
  return {
    name: projectName(existing),
    index,
    dependency: specAbove(root, "annoy-edge") ?? `^${ownVersion()}`,
    entry: worker ? "src/index.ts" : (free ?? "src/search.ts"),
    config: own ?? (manifest?.type === "commonjs" ? "annoy-edge.config.mts" : "annoy-edge.config.ts"),
    listsIndexes: listsIndexes(existing),
    manager,
    inRepository,
  };
}

function nextSteps(existing: Existing, { entry, manager, index }: TemplateContext): string[] {
  const { root, manifest, worker, wrangler, inRepository } = existing;
  const folder = relative(process.cwd(), root);
  const scripts = isObject(manifest?.scripts) ? manifest.scripts : {};
  // A project's own script of this name stays, and publishes nothing.
  const ownDeploy = typeof scripts.deploy === "string" && !scripts.deploy.includes("annoy-edge");
  const served = servedIndex(existing);
  const barren = barrenEnvironments(existing);
  return [
    ...(folder ? [`cd ${folder}`] : []),
    `${manager} install`,
    ...(worker
      ? [
          'In your Worker: import { createApp } from "annoy-edge/worker", then app.route("/search", createApp()) in a Hono application',
        ]
      : [`Read ${entry}`]),
    ...(served !== undefined && served !== index
      ? [`Add ${index} to the variable in ${wrangler} that lists ${served}`]
      : []),
    ...(barren.length > 0
      ? [
          `Give ${barren.join(", ")} of ${wrangler} bindings INDEXES and DOCUMENTS and the variable INDEX_NAME: environments inherit none`,
        ]
      : []),
    ...(inRepository
      ? ["Move .github/workflows/rebuild.yml to the root of the repository: GitHub reads no others"]
      : []),
    `${manager} run publish:local   # build, verify, publish to the local state`,
    `${manager} run dev             # then: curl 'http://localhost:8787${worker ? "/search" : ""}/v1/search?q=how+do+I+go+back'`,
    `${manager} run deploy          # the Worker${ownDeploy ? "" : ", then its first index"} (${EXECUTE[manager]} wrangler login)`,
    ...(ownDeploy ? [`${EXECUTE[manager]} annoy-edge rebuild --remote   # its first index`] : []),
  ];
}

function ownVersion(): string {
  const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };
  return version;
}

/** `<annoy-search>` as it ships: beside the sources in a checkout, beside `dist` in a package. */
function elementText(): string {
  for (const up of ["../../", "../../../"]) {
    const path = new URL(`${up}worker/ui/public/annoy-search.js`, import.meta.url);
    if (existsSync(path)) return readFileSync(path, "utf8");
  }
  throw new AnnoyEdgeError("BAD_PROJECT", "The package has no annoy-search.js. Install it anew.");
}

function addLines(text: string, lines: string): { text: string; added: readonly string[] } {
  const known = new Set(text.split("\n").map((line) => line.trim().replace(/\/$/, "")));
  const added = lines.split("\n").filter((line) => line !== "" && !known.has(line.replace(/\/$/, "")));
  const end = text === "" || text.endsWith("\n") ? "" : "\n";
  return { text: `${text}${end}${added.map((line) => `${line}\n`).join("")}`, added };
}

function read(root: string, file: string): string | undefined {
  const path = join(root, file);
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

function write(path: string, text: string): void {
  try {
    makeFolder(dirname(path));
    writeFileSync(path, text);
  } catch (cause) {
    const message = `${path} cannot be written: ${(cause as Error).message}.`;
    throw new AnnoyEdgeError("BAD_PROJECT", message, { cause });
  }
}

function pretty(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function refusing<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const message = `${path} cannot be added to: ${messageOf(cause)} Nothing was written.`;
    throw new AnnoyEdgeError("BAD_PROJECT", message, { cause });
  }
}
