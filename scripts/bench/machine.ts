import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
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

/** Load average of the last minute. */
export function load(): string {
  return loadavg()[0]!.toFixed(1);
}

/** Date as in 2026-11-30. */
export function today(): string {
  return new Date().toISOString().slice(0, 10);
}

/** Version of the project. */
export function ownVersion(): string {
  return (require("../../package.json") as { version: string }).version;
}

/** Versions of everything that `npm run bench` measures. */
export async function versions(): Promise<Record<string, string>> {
  const workerd = require("workerd/package.json") as { version: string };
  const compiler = await run("g++", ["-dumpfullversion"]).then(
    ({ stdout }) => stdout.trim(),
    () => "none",
  );
  return {
    "annoy-edge": ownVersion(),
    Node: process.versions.node,
    workerd: workerd.version,
    "g++": compiler,
    ...PACKAGES,
  };
}
