import { AnnoyEdgeError } from "./errors.ts";

/**
 * Keys of a published index. Everything below an index's own name is immutable but for the pointer, and nothing is
 * shared between indexes, so one bucket and one namespace may hold many of them.
 */

/** R2 limits keys to 1,024 bytes and KV to 512; a name stays far below both. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const VERSION = /^[0-9a-f]{16}$/;

export const VERSION_FILES = ["forest.bin", "placement.bin", "manifest.json"] as const;
export type VersionFile = (typeof VERSION_FILES)[number];

/** @throws AnnoyEdgeError `INVALID_NAME` */
export function assertIndexName(name: string): void {
  if (!isIndexName(name)) {
    throw new AnnoyEdgeError(
      "INVALID_NAME",
      `"${name}" cannot name an index: use 1 to 100 letters, digits, dots, dashes and underscores, beginning with a letter or digit.`,
    );
  }
}

export function isIndexName(name: string): boolean {
  return NAME.test(name) && !name.includes("..");
}

/** Whether a name is the pattern, in which `*` stands for any characters. */
export function matchesName(pattern: string, name: string): boolean {
  const parts = pattern.split("*");
  const first = parts.shift() ?? "";
  if (parts.length === 0) return name === pattern;
  const last = parts.pop() ?? "";
  if (!name.startsWith(first) || name.length < first.length + last.length || !name.endsWith(last))
    return false;
  const end = name.length - last.length;
  let at = first.length;
  for (const part of parts) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

export function isVersion(text: unknown): text is string {
  return typeof text === "string" && VERSION.test(text);
}

/** The only mutable object of an index. */
export function pointerKey(name: string): string {
  return `${name}/current.json`;
}

export function versionsPrefix(name: string): string {
  return `${name}/versions/`;
}

/** Keys of all objects of a version, of its shards too, begin so. */
export function versionPrefix(name: string, version: string): string {
  return `${versionsPrefix(name)}${version}/`;
}

/** @param shard number of a shard, when the file is one of a shard's */
export function versionKey(name: string, version: string, file: VersionFile, shard?: number): string {
  const folder = shard === undefined ? "" : `${shardFolder(shard)}/`;
  return `${versionPrefix(name, version)}${folder}${file}`;
}

/** Returns the folder of a shard, within an artifact folder and within a published version: `shards/0007`. */
export function shardFolder(shard: number): string {
  return `shards/${String(shard).padStart(4, "0")}`;
}

const VERSION_PATH = /^([0-9a-f]{16})\/((?:shards\/(\d{4})\/)?[^/]+)$/;

/** Splits a key of {@link versionKey}; undefined for any other. `file` is the path within the version. */
export function parseVersionKey(
  name: string,
  key: string,
): { version: string; file: string; shard: number | undefined } | undefined {
  const prefix = versionsPrefix(name);
  if (!key.startsWith(prefix)) return undefined;
  const [, version, file, shard] = VERSION_PATH.exec(key.slice(prefix.length)) ?? [];
  if (version === undefined || file === undefined) return undefined;
  return { version, file, shard: shard === undefined ? undefined : Number(shard) };
}

/** Returns the address of what the data centre's cache keeps under a path. The host exists nowhere. */
export function cacheUrl(path: string): string {
  return `https://annoy-edge.invalid/${path}`;
}

/** Packs hold the pages of one publish, one after the other: what KV holds, once more in R2. */
export function packsPrefix(name: string): string {
  return `${name}/packs/`;
}

export function packKey(name: string, hash: string): string {
  return `${packsPrefix(name)}${hash}.ndjson`;
}

/** KV keys of an index's document pages begin so. */
export function pagesPrefix(name: string): string {
  return `${name}/p/`;
}

/** KV key of a page: the first 32 hex digits of the SHA-256 of its bytes. */
export function pageKey(name: string, hash: string): string {
  return `${pagesPrefix(name)}${hash}`;
}

/**
 * An encoder, named by its content and shared by versions and indexes. No index has a name that begins so.
 *
 * @param hash 16 hex digits
 */
export function encoderKey(hash: string): string {
  return `_encoders/${hash}.bin`;
}
