import type { Encoder } from "../core/embedding/encoder/encoder.ts";
import { type Kernel, openKernel } from "../core/embedding/encoder/kernel.ts";
import type { Embedder } from "../core/embedding/types.ts";
import { HELD_BYTES } from "../core/format/budget.ts";
import { AnnoyEdgeError } from "../core/format/errors.ts";
import type { EmbedderIdentity } from "../core/format/meta.ts";
import { monotonicNow } from "../core/time/clock.ts";
import { sleep } from "../core/time/wait.ts";
import { type EncoderFiles, fillEncoder, readEncoder } from "./encoder-file.ts";
import type { EncoderLength } from "./pointer.ts";

export interface EncoderSource extends EncoderFiles {
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
interface Entry {
  encoder?: Encoder;
  /** Bytes of the kernel's memory, of a spare one as well. */
  bytes: number;
  /** When the read under way last made progress. */
  heartbeat?: number | undefined;
  failure?: { readonly error: unknown; readonly until: number } | undefined;
  /** Kernel of a read that failed: the next one uses its memory, which nothing else gives back. */
  spare?: Kernel | undefined;
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
    let beat = monotonicNow();
    entry.heartbeat = beat;
    const alive = (bytes: number): void => {
      if (entry.heartbeat !== beat)
        throw new AnnoyEdgeError("SUPERSEDED", "Another request reads this encoder.");
      beat = monotonicNow();
      entry.heartbeat = beat;
      entry.bytes = bytes;
    };
    // One that another request takes over may still write to its kernel, so that request has a new one.
    let kernel = entry.spare;
    entry.spare = undefined;
    try {
      kernel ??= openKernel(source.kernel);
      const { encoder, bytes, from } = await readEncoder(source, hash, {
        kernel,
        onSize: (size) => makeRoom(hash, size),
        onProgress: alive,
      });
      // The view of it that was valid before may not be any more: the memory has grown.
      const { reserve } = kernel;
      entry.uncached = from === "r2" ? () => reserve(bytes) : undefined;
      entry.encoder = encoder;
      entry.bytes = encoder.memoryBytes;
      entry.failure = undefined;
    } catch (error) {
      if (entry.heartbeat !== beat) return;
      entry.spare = kernel;
      entry.bytes = kernel?.functions.memory.buffer.byteLength ?? 0;
      entry.failure = { error, until: monotonicNow() + timing.retry };
    }
    entry.heartbeat = undefined;
  }

  async function encoderOf(hash: string): Promise<Encoder> {
    const deadline = monotonicNow() + timing.wait;
    for (;;) {
      const entry = entryOf(hash);
      if (entry.encoder) return entry.encoder;
      const now = monotonicNow();
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
    missingBytes: (encoder) => (encoder ? missingOf(encoder, entries.get(encoder.contentHash)) : 0),
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
        await fillEncoder(source, hash, file);
      } catch {
        // The next query says what is wrong; a cache that cannot be filled is not missed.
      }
    },
  };
}

/** Bytes that an encoder will take beside what it has. */
function missingOf(
  { bytes: all }: EncoderLength,
  { encoder, heartbeat, bytes }: Entry = { bytes: 0 },
): number {
  return encoder || (heartbeat !== undefined && bytes > 0) ? 0 : Math.max(0, all - bytes);
}

function unavailable(cause: unknown): AnnoyEdgeError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AnnoyEdgeError("EMBEDDER_UNAVAILABLE", `The encoder is not available: ${reason}`, { cause });
}
