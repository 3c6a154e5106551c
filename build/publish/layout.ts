import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import {
  HASH_BYTES,
  MAX_PAGES,
  NO_DOCUMENT,
  type PlacedPage,
  type Placement,
  placementEntry,
  placementHotBytes,
} from "../../worker/core/format/placement.ts";
import { type Base, linesOf, NO_LINE, numberOf } from "./base.ts";
import type { PackFile } from "./pack.ts";
import type { Lines, Plan } from "./plan.ts";

/** Places of all documents of a version, whatever part of it has them: kept pages first, numbered anew, then new ones. */
export interface Layout extends Omit<Base, "documents"> {
  /** The line of each item; {@link NO_LINE} for one without a document. */
  readonly lines: Uint32Array;
}

export function layOut(
  plan: Plan,
  lines: Lines,
  base: Base | undefined,
  packFiles: readonly PackFile[],
): Layout {
  const pages: PlacedPage[] = [];
  const packs: string[] = [];
  const packNumbers = new Map<string, number>();
  /** Offset from a line of the base, page by page, to make it one of this layout. */
  const shifts = new Float64Array(base?.pages.length ?? 0);
  let nLines = 0;
  if (base) {
    for (const page of plan.keptPages) {
      const placed = base.pages[page]!;
      shifts[page] = nLines - base.starts[page]!;
      nLines += placed.lines;
      pages.push({ ...placed, pack: numberOf(packNumbers, packs, base.packs[placed.pack]!) });
    }
  }
  const firstNew = nLines;
  for (const { pages: own, hash } of packFiles) {
    for (const page of own) pages.push({ ...page, pack: numberOf(packNumbers, packs, hash) });
  }
  const { starts, linePages } = linesOf(pages);
  const lineHashes = new Uint8Array(linePages.length * HASH_BYTES);
  if (base) {
    for (const [i, page] of plan.keptPages.entries()) {
      const from = base.starts[page]! * HASH_BYTES;
      const bytes = base.pages[page]!.lines * HASH_BYTES;
      lineHashes.set(base.lineHashes.subarray(from, from + bytes), starts[i]! * HASH_BYTES);
    }
  }
  const places = new Uint32Array(plan.nItems).fill(NO_LINE);
  for (const [item, line] of plan.keptLines.entries()) {
    if (line !== NO_LINE) places[item] = line + shifts[base!.linePages[line]!]!;
  }
  let line = firstNew;
  for (const items of plan.newPages) {
    for (const item of items) {
      places[item] = line;
      lineHashes.set(lines.hashes.subarray(item * HASH_BYTES, (item + 1) * HASH_BYTES), line * HASH_BYTES);
      line++;
    }
  }
  return { pages, packs, lineHashes, starts, linePages, lines: places };
}

/** The placement of the items from `first` on: with the pages that they need, and no others. */
export function placementOf(
  layout: Layout,
  first: number,
  nItems: number,
): Placement & { readonly lineHashes: Uint8Array } {
  const numbers = pageNumbers(layout, first, nItems);
  const pages: PlacedPage[] = [];
  const packs: string[] = [];
  const packNumbers = new Map<string, number>();
  const hashes: Uint8Array[] = [];
  for (const [page, placed] of layout.pages.entries()) {
    if (numbers[page] === NO_PAGE) continue;
    pages.push({ ...placed, pack: numberOf(packNumbers, packs, layout.packs[placed.pack]!) });
    const from = layout.starts[page]! * HASH_BYTES;
    hashes.push(layout.lineHashes.subarray(from, from + placed.lines * HASH_BYTES));
  }
  if (pages.length > MAX_PAGES) {
    throw new AnnoyEdgeError(
      "TOO_MANY_PAGES",
      `${pages.length} document pages; a placement addresses ${MAX_PAGES}. Cut the index into more shards.`,
    );
  }
  const entries = new Uint32Array(nItems).fill(NO_DOCUMENT);
  for (let item = 0; item < nItems; item++) {
    const line = layout.lines[first + item]!;
    if (line === NO_LINE) continue;
    const page = layout.linePages[line]!;
    entries[item] = placementEntry(numbers[page]!, line - layout.starts[page]!);
  }
  return { nItems, pages, packs, entries, lineHashes: Buffer.concat(hashes) };
}

/** Bytes of {@link placementOf}'s result once encoded. */
export function placementBytes(placement: Placement & { readonly lineHashes: Uint8Array }): number {
  return placementHotBytes(placement) + placement.lineHashes.byteLength;
}

const NO_PAGE = 0xffff_ffff;

/** The number within a part's placement of each page of the layout, ascending; {@link NO_PAGE} where it needs none. */
function pageNumbers(layout: Layout, first: number, nItems: number): Uint32Array {
  const numbers = new Uint32Array(layout.pages.length).fill(NO_PAGE);
  for (let item = first; item < first + nItems; item++) {
    const line = layout.lines[item]!;
    if (line !== NO_LINE) numbers[layout.linePages[line]!] = 0;
  }
  let next = 0;
  for (const [page, number] of numbers.entries()) if (number !== NO_PAGE) numbers[page] = next++;
  return numbers;
}
