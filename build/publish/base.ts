import {
  HASH_BYTES,
  NO_DOCUMENT,
  type PlacedPage,
  type Placement,
} from "../../worker/core/format/placement.ts";

/** No line of the base. */
export const NO_LINE = 0xffff_ffff;

/** Published base: the pages of a version, those of all its shards together, with their lines. */
export interface Base {
  readonly pages: readonly PlacedPage[];
  /** Hashes of packs, as the pages' `pack` numbers them. */
  readonly packs: readonly string[];
  /** 16 bytes a line, pages in order. */
  readonly lineHashes: Uint8Array;
  /** Number of the first line of each page. */
  readonly starts: Uint32Array;
  /** Number of each line's page. */
  readonly linePages: Uint32Array;
  /** Documents that the version has. */
  readonly documents: number;
}

/** The placements of a version's parts as one; a page that several of them need is there once. */
export function mergePlacements(placements: readonly Placement[]): Base {
  const pages: PlacedPage[] = [];
  const packs: string[] = [];
  const hashes: Uint8Array[] = [];
  const seen = new Set<string>();
  const packNumbers = new Map<string, number>();
  let documents = 0;
  for (const placement of placements) {
    for (const entry of placement.entries) if (entry !== NO_DOCUMENT) documents++;
    const { lineHashes } = placement;
    // Without its hashes nothing tells what a page's lines are.
    if (!lineHashes) continue;
    let line = 0;
    for (const page of placement.pages) {
      const start = line;
      line += page.lines;
      if (seen.has(page.hash)) continue;
      seen.add(page.hash);
      pages.push({ ...page, pack: numberOf(packNumbers, packs, placement.packs[page.pack]!) });
      hashes.push(lineHashes.subarray(start * HASH_BYTES, line * HASH_BYTES));
    }
  }
  return { pages, packs, lineHashes: Buffer.concat(hashes), ...linesOf(pages), documents };
}

/** A base without these pages: what only they hold counts as not published. */
export function withoutPages(base: Base, gone: ReadonlySet<string>): Base {
  if (gone.size === 0) return base;
  const kept = [...base.pages.entries()].filter(([, { hash }]) => !gone.has(hash));
  const pages = kept.map(([, page]) => page);
  const hashes = kept.map(([i, { lines }]) => {
    const start = base.starts[i]! * HASH_BYTES;
    return base.lineHashes.subarray(start, start + lines * HASH_BYTES);
  });
  return { ...base, pages, lineHashes: Buffer.concat(hashes), ...linesOf(pages) };
}

/** The number of a pack in a list that grows as packs are met. */
export function numberOf(numbers: Map<string, number>, packs: string[], hash: string): number {
  const known = numbers.get(hash);
  if (known !== undefined) return known;
  numbers.set(hash, packs.length);
  return packs.push(hash) - 1;
}

/** The first line of each page, and the page of each line. */
export function linesOf(pages: readonly PlacedPage[]): { starts: Uint32Array; linePages: Uint32Array } {
  const starts = new Uint32Array(pages.length);
  let lines = 0;
  for (const [page, { lines: own }] of pages.entries()) {
    starts[page] = lines;
    lines += own;
  }
  const linePages = new Uint32Array(lines);
  for (const [page, { lines: own }] of pages.entries()) {
    linePages.fill(page, starts[page]!, starts[page]! + own);
  }
  return { starts, linePages };
}

/**
 * Finds lines by their hashes: open addressing over the numbers of the lines, 6 to 12 bytes a line. A Map of strings
 * would end at 16.7 million lines.
 *
 * @returns the number of the last line with the 16 bytes at `at`; {@link NO_LINE} when there is none
 */
export function lineFinder(lineHashes: Uint8Array): (hashes: Uint8Array, at: number) => number {
  const lines = lineHashes.byteLength / HASH_BYTES;
  // SHA-256 spreads by itself: any four bytes of it say where to look.
  const size = 2 ** Math.ceil(Math.log2(Math.max(2, lines * 1.5)));
  const table = new Uint32Array(size).fill(NO_LINE);
  const placeOf = (hashes: Uint8Array, at: number): number => {
    const start = at * HASH_BYTES;
    let place =
      ((hashes[start]! |
        (hashes[start + 1]! << 8) |
        (hashes[start + 2]! << 16) |
        (hashes[start + 3]! << 24)) >>>
        0) &
      (size - 1);
    for (;;) {
      const line = table[place]!;
      if (line === NO_LINE || equal(lineHashes, line * HASH_BYTES, hashes, start)) return place;
      place = (place + 1) & (size - 1);
    }
  };
  for (let line = 0; line < lines; line++) table[placeOf(lineHashes, line)] = line;
  return (hashes, at) => table[placeOf(hashes, at)]!;
}

function equal(a: Uint8Array, atA: number, b: Uint8Array, atB: number): boolean {
  for (let i = 0; i < HASH_BYTES; i++) if (a[atA + i] !== b[atB + i]) return false;
  return true;
}
