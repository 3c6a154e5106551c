import type { Cache, R2Bucket, ReadableStream } from "@cloudflare/workers-types";
import { type Encoder, openEncoder } from "../core/embedding/encoder/encoder.ts";
import type { Kernel } from "../core/embedding/encoder/kernel.ts";
import { AnnoyEdgeError } from "../core/format/errors.ts";
import { encoderKey } from "../core/format/keys.ts";
import { cachedCopy, copyBytes } from "./cached-copy.ts";
import { retried } from "./objects.ts";
import { readSteps } from "./stream.ts";

/** Places of encoders' files. */
export interface EncoderFiles {
  readonly bucket: R2Bucket;
  /** The data centre's cache; without it every isolate reads from R2. */
  readonly cache?: Cache | undefined;
}

export interface EncoderReading {
  /** Receives the file's bytes, which stay in its memory. */
  readonly kernel: Kernel;
  /** Called with the file's length, before it is read. */
  readonly onSize: (bytes: number) => void;
  /** Called with the file's length as its bytes arrive; what it throws ends the reading. */
  readonly onProgress: (bytes: number) => void;
}

export interface EncoderFile {
  readonly encoder: Encoder;
  readonly bytes: number;
  readonly from: "cache" | "r2";
}

/**
 * Reads an encoder: from the data centre's cache when that has it, else from R2. A damaged cached copy is dropped and R2
 * asked instead.
 *
 * @throws AnnoyEdgeError `ENCODER_MISSING`, `ENCODER_MISMATCH`, `READ_CUT_SHORT`
 */
export async function readEncoder(
  { bucket, cache }: EncoderFiles,
  hash: string,
  { kernel, onSize, onProgress }: EncoderReading,
): Promise<EncoderFile> {
  const key = encoderKey(hash);
  const read = async (body: ReadableStream, bytes: number): Promise<Encoder> => {
    onSize(bytes);
    const file = kernel.reserve(bytes);
    await readSteps(body, bytes, "The encoder", (step, before) => {
      file.set(step, before);
      onProgress(bytes);
    });
    return opened(file, kernel, hash);
  };
  const copy = cachedCopy(cache, key);
  const cached = await copy.find();
  const bytes = Number(cached?.headers.get("content-length"));
  if (cached?.body && Number.isSafeInteger(bytes) && bytes > 0) {
    try {
      return { encoder: await read(cached.body, bytes), bytes, from: "cache" };
    } catch {
      // A read that was taken over says nothing of the copy.
      onProgress(bytes);
      await copy.drop();
    }
  }
  const object = await retried(() => bucket.get(key));
  if (!object) {
    throw new AnnoyEdgeError("ENCODER_MISSING", `The bucket has no ${key}. Publish the index again.`);
  }
  return { encoder: await read(object.body, object.size), bytes: object.size, from: "r2" };
}

/** Opens an encoder that was read into a kernel's memory. @throws AnnoyEdgeError `ENCODER_MISMATCH` */
function opened(bytes: Uint8Array, kernel: Kernel, hash: string): Encoder {
  const encoder = openEncoder(bytes, kernel);
  const { contentHash } = encoder.identity;
  if (contentHash === hash) return encoder;
  const message = `${encoderKey(hash)} holds the encoder ${contentHash}. Publish the index again.`;
  throw new AnnoyEdgeError("ENCODER_MISMATCH", message);
}

/** Leaves an encoder in the data centre's cache. @param file view of it, which may become another one while it is copied */
export async function fillEncoder(
  { cache }: EncoderFiles,
  hash: string,
  file: () => Uint8Array,
): Promise<void> {
  const { byteLength } = file();
  await cachedCopy(cache, encoderKey(hash)).put(byteLength, (write) => copyBytes(file, byteLength, write));
}
