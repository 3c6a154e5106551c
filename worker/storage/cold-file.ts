import type { Cache, R2Bucket, R2ObjectBody, ReadableStream, Response } from "@cloudflare/workers-types";
import type { Artifact } from "../core/format/artifact.ts";
import { findSection } from "../core/format/artifact.ts";
import { coldPagesOf } from "../core/format/cold-pages.ts";
import { AnnoyEdgeError } from "../core/format/errors.ts";
import { monotonicNow } from "../core/time/clock.ts";
import { type CachedCopy, cachedCopy } from "./cached-copy.ts";
import type { ColdFile } from "./cold.ts";
import { answered, getObject } from "./objects.ts";
import { readExactly, readSteps } from "./stream.ts";

/** https://developers.cloudflare.com/workers/platform/limits/: the largest object of the Cache API. */
const LARGEST_CACHED = 512 * 1000 * 1000;
/** A file that the data centre's cache does not have is not asked for there again for this long. */
const ASK_AGAIN_MS = 60_000;
/** A range up to this is read in one piece, although it is in memory twice for a moment then. */
const SHORT_BYTES = 512 * 1024;

/** Key and length of a forest. */
export interface ColdSource {
  readonly bucket: R2Bucket;
  readonly cache?: Cache | undefined;
}

/** Whether searches read rows from the file's cold part: codec binary keeps no other vectors. */
export function readsCold(artifact: Artifact): boolean {
  const { codec, metric } = artifact.header;
  const section = findSection(artifact, "rescoreVectors");
  return codec === "binary" && metric !== "hamming" && section !== undefined && !section.hot;
}

/** Opens a forest for reading by range: from the data centre's cache, where the whole file lies there, else from R2. */
export function openColdFile({ bucket, cache }: ColdSource, key: string, artifact: Artifact): ColdFile {
  const bytes = artifact.header.fileBytes;
  const copy = wholeCopy(cache, key, bytes);
  let askAt = 0;
  const fromCache = async (offset: number, length: number): Promise<Uint8Array | undefined> => {
    if (monotonicNow() < askAt) return undefined;
    const found = await copy.find({ offset, length });
    if (found) return readBody(found, length, "The cached range").catch(() => undefined);
    askAt = monotonicNow() + ASK_AGAIN_MS;
    return undefined;
  };
  return {
    key,
    bytes,
    pages: coldPagesOf(artifact),
    async read(offset, length, fresh = false) {
      if (fresh) {
        askAt = monotonicNow() + ASK_AGAIN_MS;
        await copy.drop();
      }
      const cached = fresh ? undefined : await fromCache(offset, length);
      if (cached) return cached;
      const object = await getObject(bucket, key, { offset, length });
      return readBody(object, length, `The range of ${length} bytes at ${offset} of ${key}`);
    },
  };
}

/**
 * Leaves a whole file in the data centre's cache, as a stream: its ranges are then a few milliseconds away, and cost no
 * operation of R2. Best effort.
 */
export async function fillColdCache(
  { bucket, cache }: ColdSource,
  key: string,
  bytes: number,
): Promise<void> {
  if (!cache || bytes > LARGEST_CACHED) return;
  const copy = wholeCopy(cache, key, bytes);
  const found = await copy.find({ offset: 0, length: 1 });
  if (found) return found.body?.cancel();
  const object = await getObject(bucket, key);
  await copy.put(bytes, (write) => readSteps(object.body, bytes, key, write));
}

/** A stream and its reader are five times the objects of a short range, which last until V8 collects all garbage. */
async function readBody(
  from: Pick<R2ObjectBody | Response, "body" | "arrayBuffer">,
  length: number,
  what: string,
): Promise<Uint8Array> {
  if (length > SHORT_BYTES) return readExactly(from.body as ReadableStream, length, what);
  const bytes = new Uint8Array(await answered(from.arrayBuffer()));
  if (bytes.byteLength === length) return bytes;
  throw new AnnoyEdgeError("READ_CUT_SHORT", `${what} ended after ${bytes.byteLength} bytes.`);
}

function wholeCopy(cache: Cache | undefined, key: string, bytes: number): CachedCopy {
  return cachedCopy(bytes > LARGEST_CACHED ? undefined : cache, `${key}?whole=${bytes}`);
}
