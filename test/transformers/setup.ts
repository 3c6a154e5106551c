import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";

const LIBRARY = "@huggingface/transformers";
const VERSION = "4.3.1";
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

declare module "vitest" {
  interface ProvidedContext {
    /** A project in which the library is installed. */
    project: string;
  }
}

export default async function setup(project: TestProject): Promise<void> {
  project.provide("project", await installTransformers());
}

/**
 * Installs the library into a project of its own, once, and returns its folder. It weighs half a gigabyte (onnxruntime for every platform), which
 * is why it is a dependency neither of the package nor of its development. Its scripts only fetch what graphics cards need.
 */
export async function installTransformers(): Promise<string> {
  const folder = join(ROOT, ".annoy-edge", `transformers-${VERSION}`);
  if (!existsSync(join(folder, "node_modules", LIBRARY, "package.json"))) {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "package.json"), '{ "private": true }');
    const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", `${LIBRARY}@${VERSION}`];
    const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ["npm"];
    await promisify(execFile)(npm[0]!, [...npm.slice(1), ...args], { cwd: folder });
  }
  return folder;
}
