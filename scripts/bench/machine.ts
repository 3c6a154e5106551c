import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { availableParallelism, cpus, totalmem } from "node:os";
import { promisify } from "node:util";
import { PACKAGES } from "./packages.ts";

const run = promisify(execFile);
const require = createRequire(import.meta.url);

/** Processor, cores, memory and system, on one line. */
export function machine(): string {
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  return `${model}, ${availableParallelism()} cores, ${gigabytes} GB, ${process.platform} ${process.arch}`;
}

/** Versions of everything that was measured. */
export async function versions(): Promise<Record<string, string>> {
  const own = require("../../package.json") as { version: string };
  const workerd = require("workerd/package.json") as { version: string };
  const compiler = await run("g++", ["-dumpfullversion"]).then(
    ({ stdout }) => stdout.trim(),
    () => "none",
  );
  return {
    "annoy-edge": own.version,
    Node: process.versions.node,
    workerd: workerd.version,
    "g++": compiler,
    ...PACKAGES,
  };
}
