import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { EmbedderIdentity } from "../../worker/format/meta.ts";
import type { ForestSettings } from "../forest/types.ts";

/** Everything beside `documents.jsonl` that an artifact's bytes come from. */
export interface FingerprintParts {
  readonly name: string;
  readonly metric: string;
  readonly settings: ForestSettings;
  readonly text: object;
  readonly notes: object;
  readonly embedder: EmbedderIdentity | null;
  /** Vectors that came with the documents, in order, in one piece or several. */
  readonly vectors: Float32Array | Iterable<Float32Array> | undefined;
  /** How the index is cut into shards. */
  readonly sharding?: object;
}

/**
 * A hash that is equal when the same documents would give the same artifact, so that a rebuild can tell before the
 * work is done. The package's version stands for the code.
 */
export function fingerprint({ settings, vectors, ...parts }: FingerprintParts): string {
  // Neither changes the bytes.
  const { jobs: _jobs, onProgress: _onProgress, ...forest } = settings;
  const hash = createHash("sha256").update(JSON.stringify({ ...parts, forest, code: packageVersion() }));
  for (const { buffer, byteOffset, byteLength } of vectors instanceof Float32Array
    ? [vectors]
    : (vectors ?? []))
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest("hex").slice(0, 16);
}

let version: string | undefined;

function packageVersion(): string {
  if (version === undefined) {
    const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
    version = (JSON.parse(text) as { version: string }).version;
  }
  return version;
}
