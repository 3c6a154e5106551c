import { existsSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { leftOf } from "../settings/partial.ts";
import { BASE_FOLDER, DATA_FILES, ENCODER_FILE, MANIFEST_FILE, SHARDS_FOLDER } from "./version.ts";

/**
 * Puts a folder in the place of another. Not to be interrupted: no signal is heard between these calls, so that one of the two
 * is always whole in its place. Of a process that is killed between the two renames, {@link bringBack} makes good.
 *
 * @param path name with `partial-<pid>-<random>` in it
 * @param foreign names in the target that are kept
 */
export function replace(target: string, path: string, foreign: readonly string[]): void {
  const old = path.replace(/partial(?=-\d+-\w+$)/, "replaced");
  renameSync(target, old);
  try {
    renameSync(path, target);
  } catch (error) {
    renameSync(old, target);
    throw error;
  }
  removeReplaced(old, target, foreign);
}

/** Files that are not ours (notes, a README) move into the new folder instead of going with the old one. */
function removeReplaced(old: string, target: string, foreign: readonly string[]): void {
  for (const name of foreign)
    if (!existsSync(join(target, name))) renameSync(join(old, name), join(target, name));
  for (const name of [MANIFEST_FILE, SHARDS_FOLDER, BASE_FOLDER, ENCODER_FILE, ...DATA_FILES])
    rmSync(join(old, name), { force: true, recursive: true });
  rmdirSync(old);
}

/** Brings back or removes what a killed process has replaced at the same target. */
export function sweepAbandoned(target: string): void {
  bringBack(target);
  for (const path of leftOf(target, "replaced")) {
    const manifest = readManifestFile(path);
    try {
      // The manifest goes first, after what is foreign.
      removeReplaced(path, target, isManifest(manifest) ? foreignOf(readdirSync(path), manifest) : []);
    } catch {
      // Something in it is not ours, or not to be moved: it stays.
    }
  }
}

/**
 * Puts a folder back that a process was killed over when it had made room for another one and not put that in its place.
 *
 * @returns whether there was one
 */
export function bringBack(target: string): boolean {
  if (existsSync(target)) return false;
  const old = leftOf(target, "replaced").find((path) => isManifest(readManifestFile(path)));
  if (old === undefined) return false;
  try {
    renameSync(old, target);
  } catch {
    // Another process was quicker, or nothing may be written here.
  }
  return existsSync(target);
}

/** Names in an artifact folder that are not the artifact's own. */
export function foreignOf(names: readonly string[], manifest: object): string[] {
  const { shards, base } = manifest as { readonly shards?: unknown; readonly base?: unknown };
  const own: string[] = [
    ...[MANIFEST_FILE, ENCODER_FILE, ...DATA_FILES],
    ...(shards === undefined ? [] : [SHARDS_FOLDER]),
    ...(base === undefined ? [] : [BASE_FOLDER]),
  ];
  return names.filter((name) => !own.includes(name));
}

/** Returns a folder's manifest; undefined where it has none that can be read. */
export function readManifestFile(folder: string): unknown {
  try {
    const path = join(folder, MANIFEST_FILE);
    // A FIFO would never end.
    return statSync(path).isFile() ? JSON.parse(readFileSync(path, "utf8")) : undefined;
  } catch {
    return undefined;
  }
}

export function isManifest(value: unknown): value is object {
  return (
    typeof value === "object" && value !== null && (value as { format?: unknown }).format === "annoy-edge"
  );
}
