import { randomBytes } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { type FileHandle, open, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";

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
  for (const path of leftOf(target, "partial")) removePartial(path);
  const suffix = `${process.pid}-${randomBytes(3).toString("hex")}`;
  return join(dirname(target), `.${basename(target)}.partial-${suffix}`);
}

/** Removes what was not put in its place, where that is possible: why it was written in vain is what counts. */
export function removePartial(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // Another user's, or below what is no folder.
  }
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

/** Writes a file that appears under its name when it is whole. @throws AnnoyEdgeError `OUT_UNWRITABLE` */
export async function writeWholeFile(
  path: string,
  write: (file: FileHandle) => Promise<unknown>,
): Promise<void> {
  await namingTarget(path, async () => {
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
      removePartial(partial);
      throw error;
    }
  });
}

/**
 * Turns an error of the file system into a sentence that names what was to be written.
 *
 * @param codes of the errors that say so; default: all
 * @throws AnnoyEdgeError `OUT_UNWRITABLE`
 */
export async function namingTarget<T>(
  target: string,
  work: () => Promise<T>,
  codes?: readonly string[],
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (!code || !syscall || codes?.includes(code) === false) throw error;
    const reason = REASONS[code];
    throw new AnnoyEdgeError(
      "OUT_UNWRITABLE",
      reason
        ? `${target} cannot be written: ${reason} (${code}). Mend that, or choose another --out.`
        : `${target} cannot be written (${(error as Error).message}).`,
      { cause: error },
    );
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "there is no space left on its disk",
  EDQUOT: "the quota of its disk is used up",
  EFBIG: "a file of it is larger than is allowed",
  EACCES: "permission is denied",
  EPERM: "it is not permitted",
  EROFS: "its disk can only be read",
  ENOTDIR: "a part of its path is no folder",
  ENAMETOOLONG: "its name is too long",
  ELOOP: "its symbolic links lead round in a circle",
  EISDIR: "a folder is there",
  EEXIST: "a part of its path is no folder",
};
