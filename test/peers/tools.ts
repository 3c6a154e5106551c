import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");
const OUT_OF_REACH = /ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|network/i;

/**
 * Installs what the lock file of a folder beside this file names, unless it is there.
 *
 * @returns the folder `node_modules`; undefined where no registry can be reached
 */
export async function installTools(name: string): Promise<string | undefined> {
  const folder = join(import.meta.dirname, name);
  const lock = await readFile(join(folder, "package-lock.json"));
  const key = createHash("sha256").update(lock).digest("hex").slice(0, 12);
  const target = join(ROOT, ".annoy-edge", `${name}-${key}`);
  if (existsSync(target)) return join(target, "node_modules");
  const partial = `${target}.partial`;
  await mkdir(partial, { recursive: true });
  for (const file of ["package.json", "package-lock.json"]) await cp(join(folder, file), join(partial, file));
  try {
    await run("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], { cwd: partial });
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    if (!OUT_OF_REACH.test(stderr) || process.env.PEERS === "required") throw error;
    console.warn(`The tests with ${name} are skipped: no registry of npm packages can be reached.`);
    return undefined;
  }
  await rename(partial, target);
  return join(target, "node_modules");
}
