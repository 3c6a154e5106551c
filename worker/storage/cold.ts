import { type ColdPages, isSoundPage } from "../core/format/cold-pages.ts";
import { AnnoyEdgeError, ArtifactError } from "../core/format/errors.ts";
import { freeBuffer } from "../core/format/release.ts";
import type { RangeCache } from "./range-cache.ts";
import { coalesce, type Piece, type ReadLimits } from "./ranges.ts";

/** Three rounds of the six requests that may wait at once. What each figure buys is measured in docs/scale.md. */
export const READ_LIMITS: ReadLimits = { gap: 32_768, most: 18, widest: 262_144 };

/** A file that is read by range. */
export interface ColdFile {
  /** Names the file among all that share a cache. */
  readonly key: string;
  readonly bytes: number;
  readonly pages: ColdPages;
  /** @param fresh past all caches: what they gave is damaged */
  read(offset: number, length: number, fresh?: boolean): Promise<Uint8Array>;
}

/** Reads ranges of one file, all at once: their bytes one behind the other, in a buffer that belongs to the caller. */
export type ReadRanges = (ranges: Iterable<Piece>) => Promise<Uint8Array>;

/** Place of a page's bytes, or some of them, in an answer. */
interface Part {
  readonly from: number;
  readonly to: number;
  readonly at: number;
}

/**
 * A reader of a file's cold part: what the isolate has of it comes from memory, and everything else in one round of
 * parallel reads, neighbouring pages in one piece. Pages are held against their checksums where the file has them; a
 * piece with a damaged one is read once more, past all caches.
 *
 * A search reads up to megabytes, so every buffer but the answer is given back as soon as its bytes are copied.
 *
 * @throws ArtifactError `CHECKSUM_MISMATCH`, from the reader, for a page that is damaged where it lies
 */
export function createColdReader(file: ColdFile, cache: RangeCache, limits = READ_LIMITS): ReadRanges {
  return async (ranges) => {
    const { partsOf, length } = pagesOf(ranges, file);
    const answer = new Uint8Array(length);
    const take = (page: number, bytes: Uint8Array): void => {
      for (const { from, to, at } of partsOf.get(page)!) answer.set(bytes.subarray(from, to), at);
    };
    const missing: number[] = [];
    for (const page of partsOf.keys()) {
      const bytes = cache.get(file.key, page);
      if (bytes) take(page, bytes);
      else missing.push(page);
    }
    missing.sort((a, b) => a - b);
    const pieces = coalesce(
      missing.map((page) => pieceOf(page, file)),
      limits,
    );
    await Promise.all(
      pieces.map(async (piece) => {
        const readPiece = (fresh: boolean) =>
          readPages(file, piece, fresh, (bytes) => {
            const { start, pageBytes } = file.pages;
            const end = piece.offset + piece.length;
            for (const page of missing) {
              const offset = start + page * pageBytes;
              if (offset >= end) break;
              if (offset < piece.offset) continue;
              const own = bytes.subarray(
                offset - piece.offset,
                Math.min(end, offset + pageBytes) - piece.offset,
              );
              requireSound(file, page, own);
              cache.set(file.key, page, own);
              take(page, own);
            }
          });
        await readPiece(false).catch((error: unknown) => {
          if (error instanceof ArtifactError) return readPiece(true);
          throw error;
        });
      }),
    );
    return answer;
  };
}

/** Reads a piece, whose bytes `use` has until it returns. */
async function readPages(
  file: ColdFile,
  { offset, length }: Piece,
  fresh: boolean,
  use: (bytes: Uint8Array) => void,
): Promise<void> {
  const bytes = await file.read(offset, length, fresh);
  try {
    if (bytes.byteLength !== length) {
      throw new AnnoyEdgeError(
        "READ_CUT_SHORT",
        `${bytes.byteLength} of ${length} bytes at ${offset} of ${file.key} were read.`,
      );
    }
    use(bytes);
  } finally {
    freeBuffer(bytes.buffer);
  }
}

/** @throws ArtifactError `CHECKSUM_MISMATCH` */
function requireSound(file: ColdFile, page: number, bytes: Uint8Array): void {
  if (isSoundPage(file.pages, page, bytes)) return;
  const { offset, length } = pieceOf(page, file);
  throw new ArtifactError(
    "CHECKSUM_MISMATCH",
    `${length} bytes at ${offset} of ${file.key} do not match their checksum.`,
  );
}

function pieceOf(page: number, { bytes, pages: { start, pageBytes } }: ColdFile): Piece {
  const offset = start + page * pageBytes;
  return { offset, length: Math.min(pageBytes, bytes - offset) };
}

/**
 * Returns the pages that ranges lie in, each with its places in the answer, and the answer's length.
 *
 * @throws AnnoyEdgeError `READ_CUT_SHORT` for a range that leaves the cold part
 */
function pagesOf(
  ranges: Iterable<Piece>,
  { bytes, pages }: ColdFile,
): { readonly partsOf: ReadonlyMap<number, readonly Part[]>; readonly length: number } {
  const { start, pageBytes } = pages;
  const partsOf = new Map<number, Part[]>();
  let at = 0;
  for (const { offset, length } of ranges) {
    const end = offset + length;
    if (offset < start || end > bytes) {
      throw new AnnoyEdgeError(
        "READ_CUT_SHORT",
        `The range of ${length} bytes at ${offset} leaves the cold part, from ${start} to ${bytes}.`,
      );
    }
    for (let now = offset; now < end; ) {
      const page = Math.floor((now - start) / pageBytes);
      const from = now - start - page * pageBytes;
      const to = Math.min(pageBytes, from + end - now);
      const parts = partsOf.get(page);
      if (parts) parts.push({ from, to, at });
      else partsOf.set(page, [{ from, to, at }]);
      at += to - from;
      now += to - from;
    }
  }
  return { partsOf, length: at };
}
