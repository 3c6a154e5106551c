import { createHash } from "node:crypto";
import { renameSync, rmSync } from "node:fs";
import { type FileHandle, mkdir, open, readdir, readFile, realpath, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { Manifest, ManifestFile } from "../../worker/core/format/meta.ts";
import { makeFolder } from "../settings/make-folder.ts";
import { namingTarget, partialPath } from "../settings/partial.ts";
import { bringBack, foreignOf, isManifest, readManifestFile, replace, sweepAbandoned } from "./replace.ts";
import { BASE_FOLDER, DATA_FILES, ENCODER_FILE, MANIFEST_FILE, SHARDS_FOLDER } from "./version.ts";

/** Folders that are being written, removed when the process ends before they are whole (a signal, a crash). */
const unfinished = new Set<string>();
function removeUnfinished(): void {
  for (const folder of unfinished) rmSync(folder, { recursive: true, force: true });
}

/** An artifact folder that has been written. */
export interface BuildResult {
  /** The artifact folder. */
  readonly out: string;
  readonly manifest: Manifest;
}

/** An artifact folder in the making: invisible under its final name until {@link FolderWriter.commit}. */
export interface FolderWriter {
  /** Hidden folder that is written to until the commit. */
  readonly path: string;
  /** A new file in it, hashed while it is written; `name` may lead into folders, which are made. */
  createFile(name: string): Promise<HashedFile>;
  /**
   * Puts the folder in its place, in one rename; what stood there before is replaced.
   *
   * @param check may refuse by throwing; runs right before the rename, so that hardly anything can come between
   */
  commit(check?: () => void): Promise<void>;
  /** Closes and removes what was written. Harmless after a commit. */
  discard(): Promise<void>;
}

/**
 * Begins an artifact folder that will appear at `out`. Writes happen in a hidden folder beside it.
 *
 * @param makes names beside those of every artifact that may come to lie in it; what is not ours must have no such name
 * @throws AnnoyEdgeError `OUT_NOT_ARTIFACT` when something else stands at `out`: it is never deleted; `OUT_UNWRITABLE`
 */
async function beginFolder(out: string, makes: readonly string[] = []): Promise<FolderWriter> {
  // A link to a folder stays a link: what it leads to is replaced.
  const target = await realpath(resolve(out)).catch(() => resolve(out));
  if (isWithin(process.cwd(), target)) {
    throw new AnnoyEdgeError(
      "OUT_NOT_ARTIFACT",
      `${target} is or holds the working directory, which cannot be replaced from within. Run the command elsewhere, or choose another --out.`,
    );
  }
  await namingTarget(target, () => checkReplaceable(target, makes));
  const path = await namingTarget(target, async () => {
    makeFolder(dirname(target));
    sweepAbandoned(target);
    const partial = partialPath(target);
    await mkdir(partial);
    return partial;
  });
  if (unfinished.size === 0) process.once("exit", removeUnfinished);
  unfinished.add(path);
  const forget = () => {
    unfinished.delete(path);
    if (unfinished.size === 0) process.off("exit", removeUnfinished);
  };
  const files: FileHandle[] = [];
  return {
    path,
    createFile: (name) =>
      namingTarget(target, async () => {
        if (name.includes("/")) await mkdir(join(path, dirname(name)), { recursive: true });
        const file = await open(join(path, name), "wx");
        files.push(file);
        return hashedFile(file, target);
      }),
    async commit(check) {
      // Looked at again: minutes may have gone by.
      const foreign = await checkReplaceable(target, await readdir(path));
      await namingTarget(target, async () => {
        check?.();
        if (!foreign) renameSync(path, target);
        else replace(target, path, foreign);
      });
      forget();
    },
    async discard() {
      for (const file of files) await file.close();
      await rm(path, { recursive: true, force: true });
      forget();
    },
  };
}

/**
 * Writes an artifact folder that appears at `out` when `write` has ended with a result; when it fails or ends with
 * undefined nothing is left of it.
 *
 * @param check as of {@link FolderWriter.commit}
 *
 * @throws as {@link beginFolder}
 */
export async function writeFolder<Result>(
  out: string,
  makes: readonly string[],
  write: (folder: FolderWriter) => Promise<Result>,
  check?: () => void,
): Promise<Result> {
  const folder = await beginFolder(out, makes);
  try {
    // What is read meanwhile has sentences of its own.
    const full = ["ENOSPC", "EDQUOT", "EFBIG"];
    const result = await namingTarget(resolve(out), () => write(folder), full);
    if (result === undefined) await folder.discard();
    else await folder.commit(check);
    return result;
  } catch (error) {
    await folder.discard();
    throw error;
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** A folder within a folder that is being written. */
export function subfolder(folder: FolderWriter, name: string): Pick<FolderWriter, "path" | "createFile"> {
  return {
    path: join(folder.path, name),
    createFile: (file) => folder.createFile(`${name}/${file}`),
  };
}

/**
 * The names in an existing folder that are not the artifact's own and will be kept; undefined when nothing is there.
 *
 * @param makes names in the folder that will replace it
 */
async function checkReplaceable(target: string, makes: readonly string[]): Promise<string[] | undefined> {
  const info = await stat(target).catch((error: NodeJS.ErrnoException) => {
    // Of a path that leads through a file the attempt to write will tell.
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
  if (!info) return undefined;
  const refuse = (what: string) =>
    new AnnoyEdgeError(
      "OUT_NOT_ARTIFACT",
      `${target} ${what}. Choose another --out, or remove it yourself: it is not touched.`,
    );
  if (!info.isDirectory()) throw refuse("is a file, and an artifact is a folder");
  const names = await readdir(target);
  if (names.length === 0) return names;
  if (!names.includes(MANIFEST_FILE)) throw refuse("is a folder with other files and no manifest.json");
  const manifest = readManifestFile(target);
  if (!isManifest(manifest)) throw refuse("has a manifest.json that is not an artifact's");
  const foreign = foreignOf(names, manifest);
  const taken = foreign.find((name) => makes.includes(name));
  if (taken !== undefined) {
    throw new AnnoyEdgeError(
      "OUT_NOT_ARTIFACT",
      `${join(target, taken)} is not of the artifact there, and the new one has ${taken} too. Move it away, or choose another --out: it is not touched.`,
    );
  }
  return foreign;
}

/** A file that is hashed while it is written. */
export interface HashedFile {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<ManifestFile>;
}

function hashedFile(file: FileHandle, target: string): HashedFile {
  const hash = createHash("sha256");
  let length = 0;
  return {
    write: (bytes) =>
      namingTarget(target, async () => {
        hash.update(bytes);
        for (let at = 0; at < bytes.byteLength; ) {
          // One call writes at most 2 GiB, and may write less than it was given.
          const { bytesWritten } = await file.write(bytes, at, Math.min(bytes.byteLength - at, 1 << 28));
          at += bytesWritten;
        }
        length += bytes.byteLength;
      }),
    close: () =>
      namingTarget(target, async () => {
        await file.sync();
        await file.close();
        return { bytes: length, sha256: hash.digest("hex") };
      }),
  };
}

/**
 * Refuses a folder of changes, where only an index in one piece will do.
 *
 * @throws AnnoyEdgeError `HAS_CHANGES`
 */
export function requireUnchanged(dir: string, { base }: Pick<Manifest, "base">): void {
  if (!base) return;
  throw new AnnoyEdgeError(
    "HAS_CHANGES",
    `${dir} holds changes on top of a base, and this takes an index in one piece. Build it anew, with build or rebuild --compact.`,
  );
}

/** The artifact folder that a folder is a part of: the base of changes, or a shard. */
function wholeOf(dir: string): string | undefined {
  const parent = dirname(dir);
  const above = dirname(parent);
  const manifestOf = (folder: string) => (readManifestFile(folder) ?? {}) as Partial<Manifest>;
  if (basename(dir) === BASE_FOLDER && manifestOf(parent).base) return parent;
  if (basename(parent) === SHARDS_FOLDER && manifestOf(above).shards) return above;
  return undefined;
}

/** Refuses what would be read without an end, such as a FIFO or a device. What is not there is for others to name. */
async function requireFiles(dir: string): Promise<void> {
  for (const name of [MANIFEST_FILE, ENCODER_FILE, ...DATA_FILES]) {
    const path = join(dir, name);
    const info = await stat(path).catch(() => undefined);
    if (info && !info.isFile()) throw new AnnoyEdgeError("NOT_AN_ARTIFACT", `${path} is no file.`);
  }
}

/**
 * The manifest of an artifact folder.
 *
 * @throws AnnoyEdgeError `NOT_AN_ARTIFACT` when the folder or its manifest is not there or not ours
 */
export async function readManifest(dir: string): Promise<Manifest> {
  if (typeof dir !== "string" || dir === "") {
    throw new AnnoyEdgeError("NOT_AN_ARTIFACT", "No folder is named; that of an artifact is needed.");
  }
  const path = join(dir, MANIFEST_FILE);
  await requireFiles(dir);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (bringBack(resolve(dir))) return readManifest(dir);
    const { code } = error as NodeJS.ErrnoException;
    const whole = wholeOf(resolve(dir));
    if (whole) {
      throw new AnnoyEdgeError(
        "NOT_AN_ARTIFACT",
        `${path} cannot be read (${code}), and the index of ${whole} needs it. Build the index anew, or bring the folder back from a copy.`,
        { cause: error },
      );
    }
    throw new AnnoyEdgeError(
      "NOT_AN_ARTIFACT",
      code === "ENOENT" || code === "ENOTDIR"
        ? `${dir} is not an artifact folder: it has no manifest.json. \`annoy-edge build --out ${dir}\` makes one.`
        : `${path} cannot be read (${code}).`,
      { cause: error },
    );
  }
  const bad = (what: string) =>
    new AnnoyEdgeError("NOT_AN_ARTIFACT", `${path} ${what}. Rebuild the artifact.`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw Object.assign(bad("is not JSON"), { cause: error });
  }
  if (!isManifest(value)) throw bad("is not the manifest of an artifact");
  const manifest = value as Partial<Manifest>;
  const major = String(manifest.formatVersion).split(".")[0];
  if (major !== "1") throw bad(`has format version ${manifest.formatVersion}; this program reads version 1`);
  for (const name of DATA_FILES) {
    const file = manifest.files?.[name];
    if (typeof file?.bytes !== "number" || typeof file.sha256 !== "string")
      throw bad(`does not list ${name}`);
  }
  if (typeof manifest.version !== "string" || typeof manifest.name !== "string")
    throw bad("lacks its name or version");
  if (typeof manifest.certified?.recallAt10 !== "number") throw bad("lacks its certified recall");
  // The fields that code here relies on are checked above; the rest is only shown.
  return manifest as Manifest;
}
