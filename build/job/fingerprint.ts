import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Embedder } from "../../worker/core/embedding/types.ts";
import { keptAsOf } from "../embedding/cache/embedder.ts";
import { isCarried } from "../embedding/identity.ts";
import type { ForestSettings } from "../settings/options.ts";

/** Everything beside `documents.jsonl` that an artifact's bytes come from. */
export interface FingerprintParts {
  readonly name: string;
  readonly metric: string;
  readonly settings: ForestSettings;
  readonly text: object;
  readonly notes: object;
  readonly embedder: Embedder | undefined;
  /** Vectors that came with the documents, in order, in one piece or several. */
  readonly vectors: Float32Array | Iterable<Float32Array> | undefined;
  /** Settings of the partition into shards. */
  readonly sharding?: object;
}

/**
 * A hash that is equal when the same documents would give the same artifact, so that a rebuild can tell before the
 * work is done. The package's version stands for the code.
 */
export function fingerprint({ settings, vectors, embedder, ...rest }: FingerprintParts): string {
  const parts = { ...rest, embedder: embedder ? distinguished(embedder) : null };
  // Neither changes the bytes.
  const { jobs: _jobs, onProgress: _onProgress, ...forest } = settings;
  const hash = createHash("sha256").update(JSON.stringify({ ...parts, forest, code: packageVersion() }));
  for (const { buffer, byteOffset, byteLength } of vectors instanceof Float32Array
    ? [vectors]
    : (vectors ?? []))
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest("hex").slice(0, 16);
}

/** An embedder's identity, and of one whose model lies in a folder the model itself: it may be trained anew there. */
function distinguished(embedder: Embedder): object {
  if (!isCarried(embedder)) return keptAsOf(embedder);
  const { identity, tableBytes } = embedder;
  return { ...identity, table: createHash("sha256").update(tableBytes).digest("hex") };
}

let version: string | undefined;

function packageVersion(): string {
  if (version === undefined) {
    const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
    version = (JSON.parse(text) as { version: string }).version;
  }
  return version;
}
