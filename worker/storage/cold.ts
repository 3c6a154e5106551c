import { freeBuffer } from "../core/format/artifact.ts";
import { type ColdPages, isSoundPage } from "../core/format/cold-pages.ts";
import { AnnoyEdgeError, ArtifactError } from "../core/format/errors.ts";
import type { RangeCache } from "./range-cache.ts";
import { coalesce, type Piece, type ReadLimits } from "./ranges.ts";

/**
 * Three rounds of the six requests that may wait at once. Reads join rows across gaps of 32 KiB, and beyond 18 reads up to 256 KiB.
 * Measured at 384 dimensions and k = 10: 14.1 reads and 1,191 KiB a search at 120,000 vectors, 18.9 and 2,168 at 300,000.
 */
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

/**
 * Places of pages' bytes in an answer, by page: its number, the part of it from and to, and where that lies in the answer.
 * Numbers in one array and no objects: a search waits for its reads long enough for those to leave V8's young generation.
 */
type Parts = Int32Array;
const PART = 4;

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
  const number = cache.fileOf(file.key);
  return async (ranges) => {
    const { parts, length } = partsOf(ranges, file);
    const answer = new Uint8Array(length);
    const missing = parts.subarray(
      0,
      takeKept(parts, answer, (page) => cache.get(number, page)),
    );
    await Promise.all(
      coalesce(runsOf(missing, file), limits).map(async (piece) => {
        const readPiece = (fresh: boolean) =>
          readPages(file, piece, fresh, (bytes) =>
            takeRead(missing, answer, file, piece, (page) => {
              const at = pieceOf(page, file);
              const own = bytes.subarray(at.offset - piece.offset, at.offset - piece.offset + at.length);
              requireSound(file, page, own);
              cache.set(number, page, own);
              return own;
            }),
          );
        await readPiece(false).catch((error: unknown) => {
          if (error instanceof ArtifactError) return readPiece(true);
          throw error;
        });
      }),
    );
    return answer;
  };
}

/** Copies the parts of pages that are kept, and moves the others to the front. Returns the end of those. */
function takeKept(parts: Parts, answer: Uint8Array, kept: (page: number) => Uint8Array | undefined): number {
  let count = 0;
  for (let from = 0, to = 0; from < parts.length; from = to) {
    to = endOfPage(parts, from);
    const bytes = kept(parts[from]!);
    if (bytes) {
      takePage(parts, from, to, bytes, answer);
    } else {
      parts.copyWithin(count, from, to);
      count += to - from;
    }
  }
  return count;
}

/** Copies the parts of pages that lie in a piece. */
function takeRead(
  parts: Parts,
  answer: Uint8Array,
  { pages: { start, pageBytes } }: ColdFile,
  piece: Piece,
  bytesOf: (page: number) => Uint8Array,
): void {
  const first = (piece.offset - start) / pageBytes;
  const end = (piece.offset + piece.length - start) / pageBytes;
  for (let from = 0, to = 0; from < parts.length; from = to) {
    to = endOfPage(parts, from);
    const page = parts[from]!;
    if (page >= end) break;
    if (page >= first) takePage(parts, from, to, bytesOf(page), answer);
  }
}

function endOfPage(parts: Parts, from: number): number {
  let to = from + PART;
  while (to < parts.length && parts[to] === parts[from]) to += PART;
  return to;
}

function takePage(parts: Parts, from: number, to: number, bytes: Uint8Array, answer: Uint8Array): void {
  for (let i = from; i < to; i += PART)
    answer.set(bytes.subarray(parts[i + 1]!, parts[i + 2]!), parts[i + 3]!);
}

/** Returns the pages of parts, those that follow each other in one piece. */
function runsOf(parts: Parts, file: ColdFile): Piece[] {
  const runs: { offset: number; length: number }[] = [];
  let next = -1;
  for (let from = 0; from < parts.length; from = endOfPage(parts, from)) {
    const page = parts[from]!;
    const { offset, length } = pieceOf(page, file);
    const last = runs.at(-1);
    if (last && page === next) last.length += length;
    else runs.push({ offset, length });
    next = page + 1;
  }
  return runs;
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

/** Parts while they are counted, which nothing interrupts. */
let scratch: Parts = new Int32Array(1024 * PART);

function grown(parts: Parts): Parts {
  const larger = new Int32Array(2 * parts.length);
  larger.set(parts);
  return larger;
}

/**
 * Returns the parts of pages that ranges are made of, by page, and the answer's length.
 *
 * @throws AnnoyEdgeError `READ_CUT_SHORT` for a range that leaves the cold part
 */
function partsOf(
  ranges: Iterable<Piece>,
  { bytes, pages: { start, pageBytes } }: ColdFile,
): { readonly parts: Parts; readonly length: number } {
  let at = 0;
  let count = 0;
  let isSorted = true;
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
      if (count > 0 && page < scratch[count - PART]!) isSorted = false;
      if (count === scratch.length) scratch = grown(scratch);
      scratch[count++] = page;
      scratch[count++] = from;
      scratch[count++] = to;
      scratch[count++] = at;
      at += to - from;
      now += to - from;
    }
  }
  const parts = scratch.slice(0, count);
  return { parts: isSorted ? parts : sortedByPage(parts), length: at };
}

function sortedByPage(parts: Parts): Parts {
  const order = Array.from({ length: parts.length / PART }, (_, i) => i * PART);
  order.sort((a, b) => parts[a]! - parts[b]!);
  return Int32Array.from(order.flatMap((at) => [...parts.subarray(at, at + PART)]));
}
