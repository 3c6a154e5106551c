import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";

/** Code that the bytes of an artifact depend on, from the root of the project. */
export const CODE = [
  "build",
  "worker/core/format",
  "worker/core/forest",
  "worker/core/columns",
  "worker/core/embedding",
  "worker/core/keyword",
  "worker/core/search",
];

/**
 * A hash of everything that decides what a build writes: settings, code and data files. Equal fingerprints mean equal
 * artifacts, so the second build can be skipped. Reads every file whole: about 0.1 seconds for 25 MB.
 */
export async function fingerprint(
  root: string,
  settings: Readonly<Record<string, unknown>>,
  dataFiles: readonly string[],
): Promise<string> {
  const code = (await Promise.all(CODE.map((folder) => codeFiles(join(root, folder))))).flat();
  const hash = createHash("sha256").update(JSON.stringify(settings));
  for (const path of [...code, ...dataFiles].sort()) {
    hash.update(`\0${relative(root, path).split(sep).join("/")}\0`);
    hash.update(await readFile(path));
  }
  return hash.digest("hex");
}

async function codeFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && /\.[jt]s$/.test(entry.name) && !entry.name.endsWith(".test.ts"))
    .map((entry) => join(entry.parentPath, entry.name));
}
