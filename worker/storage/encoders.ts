import type { Cache, R2Bucket, ReadableStream } from "@cloudflare/workers-types";
import { type Encoder, openEncoder } from "../core/embedding/encoder/encoder.ts";
import { type Kernel, openKernel } from "../core/embedding/encoder/kernel.ts";
import type { Embedder } from "../core/embedding/types.ts";
import { HELD_BYTES } from "../core/format/budget.ts";
import { AnnoyEdgeError } from "../core/format/errors.ts";
import { encoderKey } from "../core/format/keys.ts";
import type { EmbedderIdentity } from "../core/format/meta.ts";
import { sleep } from "../core/time/wait.ts";
import { copyBytes, putFile } from "./fill.ts";
import { retried } from "./objects.ts";
import type { EncoderLength } from "./pointer.ts";

export interface EncoderSource {
  readonly bucket: R2Bucket;
  /** The data centre's cache; without it every isolate reads from R2. */
  readonly cache?: Cache | undefined;
  /** The compiled kernel. A Worker cannot compile bytes, so the caller imports it. */
  readonly kernel: object;
  readonly timing?: Partial<EncoderTiming>;
  /** Bytes that encoders may hold at the moment. */
  readonly room?: () => number;
}

/** In milliseconds. */
export interface EncoderTiming {
  /** A query waits this long for an encoder that is being read. */
  readonly wait: number;
  /** A read without a byte for this long belongs to a request that is gone; the next query starts anew. */
  readonly stall: number;
  /** A failed read is not tried again for this long. */
  readonly retry: number;
  /** An encoder that was read is put into the data centre's cache after this: the answers that wait go first. */
  readonly fill: number;
}

/** The sentence encoders in an isolate's memory: one copy each, whatever number of indexes use it. */
export interface Encoders {
  /** Embeds queries of an index; reads the encoder when the first query asks for it. */
  embedderOf(identity: EmbedderIdentity): Embedder;
  /**
   * Reads the encoder of an index, beside the index itself, and leaves it in the data centre's cache afterwards. Never
   * rejects: queries meet the fault.
   */
  prepare(identity: EmbedderIdentity | null): Promise<void>;
  /** Bytes of memory that encoders hold, those that are being read included. */
  readonly heldBytes: number;
  /** Bytes that an encoder will take which is not in memory; 0 for one that is. */
  missingBytes(encoder: EncoderLength | undefined): number;
}

const TIMING: EncoderTiming = { wait: 5_000, stall: 5_000, retry: 10_000, fill: 500 };
const POLL_MS = 5;
const STEP_BYTES = 1024 * 1024;
interface Entry {
  encoder?: Encoder;
  /** Bytes of the kernel's memory. */
  bytes: number;
  /** When the read under way last made progress. */
  heartbeat?: number | undefined;
  failure?: { readonly error: unknown; readonly until: number } | undefined;
  /** The file, while the data centre's cache lacks it. */
  uncached?: (() => Uint8Array) | undefined;
}

/**
 * No request awaits a promise of another request, which the runtime may drop when that request's client hangs up: one
 * request reads, the others look at the finished state on timers of their own, and one of them takes over a read that
 * makes no progress.
 */
export function createEncoders(source: EncoderSource): Encoders {
  const timing = { ...TIMING, ...source.timing };
  const { room = () => HELD_BYTES } = source;
  /** Encoders by content hash, the last used at the end. */
  const entries = new Map<string, Entry>();

  const entryOf = (hash: string): Entry => {
    const entry = entries.get(hash) ?? { bytes: 0 };
    entries.delete(hash);
    entries.set(hash, entry);
    return entry;
  };
  const heldBytes = (): number => [...entries.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  const makeRoom = (hash: string, bytes: number): void => {
    for (const [other, entry] of entries) {
      if (heldBytes() + bytes <= room()) return;
      if (other !== hash && entry.heartbeat === undefined) entries.delete(other);
    }
  };

  async function read(hash: string, entry: Entry): Promise<void> {
    let beat = Date.now();
    entry.heartbeat = beat;
    const alive = (bytes: number): void => {
      if (entry.heartbeat !== beat)
        throw new AnnoyEdgeError("SUPERSEDED", "Another request reads this encoder.");
      beat = Date.now();
      entry.heartbeat = beat;
      entry.bytes = bytes;
    };
    try {
      const kernel = openKernel(source.kernel);
      const { bytes, from } = await readInto(source, hash, kernel, (size) => makeRoom(hash, size), alive);
      const { byteLength } = bytes;
      // The view of it that was valid before may not be any more: the memory has grown.
      entry.uncached = from === "r2" ? () => kernel.reserve(byteLength) : undefined;
      const encoder = openEncoder(bytes, kernel);
      if (encoder.identity.contentHash !== hash) {
        throw new AnnoyEdgeError(
          "ENCODER_MISMATCH",
          `${encoderKey(hash)} holds the encoder ${encoder.identity.contentHash}. Publish the index again.`,
        );
      }
      entry.encoder = encoder;
      entry.bytes = encoder.memoryBytes;
      entry.failure = undefined;
    } catch (error) {
      if (entry.heartbeat !== beat) return;
      entry.bytes = 0;
      entry.failure = { error, until: Date.now() + timing.retry };
    }
    entry.heartbeat = undefined;
  }

  async function encoderOf(hash: string): Promise<Encoder> {
    const deadline = Date.now() + timing.wait;
    for (;;) {
      const entry = entryOf(hash);
      if (entry.encoder) return entry.encoder;
      const now = Date.now();
      if (entry.failure && now < entry.failure.until) throw unavailable(entry.failure.error);
      if (now >= deadline) throw unavailable(new Error("it is still being read"));
      if (entry.heartbeat === undefined || now - entry.heartbeat > timing.stall) await read(hash, entry);
      else await sleep(POLL_MS);
    }
  }

  return {
    get heldBytes() {
      return heldBytes();
    },
    missingBytes: (encoder) =>
      encoder === undefined || (entries.get(encoder.contentHash)?.bytes ?? 0) > 0 ? 0 : encoder.bytes,
    embedderOf(identity) {
      const hash = identity.contentHash ?? "";
      return {
        identity,
        embedQuery: async (text) => (await encoderOf(hash)).embedQuery(text),
        embedQueries: async (texts, work) => (await encoderOf(hash)).embedQueries(texts, work),
        embedDocuments: async (texts) => (await encoderOf(hash)).embedDocuments(texts),
      };
    },
    async prepare(identity) {
      if (identity?.provider !== "encoder" || !identity.contentHash) return;
      const hash = identity.contentHash;
      try {
        await encoderOf(hash);
        await sleep(timing.fill);
        const file = entries.get(hash)?.uncached;
        if (!file) return;
        entryOf(hash).uncached = undefined;
        const { cache } = source;
        const { byteLength } = file();
        if (cache)
          await putFile(cache, cacheUrl(hash), byteLength, (write) => copyBytes(file, byteLength, write));
      } catch {
        // The next query says what is wrong; a cache that cannot be filled is not missed.
      }
    },
  };
}

/** Reads the file into the kernel's memory, where it stays: from the data centre's cache when that has it, else from R2. */
async function readInto(
  { bucket, cache }: EncoderSource,
  hash: string,
  kernel: Kernel,
  onSize: (bytes: number) => void,
  onProgress: (bytes: number) => void,
): Promise<{ readonly bytes: Uint8Array; readonly from: "cache" | "r2" }> {
  const cached = await cache?.match(cacheUrl(hash)).catch(() => undefined);
  const length = Number(cached?.headers.get("content-length"));
  if (cached?.body && Number.isSafeInteger(length) && length > 0) {
    onSize(length);
    const bytes = await copyInto(cached.body, length, kernel, onProgress).catch(() => undefined);
    if (bytes) return { bytes, from: "cache" };
    await cache?.delete(cacheUrl(hash));
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
    if (read < length) reader.cancel().catch(() => {});
  }
  if (read < length) {
    throw new AnnoyEdgeError("READ_CUT_SHORT", `The encoder ended after ${read} of ${length} bytes.`);
  }
  return target;
}

function unavailable(cause: unknown): AnnoyEdgeError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AnnoyEdgeError("EMBEDDER_UNAVAILABLE", `The encoder is not available: ${reason}`, { cause });
}
