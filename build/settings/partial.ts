import { randomBytes } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Whether a process of this machine runs; one of another container cannot be seen. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, and belongs to another user.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Path of a new file or folder beside a target, which is written and then renamed to it. What killed processes have left of
 * the same target is removed.
 */
export function partialPath(target: string): string {
  for (const path of leftOf(target, "partial")) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // Another user's.
    }
  }
  const suffix = `${process.pid}-${randomBytes(3).toString("hex")}`;
  return join(dirname(target), `.${basename(target)}.partial-${suffix}`);
}

/** Files and folders beside a target that a process no longer running has left. */
export function leftOf(target: string, kind: "partial" | "replaced"): string[] {
  const parent = dirname(target);
  const prefix = `.${basename(target)}.${kind}-`;
  return namesIn(parent)
    .filter((name) => {
      const pid = Number(name.startsWith(prefix) && name.slice(prefix.length).split("-")[0]);
      return Number.isInteger(pid) && pid > 0 && !isRunning(pid);
    })
    .map((name) => join(parent, name));
}

/** Names in a folder; none where it cannot be listed. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Writes a file that appears under its name when it is whole. */
export async function writeWholeFile(
  path: string,
  write: (file: FileHandle) => Promise<unknown>,
): Promise<void> {
  const partial = partialPath(path);
  try {
    const file = await open(partial, "wx");
    try {
      await write(file);
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}
