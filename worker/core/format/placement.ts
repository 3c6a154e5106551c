import { checksum } from "./checksum.ts";
import { MAX_ITEMS } from "./constants.ts";
import { ArtifactError } from "./errors.ts";
import { fromHex, toHex } from "./hex.ts";
import { MAX_PAGE_BYTES, MAX_PAGE_LINES } from "./page.ts";

/**
 * `placement.bin`: where each item's document lies. Hot part: header, packs, pages and one entry of 4 bytes an item.
 * Cold part: the hash of every line of every page, by which the next publish finds what is published already.
 * Little-endian; the layout is in docs/format.md.
 */
export const PLACEMENT_MAGIC: readonly number[] = [0x89, 0x41, 0x45, 0x50, 0x4c, 0x43, 0x0d, 0x0a];
export const PLACEMENT_MAJOR = 1;
export const PLACEMENT_HEADER_BYTES = 64;
/** Field offsets within the header, in bytes. */
export const PLACEMENT_HEADER = {
  magic: 0,
  major: 8,
  minor: 10,
  headerBytes: 12,
  nItems: 16,
  nPages: 20,
  nPacks: 24,
  nLines: 28,
  hotChecksum: 32,
  coldChecksum: 36,
  headerChecksum: 60,
} as const;
export const HASH_BYTES = 16;
export const PAGE_ENTRY_BYTES = 32;
/** Field offsets within a page's entry, in bytes. */
export const PAGE_ENTRY = { hash: 0, pack: 16, packOffset: 20, bytes: 24, lines: 28 } as const;
/** An item without a document. */
export const NO_DOCUMENT = 0xffff_ffff;
const SLOT_BITS = 12;
/** The last page number is left out, as its last slot would read as {@link NO_DOCUMENT}. */
export const MAX_PAGES = (1 << (32 - SLOT_BITS)) - 1;

/** A page as a placement knows it. */
export interface PlacedPage {
  /** First 16 bytes of the SHA-256 of the page, in hex: 32 digits. */
  readonly hash: string;
  /** Pack that holds the page's second copy in R2, and the offset in it. */
  readonly pack: number;
  readonly packOffset: number;
  readonly bytes: number;
  readonly lines: number;
}

export interface Placement {
  readonly nItems: number;
  readonly pages: readonly PlacedPage[];
  /** Hashes of packs, 32 hex digits each. */
  readonly packs: readonly string[];
  /** Item to page and slot; see {@link pageOf} and {@link slotOf}. */
  readonly entries: Uint32Array;
  /** 16 bytes a line, pages in order; absent when only the hot part was read. */
  readonly lineHashes?: Uint8Array;
}

export function placementEntry(page: number, slot: number): number {
  return ((page << SLOT_BITS) | slot) >>> 0;
}

export function pageOf(entry: number): number {
  return entry >>> SLOT_BITS;
}

export function slotOf(entry: number): number {
  return entry & ((1 << SLOT_BITS) - 1);
}

function hotBytesOf(nItems: number, nPages: number, nPacks: number): number {
  return PLACEMENT_HEADER_BYTES + nPacks * HASH_BYTES + nPages * PAGE_ENTRY_BYTES + nItems * 4;
}

/** Length of the part that a reader loads. */
export function placementHotBytes({ nItems, pages, packs }: Placement): number {
  return hotBytesOf(nItems, pages.length, packs.length);
}

/** Writes a placement with its line hashes; the inverse of {@link decodePlacement}. */
export function encodePlacement(placement: Placement & { readonly lineHashes: Uint8Array }): {
  bytes: Uint8Array;
  hotBytes: number;
} {
  const { nItems, pages, packs, entries, lineHashes } = placement;
  const hotBytes = hotBytesOf(nItems, pages.length, packs.length);
  const bytes = new Uint8Array(hotBytes + lineHashes.byteLength);
  const view = new DataView(bytes.buffer);
  let at = PLACEMENT_HEADER_BYTES;
  for (const pack of packs) {
    bytes.set(fromHex(pack), at);
    at += HASH_BYTES;
  }
  for (const page of pages) {
    bytes.set(fromHex(page.hash), at + PAGE_ENTRY.hash);
    view.setUint32(at + PAGE_ENTRY.pack, page.pack, true);
    view.setUint32(at + PAGE_ENTRY.packOffset, page.packOffset, true);
    view.setUint32(at + PAGE_ENTRY.bytes, page.bytes, true);
    view.setUint32(at + PAGE_ENTRY.lines, page.lines, true);
    at += PAGE_ENTRY_BYTES;
  }
  for (const entry of entries) {
    view.setUint32(at, entry, true);
    at += 4;
  }
  bytes.set(lineHashes, hotBytes);
  bytes.set(PLACEMENT_MAGIC, PLACEMENT_HEADER.magic);
  view.setUint16(PLACEMENT_HEADER.major, PLACEMENT_MAJOR, true);
  view.setUint32(PLACEMENT_HEADER.headerBytes, PLACEMENT_HEADER_BYTES, true);
  view.setUint32(PLACEMENT_HEADER.nItems, nItems, true);
  view.setUint32(PLACEMENT_HEADER.nPages, pages.length, true);
  view.setUint32(PLACEMENT_HEADER.nPacks, packs.length, true);
  view.setUint32(PLACEMENT_HEADER.nLines, lineHashes.byteLength / HASH_BYTES, true);
  const hot = bytes.subarray(PLACEMENT_HEADER_BYTES, hotBytes);
  view.setUint32(PLACEMENT_HEADER.hotChecksum, checksum(hot), true);
  view.setUint32(PLACEMENT_HEADER.coldChecksum, checksum(lineHashes), true);
  const head = bytes.subarray(0, PLACEMENT_HEADER.headerChecksum);
  view.setUint32(PLACEMENT_HEADER.headerChecksum, checksum(head), true);
  return { bytes, hotBytes };
}

/**
 * Reads a placement: the hot part alone, or the whole file. Everything is checked before use: signature, version,
 * checksums, counts against the bytes, every page and every item's entry. The entries are a view where `bytes` is
 * aligned to 4. O(items + pages).
 *
 * @throws ArtifactError `CORRUPT_PLACEMENT`, or `UNSUPPORTED_VERSION` for a later major version
 */
export function decodePlacement(bytes: Uint8Array): Placement {
  const { nItems, nPages, nPacks, nLines, hotBytes, view } = decodeHead(bytes);
  const packs: string[] = [];
  let at = PLACEMENT_HEADER_BYTES;
  for (let i = 0; i < nPacks; i++, at += HASH_BYTES) packs.push(toHex(bytes.subarray(at, at + HASH_BYTES)));
  const pages: PlacedPage[] = [];
  let lines = 0;
  for (let i = 0; i < nPages; i++, at += PAGE_ENTRY_BYTES) {
    const page: PlacedPage = {
      hash: toHex(bytes.subarray(at, at + HASH_BYTES)),
      pack: view.getUint32(at + PAGE_ENTRY.pack, true),
      packOffset: view.getUint32(at + PAGE_ENTRY.packOffset, true),
      bytes: view.getUint32(at + PAGE_ENTRY.bytes, true),
      lines: view.getUint32(at + PAGE_ENTRY.lines, true),
    };
    if (page.pack >= nPacks || page.bytes === 0 || page.bytes > MAX_PAGE_BYTES) {
      fail(`page ${i} has ${page.bytes} bytes in pack ${page.pack} of ${nPacks}`);
    }
    if (page.lines === 0 || page.lines > MAX_PAGE_LINES) fail(`page ${i} has ${page.lines} lines`);
    lines += page.lines;
    pages.push(page);
  }
  if (lines !== nLines) fail(`its pages have ${lines} lines, its header says ${nLines}`);
  const entries = entriesAt(bytes, at, nItems);
  for (let item = 0; item < nItems; item++) {
    const entry = entries[item]!;
    if (entry === NO_DOCUMENT) continue;
    const page = pages[pageOf(entry)];
    if (!page || slotOf(entry) >= page.lines) {
      fail(`item ${item} lies in line ${slotOf(entry)} of page ${pageOf(entry)}, which does not exist`);
    }
  }
  const placement: Placement = { nItems, pages, packs, entries };
  if (bytes.byteLength === hotBytes && nLines > 0) return placement;
  const lineHashes = bytes.subarray(hotBytes);
  if (checksum(lineHashes) !== view.getUint32(PLACEMENT_HEADER.coldChecksum, true)) {
    fail("its line hashes do not match their checksum");
  }
  return { ...placement, lineHashes };
}

function decodeHead(bytes: Uint8Array) {
  if (bytes.byteLength < PLACEMENT_HEADER_BYTES || PLACEMENT_MAGIC.some((byte, i) => bytes[i] !== byte)) {
    fail(`its ${bytes.byteLength} bytes do not begin with a placement's signature`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const field = (name: keyof typeof PLACEMENT_HEADER) => view.getUint32(PLACEMENT_HEADER[name], true);
  const major = view.getUint16(PLACEMENT_HEADER.major, true);
  if (major !== PLACEMENT_MAJOR) {
    throw new ArtifactError(
      "UNSUPPORTED_VERSION",
      `The placement has format version ${major}; this reader knows ${PLACEMENT_MAJOR}. Update the reader.`,
    );
  }
  if (checksum(bytes.subarray(0, PLACEMENT_HEADER.headerChecksum)) !== field("headerChecksum")) {
    fail("its header does not match its checksum");
  }
  const nItems = field("nItems");
  const nPages = field("nPages");
  const nPacks = field("nPacks");
  const nLines = field("nLines");
  if (nItems > MAX_ITEMS || nPages > MAX_PAGES || field("headerBytes") !== PLACEMENT_HEADER_BYTES) {
    fail(`its header claims ${nItems} items and ${nPages} pages`);
  }
  const hotBytes = hotBytesOf(nItems, nPages, nPacks);
  if (bytes.byteLength !== hotBytes && bytes.byteLength !== hotBytes + nLines * HASH_BYTES) {
    fail(
      `it has ${bytes.byteLength} bytes; ${hotBytes} are expected, or ${hotBytes + nLines * HASH_BYTES} with line hashes`,
    );
  }
  if (checksum(bytes.subarray(PLACEMENT_HEADER_BYTES, hotBytes)) !== field("hotChecksum")) {
    fail("its entries do not match their checksum");
  }
  return { nItems, nPages, nPacks, nLines, hotBytes, view };
}

function entriesAt(bytes: Uint8Array, at: number, nItems: number): Uint32Array {
  const start = bytes.byteOffset + at;
  if (start % 4 === 0) return new Uint32Array(bytes.buffer, start, nItems);
  return new Uint32Array(bytes.slice(at, at + nItems * 4).buffer);
}

function fail(what: string): never {
  throw new ArtifactError("CORRUPT_PLACEMENT", `The placement is damaged: ${what}.`);
}
