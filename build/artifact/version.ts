import { createHash } from "node:crypto";
import type { Manifest } from "../../worker/core/format/meta.ts";

/** Files of an artifact folder whose hashes make the version. */
export const DATA_FILES = ["documents.jsonl", "forest.bin"] as const;
export type DataFile = (typeof DATA_FILES)[number];
export const MANIFEST_FILE = "manifest.json";
/** The encoder of queries, in the folder of an index that has one. It names itself by its content, as the index does. */
export const ENCODER_FILE = "encoder.bin";
/** Holds the base of an artifact that is changes on top of one: an artifact folder of its own. */
export const BASE_FOLDER = "base";
/** Holds the shards of an artifact that has some. */
export const SHARDS_FOLDER = "shards";

/**
 * The version of an artifact: the first 16 hex digits of the SHA-256 over the lines `<sha256>  <file>` of its files
 * in order of their names. By hand: `sha256sum documents.jsonl forest.bin | sha256sum | cut -c1-16`.
 */
export function versionOf(files: Manifest["files"]): string {
  const lines = DATA_FILES.map((name) => `${files[name].sha256}  ${name}\n`);
  return createHash("sha256").update(lines.join("")).digest("hex").slice(0, 16);
}
