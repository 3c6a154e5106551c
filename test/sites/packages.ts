import { execFile } from "node:child_process";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
/** Unpacked once; a clean checkout fetches again. */
const CACHE = join(import.meta.dirname, "../../node_modules/.cache/annoy-edge-sites");

/** The folder of a Debian package's files, fetched by apt and unpacked. */
export async function unpacked(name: string): Promise<string> {
  const folder = join(CACHE, name);
  if ((await readdir(folder).catch(() => [])).length > 0) return folder;
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  await run("apt-get", ["download", name], { cwd: partial });
  const file = (await readdir(partial)).find((entry) => entry.endsWith(".deb"));
  if (!file) throw new Error(`apt-get brought no file of ${name}.`);
  await run("dpkg-deb", ["-x", file, "."], { cwd: partial });
  await rm(join(partial, file));
  await rename(partial, folder);
  return folder;
}
