import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { HEADER_BYTES, MAX_SECTIONS, SECTION_ENTRY_BYTES, SECTIONS } from "../../worker/format/constants.ts";
import { AnnoyEdgeError } from "../../worker/format/errors.ts";
import { type ArtifactHeader, decodeHeader } from "../../worker/format/header.ts";
import { assertIndexName } from "../../worker/format/keys.ts";
import type { Manifest } from "../../worker/format/meta.ts";
import { readManifest } from "../pipeline/folder.ts";

/** An artifact folder that has been checked against its manifest. */
export interface ArtifactFolder {
  readonly manifest: Manifest;
  readonly header: ArtifactHeader;
  readonly forestPath: string;
  readonly documentsPath: string;
  /** Items in the forest's storage order. */
  readonly order: Uint32Array;
}

/**
 * Opens an artifact folder and holds its files against the manifest's lengths and hashes, so that nothing damaged or
 * half-written is ever uploaded.
 *
 * @throws AnnoyEdgeError `NOT_AN_ARTIFACT`, `ARTIFACT_CHANGED`, `INVALID_NAME`, or an ArtifactError
 */
export async function openArtifactFolder(
  dir: string,
  onProgress?: (done: number, total: number) => void,
): Promise<ArtifactFolder> {
  const manifest = await readManifest(dir);
  assertIndexName(manifest.name);
  const forestPath = join(dir, "forest.bin");
  const documentsPath = join(dir, "documents.jsonl");
  const total = manifest.files["forest.bin"].bytes + manifest.files["documents.jsonl"].bytes;
  let done = 0;
  for (const [path, file] of [
    [forestPath, manifest.files["forest.bin"]],
    [documentsPath, manifest.files["documents.jsonl"]],
  ] as const) {
    const info = await stat(path).catch(() => undefined);
    if (info?.size !== file.bytes) {
      throw changed(path, info ? `has ${info.size} bytes, not ${file.bytes}` : "is not there");
    }
    const digest = createHash("sha256");
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      digest.update(chunk as Buffer);
      done += (chunk as Buffer).byteLength;
      onProgress?.(done, total);
    }
    if (digest.digest("hex") !== file.sha256) throw changed(path, "does not match its SHA-256");
  }
  return { manifest, forestPath, documentsPath, ...(await readForestHead(forestPath)) };
}

function changed(path: string, what: string): AnnoyEdgeError {
  return new AnnoyEdgeError(
    "ARTIFACT_CHANGED",
    `${path} ${what} as its manifest says. Rebuild the artifact.`,
  );
}

async function readForestHead(path: string): Promise<{ header: ArtifactHeader; order: Uint32Array }> {
  const file = await open(path, "r");
  try {
    const head = Buffer.alloc(HEADER_BYTES + MAX_SECTIONS * SECTION_ENTRY_BYTES);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    const { header, sections } = decodeHeader(head.subarray(0, bytesRead));
    const section = sections.find(({ kind }) => kind === SECTIONS.slotItems);
    const order = new Uint32Array(section ? Math.floor(section.length / 4) : 0);
    if (section) await file.read(new Uint8Array(order.buffer), 0, order.byteLength, section.offset);
    return { header, order };
  } finally {
    await file.close();
  }
}
