import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

/**
 * The walls between the rooms. The table in CONTRIBUTING.md is the only list of rooms and of what each may import; this
 * test reads it and compares it with the imports of every file, type-only imports included.
 */
const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

interface Room {
  readonly name: string;
  /** Rooms, or folders of rooms. */
  readonly imports: readonly string[];
  readonly packages: readonly string[];
}

/** Types that describe Cloudflare's bindings; nothing of them is left at run time. */
const TYPES_ONLY = "@cloudflare/workers-types";

interface Import {
  readonly file: string;
  readonly target: string;
}

const ROOMS = readTable(readFileSync(join(ROOT, "CONTRIBUTING.md"), "utf8"));

/** Reads the rows "| `room` | holds | imports |": rooms by name, packages in backticks. */
function readTable(text: string): ReadonlyMap<string, Room> {
  const rows = [...text.matchAll(/^\| `((?:worker|build|scripts)\/[\w/*.]+)` \| [^|]+ \| ([^|]+) \|$/gm)];
  const names = rows.map(([, name]) => name!);
  const isKnown = (path: string) => names.some((name) => name === path || name.startsWith(`${path}/`));
  return new Map(
    rows.map(([, name, cell]) => {
      const listed = cell!.split(",").map((entry) => entry.trim());
      const imports = listed.filter((entry) => entry !== "nothing" && !entry.startsWith("`"));
      return [
        name!,
        {
          name: name!,
          imports: imports.map((entry) => {
            // A name stands for the nearest room of that name, from the room's own folder upwards.
            for (let folder = dirname(name!); ; folder = dirname(folder)) {
              const path = posix.join(folder, entry);
              if (isKnown(path)) return path;
              if (folder === ".") throw new Error(`CONTRIBUTING.md: no room is called ${entry} (${name}).`);
            }
          }),
          packages: listed.filter((entry) => entry.startsWith("`")).map((entry) => entry.slice(1, -1)),
        },
      ];
    }),
  );
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

function roomOf(path: string): Room | undefined {
  const folders = [...ROOMS.keys()].filter((name) => path === name || path.startsWith(`${name}/`));
  const nearest = folders.sort((a, b) => b.length - a.length)[0];
  return ROOMS.get(nearest ?? `${dirname(path)}/*.ts`);
}

function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Returns why an import is forbidden; undefined when it is allowed. */
function fault({ file, target }: Import): string | undefined {
  const room = roomOf(file);
  if (!room) return `${file} lies in no room`;
  if (!isPath(target)) {
    if (!file.startsWith("worker/") || target === TYPES_ONLY) return undefined;
    if (target.startsWith("node:") || builtinModules.includes(target))
      return `${file} imports Node's ${target}`;
    if (target.startsWith("cloudflare:")) return undefined;
    return room.packages.includes(packageOf(target)) ? undefined : `${file} imports the package ${target}`;
  }
  // The package's own description and the table of word vectors lie outside the rooms.
  if (!/^(?:worker|build|scripts)\//.test(target)) return undefined;
  const other = roomOf(target)?.name;
  if (other === undefined) return `${file} imports ${target}, which lies in no room`;
  const allowed = other === room.name || room.imports.some((name) => `${other}/`.startsWith(`${name}/`));
  return allowed ? undefined : `${file} (${room.name}) imports ${target} (${other}): see CONTRIBUTING.md`;
}

/** Whether a target is a path from the root: relative imports have been joined with their file's folder. */
function isPath(target: string): boolean {
  return /^(?:worker|build|scripts|test|artifacts|\.\.)(?:\/|$)/.test(target) || target === "package.json";
}

/** Returns the groups of names that reach each other. */
function cyclesOf(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const reach = (from: string): Set<string> => {
    const seen = new Set<string>();
    const open = [from];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      for (const next of edges.get(name) ?? []) {
        if (seen.has(next)) continue;
        seen.add(next);
        open.push(next);
      }
    }
    return seen;
  };
  const reached = new Map([...edges.keys()].map((name) => [name, reach(name)]));
  const left = new Set([...edges.keys()].filter((name) => reached.get(name)!.has(name)));
  const cycles: string[][] = [];
  for (const name of left) {
    const members = [...left].filter(
      (other) => reached.get(name)!.has(other) && reached.get(other)!.has(name),
    );
    for (const member of members) left.delete(member);
    cycles.push(members.sort());
  }
  return cycles;
}

/** Groups imports by what `key` makes of their ends; imports within a group are left out. */
function edgesBy(imports: readonly Import[], key: (path: string) => string | undefined) {
  const edges = new Map<string, Set<string>>();
  for (const { file, target } of imports) {
    const [from, to] = [key(file), key(target)];
    if (from === undefined || to === undefined || from === to) continue;
    edges.set(from, (edges.get(from) ?? new Set()).add(to));
  }
  return edges;
}

describe("the rooms", () => {
  const files = ["worker", "build", "scripts"].flatMap(sourceFiles);
  const imports = files.flatMap(importsOf);

  test("import only what the table in CONTRIBUTING.md allows", () => {
    expect(imports.length).toBeGreaterThan(1000);
    expect(imports.map(fault).filter((sentence) => sentence !== undefined)).toEqual([]);
  });

  test("are listed in CONTRIBUTING.md, and nothing else is", () => {
    expect(files.filter((file) => !roomOf(file))).toEqual([]);
    const used = new Set(files.map((file) => roomOf(file)!.name));
    expect([...ROOMS.keys()].filter((name) => !used.has(name))).toEqual([]);
  });

  test("list no import that is not made", () => {
    const edges = edgesBy(imports, (path) => roomOf(path)?.name);
    const idle = [...ROOMS.values()].flatMap((room) =>
      room.imports
        .filter((name) => ![...(edges.get(room.name) ?? [])].some((to) => `${to}/`.startsWith(`${name}/`)))
        .map((name) => `${room.name} does not import ${name}`),
    );
    expect(idle).toEqual([]);
  });

  test("have no cycle between them, nor between files", () => {
    const rooms = cyclesOf(edgesBy(imports, (path) => roomOf(path)?.name));
    const between = cyclesOf(edgesBy(imports, (path) => (files.includes(path) ? path : undefined)));
    expect([...rooms, ...between]).toEqual([]);
  });

  test("would not let these imports pass", () => {
    const forbidden: readonly Import[] = [
      { file: "worker/core/format/a.ts", target: "worker/core/forest/open-forest.ts" },
      { file: "worker/core/forest/a.ts", target: "build/forest/build-forest.ts" },
      { file: "worker/core/forest/a.ts", target: "node:fs" },
      { file: "worker/core/forest/a.ts", target: "fs" },
      { file: "worker/core/search/a.ts", target: "worker/http/app.ts" },
      { file: "worker/core/search/a.ts", target: "worker/storage/reader.ts" },
      { file: "worker/http/a.ts", target: "worker/storage/reader.ts" },
      { file: "worker/http/a.ts", target: "worker/shards/client.ts" },
      { file: "build/index.ts", target: "worker/shards/object.ts" },
      { file: "worker/core/format/a.ts", target: "hono" },
      { file: "build/index.ts", target: "worker/http/app.ts" },
      { file: "build/index.ts", target: "scripts/main.ts" },
      { file: "build/artifact/a.ts", target: "build/forest/build-forest.ts" },
      { file: "build/unknown/a.ts", target: "node:fs" },
      { file: "worker/ui/a.ts", target: "worker/core/format/header.ts" },
    ];
    expect(forbidden.filter((wrong) => fault(wrong) === undefined)).toEqual([]);
  });

  test("would not let a cycle pass", () => {
    const ring = new Map([
      ["a", new Set(["b"])],
      ["b", new Set(["c"])],
      ["c", new Set(["a", "d"])],
      ["d", new Set<string>()],
    ]);
    expect(cyclesOf(ring)).toEqual([["a", "b", "c"]]);
  });
});
