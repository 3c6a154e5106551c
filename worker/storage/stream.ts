import type { ReadableStream } from "@cloudflare/workers-types";
import { freeBuffer } from "../core/format/artifact.ts";
import { AnnoyEdgeError } from "../core/format/errors.ts";
import { answered } from "./objects.ts";

/** Read at a time: few enough calls to be cheap, enough of them that work on the bytes fits between. */
const STEP_BYTES = 1024 * 1024;

/**
 * Reads a byte stream of known length step by step, into one buffer of a step.
 *
 * @param use called with the bytes of a step, valid until it settles, and the number of those before; what it throws ends the read
 * @throws AnnoyEdgeError `READ_CUT_SHORT` when the stream ends early
 */
export async function readSteps(
  stream: ReadableStream,
  length: number,
  what: string,
  use: (bytes: Uint8Array, before: number) => unknown,
): Promise<void> {
  const reader = stream.getReader({ mode: "byob" });
  let buffer = new ArrayBuffer(Math.min(STEP_BYTES, length));
  let read = 0;
  try {
    while (read < length) {
      const step = Math.min(buffer.byteLength, length - read);
      const { value } = await answered(reader.readAtLeast(step, new Uint8Array(buffer, 0, step)));
      if (!value || value.byteLength < step) throw cutShort(what, read + (value?.byteLength ?? 0), length);
      await use(value, read);
      read += step;
      buffer = value.buffer as ArrayBuffer;
    }
  } finally {
    freeBuffer(buffer);
    if (read < length) reader.cancel().catch(() => {});
  }
}

function cutShort(what: string, read: number, length: number): AnnoyEdgeError {
  return new AnnoyEdgeError("READ_CUT_SHORT", `${what} ended after ${read} of ${length} bytes.`);
}

/**
 * Reads a byte stream of known length into one buffer of exactly that length. `arrayBuffer()` would gather pieces and
 * copy them together, holding the bytes twice; here they are written in place once.
 *
 * @param onStep called after each step with all bytes so far, valid until it returns; what it throws ends the read
 * @throws AnnoyEdgeError `READ_CUT_SHORT` when the stream ends early
 */
export async function readExactly(
  stream: ReadableStream,
  length: number,
  what: string,
  onStep?: (bytes: Uint8Array) => void,
): Promise<Uint8Array> {
  const reader = stream.getReader({ mode: "byob" });
  let buffer = new ArrayBuffer(length);
  let read = 0;
  try {
    while (read < length) {
      const step = Math.min(STEP_BYTES, length - read);
      // Reading detaches the buffer and hands the same memory back under a new one.
      const { value, done } = await answered(reader.readAtLeast(step, new Uint8Array(buffer, read, step)));
      if (value) {
        buffer = value.buffer as ArrayBuffer;
        read += value.byteLength;
      }
      if (done || (value && value.byteLength < step)) break;
      onStep?.(new Uint8Array(buffer, 0, read));
    }
  } catch (error) {
    freeBuffer(buffer);
    throw error;
  } finally {
    // Errors of a cancelled stream say nothing that the caller does not know.
    if (read < length) reader.cancel().catch(() => {});
  }
  if (read < length) {
    freeBuffer(buffer);
    throw cutShort(what, read, length);
  }
  return new Uint8Array(buffer, 0, length);
}
