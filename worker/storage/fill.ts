import type { Cache, ReadableStream } from "@cloudflare/workers-types";
import { freeBuffer } from "../core/format/artifact.ts";

const STEP_BYTES = 256 * 1024;

/** Writes bytes; they may be changed when it has resolved. */
type Write = (bytes: Uint8Array) => Promise<void>;

/**
 * Puts a file into the data centre's cache, where it stays for a week: files never change. It is written in steps: a body
 * that is handed over whole leaves as much garbage as it has bytes.
 */
export async function putFile(
  cache: Cache,
  url: string,
  length: number,
  writeAll: (write: Write) => Promise<void>,
): Promise<void> {
  const headers = {
    "content-type": "application/octet-stream",
    "content-length": String(length),
    "cache-control": "public, max-age=604800, immutable",
  };
  const { readable, writable } = new FixedLengthStream(length);
  const writer = writable.getWriter();
  const written = writeAll((bytes) => writer.write(bytes)).then(
    () => writer.close(),
    (error) => writer.abort(error),
  );
  // The global type of the other declarations of the same class.
  await Promise.all([cache.put(url, new Response(readable, { headers }) as never), written]);
}

/** Copies a stream by one buffer. */
export async function copyStream(body: ReadableStream, length: number, write: Write): Promise<void> {
  const reader = body.getReader({ mode: "byob" });
  let buffer = new ArrayBuffer(STEP_BYTES);
  for (let read = 0; read < length; ) {
    const step = Math.min(STEP_BYTES, length - read);
    const { value, done } = await reader.readAtLeast(step, new Uint8Array(buffer, 0, step));
    if (value) {
      await write(value);
      read += value.byteLength;
      buffer = value.buffer as ArrayBuffer;
    }
    if (done) break;
  }
  freeBuffer(buffer);
}

/** Copies bytes by one buffer. @param bytesNow view of them, which may become another one while it is copied */
export async function copyBytes(bytesNow: () => Uint8Array, length: number, write: Write): Promise<void> {
  const step = new Uint8Array(Math.min(STEP_BYTES, length));
  for (let at = 0; at < length; at += step.byteLength) {
    const piece = bytesNow().subarray(at, Math.min(length, at + step.byteLength));
    step.set(piece);
    await write(step.subarray(0, piece.byteLength));
  }
  freeBuffer(step.buffer);
}
