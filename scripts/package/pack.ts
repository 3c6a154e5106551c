/**
 * Script that `npm pack` runs before and after. The checkout runs its TypeScript as it is, and imports itself by its own name;
 * an installed package must hold JavaScript, for Node strips no types inside node_modules. So `pack.ts before` compiles
 * to `dist/` and lets package.json point there, and `pack.ts after` puts package.json back.
 */
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const DIST = join(ROOT, "dist");
const MANIFEST = join(ROOT, "package.json");
const KEPT = join(ROOT, ".tsbuild", "package.json");

/** Tools of this project, which nobody installs. */
const WORKSHOP = /^scripts\/(?:bench|demo|fuzz|load|package)\//;
const ELEMENT_TYPES = "./dist/worker/ui/element.d.ts";

switch (process.argv[2]) {
  case "before":
    restore();
    compile();
    pointToDist();
    break;
  case "after":
    restore();
    break;
  default:
    process.stderr.write("pack.ts before | after: run by npm pack\n");
    process.exitCode = 2;
}

function compile(): void {
  rmSync(DIST, { recursive: true, force: true });
  mkdirSync(dirname(KEPT), { recursive: true });
  for (const name of readdirSync(dirname(KEPT))) {
    // Without these the compiler would take what was deleted for up to date.
    if (/^dist-.*\.tsbuildinfo$/.test(name)) rmSync(join(dirname(KEPT), name));
  }
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
  execFileSync(process.execPath, [tsc, "-b", join(ROOT, "build", "tsconfig.dist.json")], {
    stdio: "inherit",
  });
  for (const file of filesOf(DIST)) mend(file);
  for (const room of ["build", "scripts", "worker/core"]) {
    for (const file of filesOf(join(ROOT, room))) {
      if (!/\.(?:js|sh|wasm|css|astro)$/.test(file) || WORKSHOP.test(relative(ROOT, file))) continue;
      const target = join(DIST, relative(ROOT, file));
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(file, target);
      if (target.endsWith(".js")) mend(target);
    }
  }
  const { name, version, license } = readManifest();
  mkdirSync(join(DIST, "worker", "ui"), { recursive: true });
  copyFileSync(join(ROOT, "worker", "ui", "element", "types.d.ts"), join(ROOT, ELEMENT_TYPES));
  // Read by the code for its version, and tells Node that these files are modules.
  write(join(DIST, "package.json"), { name, version, license, type: "module" });
}

/** Names of our own files that the compiler does not follow: declarations, workers' URLs, the command's entry. */
function mend(file: string): void {
  if (!/\.(?:js|d\.ts)$/.test(file)) return;
  const text = readFileSync(file, "utf8");
  const mended = text
    .replace(/(\bfrom |\bimport\(|\bimport )"(\.{1,2}\/[^"]+)\.ts"/g, '$1"$2.js"')
    .replace(/new URL\("(\.{1,2}\/[^"]+)\.ts", import\.meta\.url\)/g, 'new URL("$1.js", import.meta.url)');
  if (mended !== text) writeFileSync(file, mended);
}

function pointToDist(): void {
  copyFileSync(MANIFEST, KEPT);
  const { devDependencies: _, scripts: __, allowScripts: ___, ...manifest } = readManifest();
  const entries = Object.entries(manifest.exports ?? {}).map(([name, path]) => {
    const compiled = path.replace(/^\.\//, "./dist/");
    if (name === "./element") return [name, { types: ELEMENT_TYPES, default: path }] as const;
    if (!path.endsWith(".ts")) return [name, path.startsWith("./build/") ? compiled : path] as const;
    const types = compiled.replace(/\.ts$/, ".d.ts");
    return [name, { types, default: compiled.replace(/\.ts$/, ".js") }] as const;
  });
  const bin = Object.fromEntries(
    Object.entries(manifest.bin ?? {}).map(([name, path]) => [name, join("dist", path)]),
  );
  write(MANIFEST, { ...manifest, exports: Object.fromEntries(entries), bin });
}

/** Also mends what a pack that was broken off left behind; a package.json that points to sources is never touched. */
function restore(): void {
  if (!existsSync(KEPT)) return;
  const compiled = Object.values(readManifest().exports ?? {}).some((target) => typeof target !== "string");
  if (compiled) renameSync(KEPT, MANIFEST);
  else rmSync(KEPT);
}

interface PackageManifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Paths in the checkout; objects of conditions while packing. */
  readonly exports?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly scripts?: unknown;
  readonly devDependencies?: unknown;
  readonly allowScripts?: unknown;
}

function readManifest(): PackageManifest {
  return JSON.parse(readFileSync(MANIFEST, "utf8"));
}

function write(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
