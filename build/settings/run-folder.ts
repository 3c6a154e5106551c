import { rmSync } from "node:fs";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRunning } from "./partial.ts";

const PREFIX = "annoy-edge-run-";
const ABANDONED_AFTER_MS = 3600 * 1000;

let run: Promise<string> | undefined;

/** Returns this process's folder in the temporary folder, which goes when the process ends. */
export function runFolder(): Promise<string> {
  run ??= makeRunFolder();
  return run;
}

async function makeRunFolder(): Promise<string> {
  await removeAbandoned();
  const folder = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Removes folders whose process was killed, an hour after their last change. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = name.startsWith(PREFIX) && Number.parseInt(name.slice(PREFIX.length), 10);
    if (!pid || isRunning(pid)) continue;
    const folder = join(tmpdir(), name);
    try {
      const { mtimeMs } = await stat(folder);
      // A process of another container, which shares the temporary folder, cannot be seen.
      if (Date.now() - mtimeMs > ABANDONED_AFTER_MS) await rm(folder, { recursive: true, force: true });
    } catch {
      // Another user's, or just removed.
    }
  }
}
