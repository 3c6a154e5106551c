import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { PART_BYTES } from "./cost.ts";
import type { ObjectSource, PublishStore } from "./store.ts";

/** Whether an object holds what it should. */
export type Soundness = "sound" | "missing" | "changed";

/** Expected content of an object. */
export interface Expected {
  readonly bytes: number;
  readonly sha256: string;
  /** Etags that R2 gives to these bytes; any other etag proves nothing, and the object is read. */
  readonly etags: readonly string[];
}

const RANGE_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 1 << 20;

/**
 * Length and etag in R2 after an upload. An etag is the MD5 of the bytes, or of an upload in parts the MD5 of the parts'
 * MD5s and their number.
 */
export async function expectedOf(source: ObjectSource): Promise<Expected> {
  const sha256 = createHash("sha256");
  const md5 = createHash("md5");
  const parts = createHash("md5");
  let part = createHash("md5");
  let inPart = 0;
  let count = 0;
  let bytes = 0;
  const endPart = () => {
    parts.update(part.digest());
    part = createHash("md5");
    inPart = 0;
    count++;
  };
  for await (const chunk of chunksOf(source)) {
    sha256.update(chunk);
    md5.update(chunk);
    bytes += chunk.byteLength;
    for (let at = 0; at < chunk.byteLength; ) {
      const piece = chunk.subarray(at, at + PART_BYTES - inPart);
      part.update(piece);
      inPart += piece.byteLength;
      at += piece.byteLength;
      if (inPart === PART_BYTES) endPart();
    }
  }
  if (inPart > 0) endPart();
  return {
    bytes,
    sha256: sha256.digest("hex"),
    etags: [md5.digest("hex"), `${parts.digest("hex")}-${count}`],
  };
}

async function* chunksOf(source: ObjectSource): AsyncGenerator<Uint8Array> {
  if (source instanceof Uint8Array) yield source;
  // Without an encoding a file's stream gives Buffers.
  else yield* createReadStream(source.path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>;
}

/** Whether an object is there and holds these bytes: by its etag where that proves it, else by reading it. */
export async function soundnessOf(store: PublishStore, key: string, expected: Expected): Promise<Soundness> {
  const info = await store.headObject(key);
  if (!info) return "missing";
  if (info.bytes !== expected.bytes) return "changed";
  if (expected.etags.includes(info.etag)) return "sound";
  const digest = createHash("sha256");
  for (let offset = 0; offset < info.bytes; offset += RANGE_BYTES) {
    const length = Math.min(RANGE_BYTES, info.bytes - offset);
    const object = await store.getObject(key, { offset, length });
    if (!object) return "missing";
    digest.update(object.bytes);
  }
  return digest.digest("hex") === expected.sha256 ? "sound" : "changed";
}
