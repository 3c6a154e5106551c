import type { Stats } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { basename, dirname, extname, relative, resolve, sep } from "node:path";
import { convertPathToPattern, glob, isDynamicPattern } from "tinyglobby";
import { SourceError, unreadable } from "./errors.ts";
import type { SourceFile } from "./types.ts";

/** What can be read, by the ending of the name in lower case. */
export const FORMATS = {
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
  ".csv": "csv",
  ".txt": "text",
  ".md": "markdown",
  ".markdown": "markdown",
  ".html": "html",
  ".htm": "html",
} as const;
export type Format = (typeof FORMATS)[keyof typeof FORMATS];

export function formatOf(path: string): Format | undefined {
  const ending = extname(path).toLowerCase();
  return Object.hasOwn(FORMATS, ending) ? FORMATS[ending as keyof typeof FORMATS] : undefined;
}

const KNOWN = Object.keys(FORMATS).join(", ");

interface Asked {
  readonly root: string;
  readonly paths: readonly string[];
}

/**
 * The files that `sources` (files, folders, globs) name, in the order asked; those of a folder or glob by path. A file
 * named twice is read once. Folders and globs pass over files of other kinds, hidden ones and `node_modules`.
 *
 * @throws SourceError `SOURCE_NOT_FOUND`, `SOURCE_EMPTY`, `UNSUPPORTED_SOURCE`
 */
export async function findFiles(sources: readonly string[], cwd = process.cwd()): Promise<SourceFile[]> {
  const asked: Asked[] = [];
  for (const source of sources) asked.push(await find(source, cwd));
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

async function find(source: string, cwd: string): Promise<Asked> {
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
    return { root: path, paths };
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
  return { root, paths };
}

async function list(pattern: string, cwd: string): Promise<string[]> {
  const paths = await glob(pattern, {
    cwd,
    absolute: true,
    expandDirectories: false,
    ignore: ["**/node_modules/**"],
  });
  const readable = paths.filter((path) => formatOf(path) !== undefined).map((path) => resolve(path));
  const unique = await withoutTwins(readable);
  return unique.sort((a, b) => compare(forwardSlashes(a), forwardSlashes(b)));
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

/** By code units, so that no locale changes the order of items. */
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
