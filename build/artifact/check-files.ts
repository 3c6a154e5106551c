import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { Manifest, ManifestFile } from "../../worker/core/format/meta.ts";
import { DATA_FILES, versionOf } from "./version.ts";

/**
 * Reads the files of an artifact folder and compares them with its manifest.
 *
 * @param onProgress receives the bytes that were read
 * @throws AnnoyEdgeError `ARTIFACT_CHANGED`
 */
export async function checkFiles(
  dir: string,
  { files, version }: Manifest,
  onProgress?: (done: number) => void,
): Promise<void> {
  let done = 0;
  for (const name of DATA_FILES) {
    const path = join(dir, name);
    const file = files[name];
    const info = await stat(path).catch(() => undefined);
    if (info?.size !== file.bytes) {
      throw changed(path, info ? `has ${info.size} bytes, not ${file.bytes}` : "is not there");
    }
    const { sha256 } = await hashFile(path, (bytes) => {
      done += bytes;
      onProgress?.(done);
    });
    if (sha256 !== file.sha256) throw changed(path, "does not match its SHA-256");
  }
  if (versionOf(files) !== version) throw changed(dir, `is not version ${version}`);
}

/** Length and SHA-256 of a file. @param onBytes receives the length of each piece that was read */
export async function hashFile(path: string, onBytes: (bytes: number) => void): Promise<ManifestFile> {
  const digest = createHash("sha256");
  let bytes = 0;
  // Without an encoding a file's stream gives Buffers.
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    digest.update(chunk);
    bytes += chunk.byteLength;
    onBytes(chunk.byteLength);
  }
  return { bytes, sha256: digest.digest("hex") };
}

/** Error of a folder whose parts do not fit together. */
export function changed(path: string, what: string): AnnoyEdgeError {
  return new AnnoyEdgeError(
    "ARTIFACT_CHANGED",
    `${path} ${what} as its manifest says. Rebuild the artifact.`,
  );
}
