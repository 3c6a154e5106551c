import { AnnoyEdgeError } from "../core/format/errors.ts";
import { RANGE_PAGE_BYTES, type RangeCache } from "./range-cache.ts";
import { coalesce, type Piece, type ReadLimits } from "./ranges.ts";

/** Three rounds of the six requests that may wait at once. What each figure buys is measured in docs/scale.md. */
export const READ_LIMITS: ReadLimits = { gap: 32_768, most: 18, widest: 262_144 };

/** A file that is read by range. */
export interface ColdFile {
  /** Names the file among all that share a cache. */
  readonly key: string;
  readonly bytes: number;
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Reads ranges of one file, all at once; the results are in their order. */
export type ReadRanges = (ranges: readonly Piece[]) => Promise<Uint8Array[]>;

/**
 * A reader of a file's cold part: what the isolate has of it comes from memory, and everything else in one round of
 * parallel reads, neighbouring pages in one piece.
 */
export function createColdReader(file: ColdFile, cache: RangeCache, limits = READ_LIMITS): ReadRanges {
  return async (ranges) => {
    const pages = new Map<number, Uint8Array | undefined>();
    for (const range of ranges) {
      for (const page of pagesOf(range, file.bytes)) {
        if (!pages.has(page)) pages.set(page, cache.get(file.key, page));
      }
    }
    const missing = [...pages.keys()].filter((page) => !pages.get(page)).sort((a, b) => a - b);
    const wanted = missing.map((page) => pieceOf(page, file.bytes));
    await Promise.all(
      coalesce(wanted, limits).map(async ({ offset, length }) => {
        const bytes = await file.read(offset, length);
        if (bytes.byteLength !== length) {
          throw new AnnoyEdgeError(
            "READ_CUT_SHORT",
            `${bytes.byteLength} of ${length} bytes at ${offset} of ${file.key} were read.`,
          );
        }
        for (const page of pagesOf({ offset, length }, file.bytes)) {
          if (!pages.has(page)) continue;
          const own = pieceOf(page, file.bytes);
          // A copy: a view would keep the whole piece in memory.
          const copy = bytes.slice(own.offset - offset, own.offset - offset + own.length);
          pages.set(page, copy);
          cache.set(file.key, page, copy);
        }
      }),
    );
    return ranges.map((range) => cut(range, pages, file.bytes));
  };
}

function pieceOf(page: number, fileBytes: number): Piece {
  const offset = page * RANGE_PAGE_BYTES;
  return { offset, length: Math.min(RANGE_PAGE_BYTES, fileBytes - offset) };
}

/** @throws AnnoyEdgeError `READ_CUT_SHORT` for a range that leaves the file */
function* pagesOf({ offset, length }: Piece, fileBytes: number): Generator<number> {
  if (offset + length > fileBytes) {
    throw new AnnoyEdgeError(
      "READ_CUT_SHORT",
      `The range of ${length} bytes at ${offset} leaves the file, which has ${fileBytes}.`,
    );
  }
  const last = Math.floor((offset + length - 1) / RANGE_PAGE_BYTES);
  for (let page = Math.floor(offset / RANGE_PAGE_BYTES); page <= last; page++) yield page;
}

/** A range out of its pages; a view where it lies within one. */
function cut(
  range: Piece,
  pages: ReadonlyMap<number, Uint8Array | undefined>,
  fileBytes: number,
): Uint8Array {
  const { offset, length } = range;
  const numbers = [...pagesOf(range, fileBytes)];
  const start = offset - (numbers[0] ?? 0) * RANGE_PAGE_BYTES;
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
