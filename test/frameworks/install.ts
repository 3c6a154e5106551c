import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import type { FrameworkSite } from "./sites.ts";

const run = promisify(execFile);
export const ROOT = join(import.meta.dirname, "../..");
/**
 * Installed once; a clean checkout fetches again. Apart from the lock file, and not below node_modules, where Docusaurus
 * would take a site's own files for those of a package.
 */
const CACHE = join(ROOT, ".frameworks");

/** A folder with the packages of a site, and with this checkout as `annoy-edge`. */
export async function installed({ name, packages }: FrameworkSite): Promise<string> {
  const manifest = JSON.stringify({ private: true, dependencies: packages });
  const folder = join(CACHE, `${name}-${createHash("sha256").update(manifest).digest("hex").slice(0, 8)}`);
  if (await readFile(join(folder, "package.json")).catch(() => undefined)) return folder;
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  await writeFile(join(partial, "package.json"), manifest);
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ["npm"];
  const options = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"];
  await run(npm[0]!, [...npm.slice(1), ...options], { cwd: partial, maxBuffer: 1 << 26 });
  await symlink("../../..", join(partial, "node_modules/annoy-edge"));
  await rename(partial, folder);
  return folder;
}

/** The interpreter of an environment with packages of Python, made once. */
async function pythonWith(packages: readonly string[]): Promise<string> {
  const key = createHash("sha256").update(packages.join()).digest("hex").slice(0, 8);
  const folder = join(CACHE, `python-${key}`);
  const python = join(folder, "bin/python");
  const done = join(folder, "installed");
  if ((await readFile(done).catch(() => undefined)) !== undefined) return python;
  await run("python3", ["-m", "venv", "--clear", folder]);
  await run(python, ["-m", "pip", "install", "--quiet", ...packages], { maxBuffer: 1 << 26 });
  await writeFile(done, "");
  return python;
}

/** Programs that the machine lacks. */
export function missingPrograms({ programs = [] }: FrameworkSite): string[] {
  const places = (process.env.PATH ?? "").split(delimiter);
  return programs.filter((program) => !places.some((place) => existsSync(join(place, program))));
}

/** Builds and indexes a site. Returns what was said. */
export async function built(site: FrameworkSite, folder: string): Promise<string> {
  await site.prepare(folder);
  const env = {
    ...process.env,
    NODE_ENV: "production",
    ASTRO_TELEMETRY_DISABLED: "1",
    NODE_OPTIONS: "",
  };
  let said = "";
  for (const [program, ...args] of site.build) {
    const path =
      program === "node"
        ? process.execPath
        : program === "python"
          ? await pythonWith(site.python ?? [])
          : program!;
    const { stdout, stderr } = await run(path, args, { cwd: folder, env, maxBuffer: 1 << 26 });
    said += stdout + stderr;
  }
  return said;
}
