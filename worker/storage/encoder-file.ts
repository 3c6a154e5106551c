import type { Cache, R2Bucket, ReadableStream } from "@cloudflare/workers-types";
import type { Kernel } from "../core/embedding/encoder/kernel.ts";
import { freeBuffer } from "../core/format/artifact.ts";
import { AnnoyEdgeError } from "../core/format/errors.ts";
import { encoderKey } from "../core/format/keys.ts";
import { copyBytes, putFile } from "./fill.ts";
import { retried } from "./objects.ts";

const STEP_BYTES = 1024 * 1024;

/** Places of encoders' files. */
export interface EncoderFiles {
  readonly bucket: R2Bucket;
  /** The data centre's cache; without it every isolate reads from R2. */
  readonly cache?: Cache | undefined;
}

/** Reads the file into the kernel's memory, where it stays: from the data centre's cache when that has it, else from R2. */
export async function readEncoder(
  { bucket, cache }: EncoderFiles,
  hash: string,
  kernel: Kernel,
  onSize: (bytes: number) => void,
  onProgress: (bytes: number) => void,
): Promise<{ readonly bytes: Uint8Array; readonly from: "cache" | "r2" }> {
  const cached = await cache?.match(cacheUrl(hash)).catch(() => undefined);
  const length = Number(cached?.headers.get("content-length"));
  if (cached?.body && Number.isSafeInteger(length) && length > 0) {
    onSize(length);
    try {
      return { bytes: await copyInto(cached.body, length, kernel, onProgress), from: "cache" };
    } catch {
      // A read that was taken over says nothing of the copy.
      onProgress(length);
      await forgetEncoder({ bucket, cache }, hash);
    }
  }
  const key = encoderKey(hash);
  const object = await retried(() => bucket.get(key));
  if (!object) {
    throw new AnnoyEdgeError("ENCODER_MISSING", `The bucket has no ${key}. Publish the index again.`);
  }
  onSize(object.size);
  return { bytes: await copyInto(object.body, object.size, kernel, onProgress), from: "r2" };
}

/** The bytes of an encoder never change, so its hash says what is cached. The host exists nowhere. */
function cacheUrl(hash: string): string {
  return `https://annoy-edge.invalid/${encoderKey(hash)}`;
}

async function copyInto(
  stream: ReadableStream,
  length: number,
  kernel: Kernel,
  onProgress: (bytes: number) => void,
): Promise<Uint8Array> {
  const target = kernel.reserve(length);
  const reader = stream.getReader({ mode: "byob" });
  let buffer = new ArrayBuffer(Math.min(STEP_BYTES, length));
  let read = 0;
  try {
    while (read < length) {
      const step = Math.min(buffer.byteLength, length - read);
      const { value, done } = await reader.readAtLeast(step, new Uint8Array(buffer, 0, step));
      if (value) {
        target.set(value, read);
        read += value.byteLength;
        buffer = value.buffer as ArrayBuffer;
      }
      if (done || (value && value.byteLength < step)) break;
      onProgress(length);
    }
  } finally {
    freeBuffer(buffer);
    if (read < length) reader.cancel().catch(() => {});
  }
  if (read < length) {
    throw new AnnoyEdgeError("READ_CUT_SHORT", `The encoder ended after ${read} of ${length} bytes.`);
  }
  return target;
}

/** Leaves an encoder in the data centre's cache. @param file view of it, which may become another one while it is copied */
export async function fillEncoder(
  { cache }: EncoderFiles,
  hash: string,
  file: () => Uint8Array,
): Promise<void> {
  const { byteLength } = file();
  if (cache) await putFile(cache, cacheUrl(hash), byteLength, (write) => copyBytes(file, byteLength, write));
}

/** Drops the copy in the data centre's cache, which is damaged. */
export async function forgetEncoder({ cache }: EncoderFiles, hash: string): Promise<void> {
  await cache?.delete(cacheUrl(hash)).catch(() => false);
}
