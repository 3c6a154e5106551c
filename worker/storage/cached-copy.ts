import type { Cache, Response as CachedResponse } from "@cloudflare/workers-types";
import { freeBuffer } from "../core/format/artifact.ts";
import { cacheUrl } from "../core/format/keys.ts";
import { within } from "../core/time/wait.ts";
import type { Piece } from "./ranges.ts";

const STEP_BYTES = 256 * 1024;
/** A cache that is slower is given up for R2. */
const TIME_LIMIT_MS = 2_000;

/** Writes bytes; they may be changed when it has resolved. */
type Write = (bytes: Uint8Array) => Promise<void>;

/** Copy of a file in the data centre's cache. */
export interface CachedCopy {
  /** Returns the copy, or a range of it; undefined where the cache has none, fails or is slow. */
  find(range?: Piece): Promise<CachedResponse | undefined>;
  /**
   * Puts the file into the cache, where it stays for a week. It is written in steps: a body that is handed over whole
   * leaves as much garbage as it has bytes.
   */
  put(length: number, writeAll: (write: Write) => Promise<void>): Promise<void>;
  /** Drops a copy that is damaged. */
  drop(): Promise<void>;
}

/** @param path key of the file, and which part of it is cached: the bytes of a file never change */
export function cachedCopy(cache: Cache | undefined, path: string): CachedCopy {
  const url = cacheUrl(path);
  return {
    async find(range) {
      if (!cache) return undefined;
      const headers = range && { range: `bytes=${range.offset}-${range.offset + range.length - 1}` };
      // The global types are other declarations of the same classes.
      const match = cache.match(new Request(url, headers && { headers }) as never);
      const found = await within(match, TIME_LIMIT_MS, () => undefined).catch(() => undefined);
      if (found?.status === (range ? 206 : 200)) return found;
      await found?.body?.cancel();
      return undefined;
    },
    async put(length, writeAll) {
      if (!cache) return;
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
      await Promise.all([cache.put(url, new Response(readable, { headers }) as never), written]);
    },
    async drop() {
      if (cache) await within(cache.delete(url), TIME_LIMIT_MS, () => false).catch(() => false);
    },
  };
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
