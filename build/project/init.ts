import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative, resolve } from "node:path";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { isIndexName } from "../../worker/core/format/keys.ts";
import { OptionError } from "../settings/errors.ts";
import { WRANGLER_FILES } from "../settings/wrangler.ts";
import { addMissing, type Change } from "./merge.ts";
import { addMissingToToml } from "./merge-toml.ts";
import {
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
  /** Name of the index; default `docs`. */
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
  const { template = "api", index = "docs" } = options;
  if (!TEMPLATES.includes(template)) throw new OptionError(`template is one of ${TEMPLATES.join(", ")}.`);
  if (!isIndexName(index)) throw new OptionError(`${JSON.stringify(index)} cannot name an index.`);
  const root = resolve(dir);
  const existing = existsSync(join(root, "package.json"));
  const context: TemplateContext = { name: projectName(root), index, dependency: dependencyOf(root) };
  const wrangler = WRANGLER_FILES.find((file) => existsSync(join(root, file))) ?? "wrangler.jsonc";
  const hasWorker = existsSync(join(root, wrangler));

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
  // A project's own script of this name stays, and publishes nothing.
  const ownDeploy =
    scriptsOf(root).deploy !== undefined && scriptsOf(root).deploy !== manifest.scripts.deploy;
  merge(
    "package.json",
    (text) => addMissing(text, existing ? partsForExisting(manifest) : manifest),
    pretty(manifest),
  );
  const config = wranglerParts(template, context);
  merge(
    wrangler,
    (text) => (wrangler.endsWith(".toml") ? addMissingToToml(text, config) : addMissing(text, config)),
    pretty({ $schema: "node_modules/wrangler/config-schema.json", ...config }),
  );
  for (const [file, text] of Object.entries(templateFiles(template, context))) {
    // A project that has a Worker has an entry, and pages of its own.
    if (hasWorker && (file === "src/index.ts" || file === "tsconfig.json")) {
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
    for (const [file, text] of writes) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    }
  }
  return { root, template, created, changed, kept, next: nextSteps(root, hasWorker, ownDeploy, config.main) };
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

function nextSteps(root: string, hasWorker: boolean, ownDeploy: boolean, main: string): string[] {
  const folder = relative(process.cwd(), root);
  return [
    ...(folder ? [`cd ${folder}`] : []),
    "npm install",
    ...(hasWorker
      ? [
          'In your Worker: import { createApp } from "annoy-edge/worker", then app.route("/search", createApp()) in a Hono application',
        ]
      : [`Read ${main}`]),
    "npm run publish:local   # build, verify, publish to the local state",
    `npm run dev             # then: curl 'http://localhost:8787${hasWorker ? "/search" : ""}/v1/search?q=how+do+I+go+back'`,
    ...(ownDeploy
      ? [
          "npm run deploy          # the Worker (npx wrangler login)",
          "npx annoy-edge rebuild --remote   # its first index",
        ]
      : ["npm run deploy          # the Worker, then its first index (npx wrangler login)"]),
  ];
}

/** A name that Workers and buckets may have, from the folder's. */
function projectName(root: string): string {
  const given = jsonOf(join(root, "package.json"))?.name;
  const name = (typeof given === "string" ? given : basename(root))
    .toLowerCase()
    .replace(/^@[^/]*\//, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 50)
    .replace(/-$/, "");
  return name.length < 3 ? `${name || "my"}-search` : name;
}

/** Version by which a folder above has installed this package, from a tarball for instance; else this version of it. */
function dependencyOf(root: string): string {
  for (let folder = root; ; folder = dirname(folder)) {
    const { dependencies, devDependencies } = jsonOf(join(folder, "package.json")) ?? {};
    const known = { ...(devDependencies as object), ...(dependencies as object) } as Record<string, unknown>;
    const spec = known["annoy-edge"];
    if (typeof spec === "string") {
      return spec.startsWith("file:") ? `file:${relative(root, resolve(folder, spec.slice(5)))}` : spec;
    }
    if (dirname(folder) === folder) return `^${ownVersion()}`;
  }
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

function scriptsOf(root: string): Readonly<Record<string, unknown>> {
  return { ...(jsonOf(join(root, "package.json"))?.scripts as object) };
}

function jsonOf(path: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

function pretty(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function refusing<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new AnnoyEdgeError("BAD_PROJECT", `${path} cannot be added to: ${message} Nothing was written.`, {
      cause,
    });
  }
}
