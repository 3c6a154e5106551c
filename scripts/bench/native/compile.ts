import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { installPackages, lineOf, PeerUnavailable } from "../packages.ts";
import { CACHE } from "../tool.ts";

export const ANNOY_FLAGS = ["-O3", "-march=native", "-ffast-math", "-std=c++17"];

let compiled: Promise<string> | undefined;

/** Compiles the headers of the npm package `annoy` with annoy.cpp, once a run. Returns the program. @throws PeerUnavailable */
export function compileAnnoy(): Promise<string> {
  compiled ??= compile();
  return compiled;
}

async function compile(): Promise<string> {
  const include = join(await installPackages("annoy"), "node_modules", "annoy");
  const program = join(CACHE, "native", "annoy");
  await mkdir(join(CACHE, "native"), { recursive: true });
  const input = join(import.meta.dirname, "annoy.cpp");
  try {
    await promisify(execFile)("g++", [...ANNOY_FLAGS, `-I${include}`, input, "-o", program]);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const reason = missing ? "there is no g++" : lineOf(error, "error");
    throw new PeerUnavailable(`C++ Annoy cannot be compiled: ${reason}`);
  }
  return program;
}
