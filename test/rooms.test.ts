import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

/**
 * The walls between the rooms (docs/architecture.md). TypeScript's projects keep Node out of the Worker; this test keeps
 * every room to the imports that it may have.
 */
const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** The pure rooms, used on both sides. */
const CORE = ["format", "forest", "keyword", "columns", "embedding", "search"].map(
  (room) => `worker/core/${room}`,
);

interface Room {
  readonly mayImport: readonly string[];
  /** Packages that the room may import, beside its rooms. */
  readonly packages?: readonly string[];
  /** Whether `node:` modules and any package may be imported. */
  readonly node?: boolean;
}

const ROOMS: Readonly<Record<string, Room>> = {
  "worker/core/format": { mayImport: [] },
  "worker/core/forest": { mayImport: ["worker/core/format"] },
  "worker/core/keyword": { mayImport: ["worker/core/format"], packages: ["porter2", "@orama/stemmers"] },
  "worker/core/columns": { mayImport: ["worker/core/format", "worker/core/search"], packages: ["zod"] },
  "worker/core/embedding": { mayImport: ["worker/core/format"] },
  "worker/core/search": { mayImport: CORE, packages: ["zod"] },
  "worker/services": { mayImport: ["worker/core/format", "worker/core/embedding"] },
  "worker/storage": { mayImport: CORE },
  "worker/shards": { mayImport: [...CORE, "worker/storage"] },
  "worker/http": { mayImport: CORE, packages: ["hono", "zod"] },
  "worker/ui": { mayImport: [] },
  "worker/client": { mayImport: [], packages: ["@langchain/core"] },
  "worker/index.ts": {
    mayImport: [...CORE, "worker/services", "worker/storage", "worker/shards", "worker/http"],
    packages: ["hono"],
  },
  build: { mayImport: [...CORE, "worker/services", "worker/storage", "worker/client"], node: true },
  scripts: { mayImport: [...CORE, "worker/storage", "worker/client", "build"], node: true },
};

/** Types that describe Cloudflare's bindings; nothing of them is left at run time. */
const TYPES_ONLY = "@cloudflare/workers-types";

interface Import {
  readonly file: string;
  readonly target: string;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter(
      (entry) => entry.isFile() && /\.(?:ts|js)$/.test(entry.name) && !/\.(?:test|d)\.ts$/.test(entry.name),
    )
    .map((entry) => posix.normalize(relative(ROOT, join(entry.parentPath, entry.name))));
}

function importsOf(file: string): Import[] {
  const source = readFileSync(join(ROOT, file), "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const specifiers = [
    ...source.matchAll(/^\s*(?:import|export)\b[^;"']*?\bfrom\s*["']([^"']+)["']/gm),
    ...source.matchAll(/^\s*import\s*["']([^"']+)["']/gm),
    ...source.matchAll(/\bimport\(\s*["']([^"']+)["']/g),
    ...source.matchAll(/\bnew URL\(\s*["'](\.[^"']+\.[tj]s)["']\s*,\s*import\.meta\.url/g),
  ].map((match) => match[1] ?? "");
  return specifiers.map((specifier) => ({
    file,
    target: specifier.startsWith(".") ? posix.join(posix.dirname(file), specifier) : specifier,
  }));
}

function roomOf(path: string): string | undefined {
  // What lies in the Worker's own folder puts the rooms together, as index.ts does.
  if (/^worker\/[^/]+\.ts$/.test(path)) return "worker/index.ts";
  return Object.keys(ROOMS).find((room) => path === room || path.startsWith(`${room}/`));
}

function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Why an import is forbidden; undefined when it is not. */
function fault({ file, target }: Import): string | undefined {
  const room = roomOf(file);
  const rules = room === undefined ? undefined : ROOMS[room];
  if (room === undefined || rules === undefined) return `${file} lies in no room`;
  if (!isPath(target)) {
    if (rules.node || target === TYPES_ONLY) return undefined;
    if (target.startsWith("node:") || builtinModules.includes(target))
      return `${file} imports Node's ${target}`;
    if (target.startsWith("cloudflare:")) return undefined;
    return rules.packages?.includes(packageOf(target)) ? undefined : `${file} imports the package ${target}`;
  }
  const other = roomOf(target);
  if (other === room || (other !== undefined && rules.mayImport.includes(other))) return undefined;
  return `${file} (${room}) imports ${target} (${other ?? "no room"})`;
}

/** Relative imports have been joined with their file's folder; packages never begin with these. */
function isPath(target: string): boolean {
  return /^(?:worker|build|scripts|test|artifacts|\.\.)(?:\/|$)/.test(target) || target === "package.json";
}

describe("the rooms", () => {
  const files = ["worker", "build", "scripts"].flatMap(sourceFiles);
  const imports = files.flatMap(importsOf);

  test("import only what the plan of the house allows", () => {
    expect(imports.length).toBeGreaterThan(50);
    expect(imports.map(fault).filter((sentence) => sentence !== undefined)).toEqual([]);
  });

  test("have no file that belongs to none of them", () => {
    expect(files.filter((file) => roomOf(file) === undefined)).toEqual([]);
  });

  test("would not let these imports pass", () => {
    const forbidden: readonly Import[] = [
      { file: "worker/core/format/a.ts", target: "worker/core/forest/open.ts" },
      { file: "worker/core/forest/a.ts", target: "build/forest/build.ts" },
      { file: "worker/core/forest/a.ts", target: "node:fs" },
      { file: "worker/core/forest/a.ts", target: "fs" },
      { file: "worker/core/search/a.ts", target: "worker/http/app.ts" },
      { file: "worker/core/search/a.ts", target: "worker/storage/reader.ts" },
      { file: "worker/http/a.ts", target: "worker/storage/reader.ts" },
      { file: "worker/http/a.ts", target: "worker/shards/client.ts" },
      { file: "build/a.ts", target: "worker/shards/object.ts" },
      { file: "worker/core/format/a.ts", target: "hono" },
      { file: "build/a.ts", target: "worker/http/app.ts" },
      { file: "build/a.ts", target: "scripts/main.ts" },
      { file: "worker/ui/a.ts", target: "worker/core/format/header.ts" },
    ];
    expect(forbidden.filter((wrong) => fault(wrong) === undefined)).toEqual([]);
  });
});
