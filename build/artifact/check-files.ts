import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { Manifest } from "../../worker/core/format/meta.ts";
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
    const digest = createHash("sha256");
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      digest.update(chunk as Buffer);
      done += (chunk as Buffer).byteLength;
      onProgress?.(done);
    }
    if (digest.digest("hex") !== file.sha256) throw changed(path, "does not match its SHA-256");
  }
  if (versionOf(files) !== version) throw changed(dir, `is not version ${version}`);
}

/** Error of a folder whose parts do not fit together. */
export function changed(path: string, what: string): AnnoyEdgeError {
  return new AnnoyEdgeError(
    "ARTIFACT_CHANGED",
    `${path} ${what} as its manifest says. Rebuild the artifact.`,
  );
}
