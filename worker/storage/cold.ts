import { type ColdPages, isSoundPage } from "../core/format/cold-pages.ts";
import { AnnoyEdgeError, ArtifactError } from "../core/format/errors.ts";
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

/** Reads ranges of one file, all at once; the results are in their order. */
export type ReadRanges = (ranges: readonly Piece[]) => Promise<Uint8Array[]>;

/**
 * A reader of a file's cold part: what the isolate has of it comes from memory, and everything else in one round of
 * parallel reads, neighbouring pages in one piece. Pages are held against their checksums where the file has them; a
 * piece with a damaged one is read once more, past all caches.
 *
 * @throws ArtifactError `CHECKSUM_MISMATCH`, from the reader, for a page that is damaged where it lies
 */
export function createColdReader(file: ColdFile, cache: RangeCache, limits = READ_LIMITS): ReadRanges {
  return async (ranges) => {
    const pages = new Map<number, Uint8Array | undefined>();
    for (const range of ranges) {
      for (const page of pagesOf(range, file)) {
        if (!pages.has(page)) pages.set(page, cache.get(file.key, page));
      }
    }
    const missing = [...pages.keys()].filter((page) => !pages.get(page)).sort((a, b) => a - b);
    const wanted = missing.map((page) => pieceOf(page, file));
    await Promise.all(
      coalesce(wanted, limits).map(async (piece) => {
        const read = await readPages(file, piece, missing, false).catch((error: unknown) => {
          if (error instanceof ArtifactError) return readPages(file, piece, missing, true);
          throw error;
        });
        for (const [page, bytes] of read) {
          pages.set(page, bytes);
          cache.set(file.key, page, bytes);
        }
      }),
    );
    return ranges.map((range) => cut(range, pages, file));
  };
}

/** Reads a piece and returns those of its pages that are wanted. */
async function readPages(
  file: ColdFile,
  piece: Piece,
  wanted: readonly number[],
  fresh: boolean,
): Promise<Map<number, Uint8Array>> {
  const { offset, length } = piece;
  const bytes = await file.read(offset, length, fresh);
  if (bytes.byteLength !== length) {
    throw new AnnoyEdgeError(
      "READ_CUT_SHORT",
      `${bytes.byteLength} of ${length} bytes at ${offset} of ${file.key} were read.`,
    );
  }
  const pages = new Map<number, Uint8Array>();
  for (const page of wanted) {
    const own = pieceOf(page, file);
    if (own.offset < offset || own.offset >= offset + length) continue;
    // A copy: a view would keep the whole piece in memory.
    const copy = bytes.slice(own.offset - offset, own.offset - offset + own.length);
    if (!isSoundPage(file.pages, page, copy)) {
      throw new ArtifactError(
        "CHECKSUM_MISMATCH",
        `${own.length} bytes at ${own.offset} of ${file.key} do not match their checksum.`,
      );
    }
    pages.set(page, copy);
  }
  return pages;
}

function pieceOf(page: number, { bytes, pages: { start, pageBytes } }: ColdFile): Piece {
  const offset = start + page * pageBytes;
  return { offset, length: Math.min(pageBytes, bytes - offset) };
}

/** @throws AnnoyEdgeError `READ_CUT_SHORT` for a range that leaves the cold part */
function* pagesOf({ offset, length }: Piece, { bytes, pages }: ColdFile): Generator<number> {
  const { start, pageBytes } = pages;
  if (offset < start || offset + length > bytes) {
    throw new AnnoyEdgeError(
      "READ_CUT_SHORT",
      `The range of ${length} bytes at ${offset} leaves the cold part, from ${start} to ${bytes}.`,
    );
  }
  const last = Math.floor((offset + length - 1 - start) / pageBytes);
  for (let page = Math.floor((offset - start) / pageBytes); page <= last; page++) yield page;
}

/** A range out of its pages; a view where it lies within one. */
function cut(range: Piece, pages: ReadonlyMap<number, Uint8Array | undefined>, file: ColdFile): Uint8Array {
  const { offset, length } = range;
  const numbers = [...pagesOf(range, file)];
  const start = offset - pieceOf(numbers[0] ?? 0, file).offset;
  if (numbers.length === 1) return pages.get(numbers[0]!)!.subarray(start, start + length);
  const bytes = new Uint8Array(length);
  let at = -start;
  for (const number of numbers) {
    const page = pages.get(number)!;
    const from = Math.max(0, -at);
    bytes.set(page.subarray(from, Math.min(page.byteLength, length - at)), at + from);
    at += page.byteLength;
  }
  return bytes;
}
