import { createHash, randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
} from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { AnnoyEdgeError } from "../../worker/format/errors.ts";
import type { Manifest, ManifestFile } from "../../worker/format/meta.ts";
import { DATA_FILES, MANIFEST_FILE, SHARDS_FOLDER } from "./version.ts";

/** Folders that are being written, removed when the process ends before they are whole (a signal, a crash). */
const unfinished = new Set<string>();
function removeUnfinished(): void {
  for (const folder of unfinished) rmSync(folder, { recursive: true, force: true });
}

/** An artifact folder in the making: invisible under its final name until {@link FolderWriter.commit}. */
export interface FolderWriter {
  /** Where it is written now. */
  readonly path: string;
  /** A new file in it, hashed while it is written; `name` may lead into folders, which are made. */
  createFile(name: string): Promise<HashedFile>;
  /** Puts the folder in its place, in one rename; what stood there before is replaced. */
  commit(): Promise<void>;
  /** Closes and removes what was written. Harmless after a commit. */
  discard(): Promise<void>;
}

/**
 * Begins an artifact folder that will appear at `out`. Writes happen in a hidden folder beside it.
 *
 * @throws AnnoyEdgeError `OUT_NOT_ARTIFACT` when something else stands at `out`: it is never deleted
 */
export async function beginFolder(out: string): Promise<FolderWriter> {
  // A link to a folder stays a link: what it leads to is replaced.
  const target = await realpath(resolve(out)).catch(() => resolve(out));
  if (isWithin(process.cwd(), target)) {
    throw new AnnoyEdgeError(
      "OUT_NOT_ARTIFACT",
      `${target} is or holds the working directory, which cannot be replaced from within. Run the command elsewhere, or choose another --out.`,
    );
  }
  await checkReplaceable(target);
  await mkdir(dirname(target), { recursive: true });
  await sweepAbandoned(target);
  const suffix = `${process.pid}-${randomBytes(3).toString("hex")}`;
  const path = join(dirname(target), `.${basename(target)}.partial-${suffix}`);
  await mkdir(path);
  if (unfinished.size === 0) process.once("exit", removeUnfinished);
  unfinished.add(path);
  const forget = () => {
    unfinished.delete(path);
    if (unfinished.size === 0) process.off("exit", removeUnfinished);
  };
  const files: FileHandle[] = [];
  return {
    path,
    async createFile(name) {
      if (name.includes("/")) await mkdir(join(path, dirname(name)), { recursive: true });
      const file = await open(join(path, name), "wx");
      files.push(file);
      return hashedFile(file);
    },
    async commit() {
      // Looked at again: minutes may have gone by.
      const existing = await checkReplaceable(target);
      if (!existing) {
        await rename(path, target);
        forget();
        return;
      }
      const sharded = isSharded(await readManifestFile(join(target, MANIFEST_FILE)));
      const old = join(dirname(target), `.${basename(target)}.replaced-${suffix}`);
      await rename(target, old);
      await rename(path, target);
      forget();
      // Files that are not ours (notes, a README) move into the new folder instead of going with the old one.
      for (const name of existing) {
        if (isOurs(name, sharded)) await rm(join(old, name), { force: true, recursive: true });
        else await rename(join(old, name), join(target, name));
      }
      await rmdir(old);
    },
    async discard() {
      for (const file of files) await file.close();
      await rm(path, { recursive: true, force: true });
      forget();
    },
  };
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** @param sharded whether the artifact that goes is one of shards: a folder of that name is somebody else's otherwise */
function isOurs(name: string, sharded: boolean): boolean {
  if (name === SHARDS_FOLDER) return sharded;
  return name === MANIFEST_FILE || (DATA_FILES as readonly string[]).includes(name);
}

function isSharded(manifest: unknown): boolean {
  return isManifest(manifest) && (manifest as { shards?: unknown }).shards !== undefined;
}

/** A folder within a folder that is being written. */
export function subfolder(folder: FolderWriter, name: string): Pick<FolderWriter, "path" | "createFile"> {
  return {
    path: join(folder.path, name),
    createFile: (file) => folder.createFile(`${name}/${file}`),
  };
}

/** The names in an existing folder that may be replaced; undefined when nothing is there. */
async function checkReplaceable(target: string): Promise<string[] | undefined> {
  const info = await stat(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
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
  const manifest = await readManifestFile(join(target, MANIFEST_FILE));
  if (!isManifest(manifest)) throw refuse("has a manifest.json that is not an artifact's");
  return names;
}

/** Removes what a killed process of this project left half-written for the same target. */
async function sweepAbandoned(target: string): Promise<void> {
  const prefix = `.${basename(target)}.partial-`;
  for (const name of await readdir(dirname(target))) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number(name.slice(prefix.length).split("-")[0]);
    if (Number.isInteger(pid) && pid > 0 && !isRunning(pid))
      await rm(join(dirname(target), name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function readManifestFile(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    return undefined;
  }
}

function isManifest(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && (value as { format?: unknown }).format === "annoy-edge"
  );
}

/** A file that is hashed while it is written. */
export interface HashedFile {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<ManifestFile>;
}

function hashedFile(file: FileHandle): HashedFile {
  const hash = createHash("sha256");
  let length = 0;
  return {
    async write(bytes) {
      hash.update(bytes);
      for (let at = 0; at < bytes.byteLength; ) {
        // One call writes at most 2 GiB, and may write less than it was given.
        const { bytesWritten } = await file.write(bytes, at, Math.min(bytes.byteLength - at, 1 << 28));
        at += bytesWritten;
      }
      length += bytes.byteLength;
    },
    async close() {
      await file.sync();
      await file.close();
      return { bytes: length, sha256: hash.digest("hex") };
    },
  };
}

/**
 * The manifest of an artifact folder.
 *
 * @throws AnnoyEdgeError `NOT_AN_ARTIFACT` when the folder or its manifest is not there or not ours
 */
export async function readManifest(dir: string): Promise<Manifest> {
  const path = join(dir, MANIFEST_FILE);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
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
  // The fields that code here relies on are checked above; the rest is only shown.
  return manifest as Manifest;
}
