import { type Dirent, readdir, type Stats } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { basename, dirname, extname, relative, resolve, sep } from "node:path";
import { convertPathToPattern, glob, isDynamicPattern } from "tinyglobby";
import { SourceError, unreadable } from "./errors.ts";
import type { SourceFile } from "./types.ts";

/** Readable kinds, by the ending of the name in lower case. */
const FORMATS = {
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
  ".csv": "csv",
  ".txt": "text",
  ".md": "markdown",
  ".markdown": "markdown",
  ".mdx": "markdown",
  ".html": "html",
  ".htm": "html",
} as const;
export type Format = (typeof FORMATS)[keyof typeof FORMATS];

export function formatOf(path: string): Format | undefined {
  const ending = extname(path).toLowerCase();
  return Object.hasOwn(FORMATS, ending) ? FORMATS[ending as keyof typeof FORMATS] : undefined;
}

const KNOWN = Object.keys(FORMATS).join(", ");

export interface LinkOptions {
  /** Reads what symbolic links lead to outside of the folder that was asked for. */
  readonly followLinks?: boolean;
}

interface Asked {
  readonly root: string;
  readonly paths: readonly string[];
}

/**
 * The files that `sources` (files, folders, globs) name, in the order asked; those of a folder or glob by path. A file
 * named twice is read once. Folders and globs pass over files of other kinds, hidden ones and `node_modules`.
 *
 * @throws SourceError `SOURCE_NOT_FOUND`, `SOURCE_EMPTY`, `UNSUPPORTED_SOURCE`, `LINK_OUTSIDE`
 */
export async function findFiles(
  sources: readonly string[],
  cwd = process.cwd(),
  options: LinkOptions = {},
): Promise<SourceFile[]> {
  const asked: Asked[] = [];
  for (const source of sources) asked.push(await find(source, cwd, options));
  const seen = new Set<string>();
  const files: SourceFile[] = [];
  for (const { root, paths } of asked) {
    for (const path of paths) {
      if (seen.has(path)) continue;
      seen.add(path);
      files.push({ path, source: forwardSlashes(relative(root, path)) });
    }
  }
  if (new Set(files.map((file) => file.source)).size === files.length) return files;
  // Two folders with a file of the same name each: paths from where both lie tell them apart.
  const common = commonFolder(asked.map(({ root }) => root));
  return files.map(({ path }) => ({ path, source: forwardSlashes(relative(common, path)) }));
}

async function find(source: string, cwd: string, options: LinkOptions): Promise<Asked> {
  const path = resolve(cwd, source);
  const found = await statOf(path);
  if (found?.isFile()) {
    if (formatOf(path) === undefined) {
      throw new SourceError("UNSUPPORTED_SOURCE", `${source} is of no kind that can be read: ${KNOWN}.`);
    }
    return { root: dirname(path), paths: [path] };
  }
  if (found?.isDirectory()) {
    const paths = await list(`${convertPathToPattern(path)}/**`, path);
    if (paths.length === 0) {
      throw new SourceError("SOURCE_EMPTY", `The folder ${source} holds no file that can be read: ${KNOWN}.`);
    }
    return { root: path, paths: await withinRoot(paths, path, options) };
  }
  if (found) throw new SourceError("UNSUPPORTED_SOURCE", `${source} is neither a file nor a folder.`);
  if (!isDynamicPattern(source)) {
    throw new SourceError("SOURCE_NOT_FOUND", `There is no file or folder ${source}.`);
  }
  const root = resolve(cwd, fixedPart(source));
  const paths = (await statOf(root)) ? await list(source, cwd) : [];
  if (paths.length === 0) {
    throw new SourceError(
      "SOURCE_EMPTY",
      `The pattern ${source} matches no file that can be read: ${KNOWN}.`,
    );
  }
  return { root, paths: await withinRoot(paths, root, options) };
}

/**
 * The same paths, when none leads out of the folder by a symbolic link: whoever can add a file to a folder of documents
 * could have any file of the machine indexed.
 *
 * @throws SourceError `LINK_OUTSIDE`
 */
export async function withinRoot(
  paths: readonly string[],
  root: string,
  { followLinks = false }: LinkOptions,
): Promise<readonly string[]> {
  if (followLinks) return paths;
  const real = await realpath(root);
  const inside = real.endsWith(sep) ? real : real + sep;
  for (const path of paths) {
    const file = await realpath(path);
    if (file.startsWith(inside)) continue;
    throw new SourceError(
      "LINK_OUTSIDE",
      `${forwardSlashes(relative(root, path))} leads by a symbolic link to ${file}, outside of ${root}. Remove it, or allow such links (--follow-links).`,
    );
  }
  return paths;
}

async function list(pattern: string, cwd: string): Promise<string[]> {
  const paths = await globFiles(pattern, { cwd });
  const readable = paths.filter((path) => formatOf(path) !== undefined).map((path) => resolve(path));
  const unique = await withoutTwins(readable);
  return unique.sort((a, b) => compare(forwardSlashes(a), forwardSlashes(b)));
}

/** Subset of tinyglobby's options; its own types would be part of ours, and theirs are not complete. */
interface GlobbedFiles {
  readonly cwd?: string;
  readonly caseSensitiveMatch?: boolean;
}

/** `fs.readdir` as it is called for the entries of a folder. */
type ListFolder = (
  folder: string,
  how: { withFileTypes: true },
  done: (error: NodeJS.ErrnoException | null, entries: Dirent[]) => void,
) => void;

/**
 * The files that a pattern matches. The library passes over folders that it cannot list, and their documents would be
 * missing without a word.
 *
 * @param list how folders are listed
 * @throws SourceError `UNREADABLE_SOURCE`
 */
export async function globFiles(
  pattern: string,
  options: GlobbedFiles = {},
  list: ListFolder = readdir,
): Promise<string[]> {
  let failure: { readonly folder: string; readonly cause: Error } | undefined;
  const listing: ListFolder = (folder, how, done) =>
    list(folder, how, (error, entries) => {
      // One that is gone meanwhile has no documents.
      if (error && error.code !== "ENOENT") failure ??= { folder, cause: error };
      done(error, entries);
    });
  const paths = await glob(pattern, {
    ...options,
    absolute: true,
    expandDirectories: false,
    ignore: ["**/node_modules/**"],
    // Of the many ways to call it the library knows this one.
    fs: { readdir: listing as unknown as typeof readdir },
  });
  if (failure) throw unreadable(failure.folder, failure.cause);
  return paths;
}

/** One path a file: links can lead to the same one again, round in a circle even. The shortest path stays. */
async function withoutTwins(paths: readonly string[]): Promise<string[]> {
  const byFile = new Map<string, string>();
  for (const path of paths) {
    const file = await realpath(path);
    const other = byFile.get(file);
    if (other === undefined || path.length < other.length || (path.length === other.length && path < other)) {
      byFile.set(file, path);
    }
  }
  return [...byFile.values()];
}

/** Compares by code units, so that no locale changes the order of items. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The folders of a pattern before its first wildcard: `docs/guide/*.md` gives `docs/guide`. */
function fixedPart(pattern: string): string {
  const parts = forwardSlashes(pattern).split("/");
  const fixed = parts.slice(0, -1);
  const wild = fixed.findIndex((part) => isDynamicPattern(part));
  const kept = (wild < 0 ? fixed : fixed.slice(0, wild)).join("/");
  return kept === "" && pattern.startsWith("/") ? "/" : kept || ".";
}

function commonFolder(folders: readonly string[]): string {
  let common = folders[0] ?? ".";
  for (const folder of folders) {
    while (folder !== common && !folder.startsWith(common.endsWith(sep) ? common : common + sep)) {
      const parent = dirname(common);
      if (parent === common) return common;
      common = parent;
    }
  }
  return common;
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG") return undefined;
    throw unreadable(basename(path), error);
  }
}

function forwardSlashes(path: string): string {
  return sep === "/" ? path : path.replaceAll(sep, "/");
}
