import { checksum } from "../../worker/core/format/checksum.ts";
import { COLD_PAGE_BYTES } from "../../worker/core/format/cold-pages.ts";

/** A piece of the cold part, by its offset in that. */
export interface ColdPiece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Returns section coldChecksums of a cold part of so many bytes; what lies between its pieces is zeros. */
export function encodeColdChecksums(pieces: readonly ColdPiece[], length: number): Uint8Array {
  const pages = Math.ceil(length / COLD_PAGE_BYTES);
  const numbers = new Uint32Array(1 + pages);
  numbers[0] = COLD_PAGE_BYTES;
  const page = new Uint8Array(COLD_PAGE_BYTES);
  for (let i = 0; i < pages; i++) {
    const start = i * COLD_PAGE_BYTES;
    const end = Math.min(length, start + COLD_PAGE_BYTES);
    page.fill(0);
    for (const { offset, bytes } of pieces) {
      const from = Math.max(start, offset);
      const to = Math.min(end, offset + bytes.byteLength);
      if (from < to) page.set(bytes.subarray(from - offset, to - offset), from - start);
    }
    numbers[1 + i] = checksum(page.subarray(0, end - start));
  }
  return new Uint8Array(numbers.buffer);
}
