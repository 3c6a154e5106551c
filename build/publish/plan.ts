import { hash } from "node:crypto";
import { encodeLine, MAX_PAGE_BYTES, MAX_PAGE_LINES, PAGE_TARGET_BYTES } from "../../worker/docstore/page.ts";
import {
  HASH_BYTES,
  NO_DOCUMENT,
  type Placement,
  pageOf,
  placementEntry,
} from "../../worker/docstore/placement.ts";
import { AnnoyEdgeError } from "../../worker/format/errors.ts";
import type { ItemDocument } from "../../worker/format/meta.ts";

/** Documents of a corpus as the plan needs them: 20 bytes each, and their lines when those fit into memory. */
export interface Lines {
  /** First 16 bytes of the SHA-256 of each item's line; meaningless where `bytes` is 0. */
  readonly hashes: Uint8Array;
  /** Bytes of each item's line with its line feed; 0 for an item without a document. */
  readonly bytes: Uint32Array;
  readonly count: number;
  /** Each item's line, when they were to be kept. */
  readonly texts?: readonly (Buffer | undefined)[];
}

export interface Plan {
  readonly nItems: number;
  /** Pages of the base placement that stay, by their number there. */
  readonly keptPages: readonly number[];
  /** Items of each new page, in line order. */
  readonly newPages: readonly (readonly number[])[];
  /** The kept items' entries, with pages numbered as in the base; {@link NO_DOCUMENT} elsewhere. */
  readonly keptEntries: Uint32Array;
  /** In documents, against the base. */
  readonly added: number;
  readonly kept: number;
  readonly removed: number;
  /** Documents that moved only because their page was mostly stale. */
  readonly repacked: number;
}

/**
 * Repacking writes at most this share of the base's page bytes in one publish. With 1% of a corpus changed, new and
 * repacked pages together stay below 2%; stale bytes settle below 60% in the long run.
 */
const REPACK_SHARE = 0.0075;
/** Repacking waits for a publish that writes pages anyway, unless this share of all bytes is stale. */
const REPACK_ANYWAY_SHARE = 0.3;

/**
 * Hashes the lines of all documents, in one pass.
 *
 * @param keep whether to keep the lines, so that they need not be read again
 * @throws AnnoyEdgeError `DOCUMENT_TOO_LARGE` for one that no KV value can hold
 */
export async function hashLines(
  documents: AsyncIterable<ItemDocument>,
  nItems: number,
  keep = false,
  onProgress?: (done: number) => void,
): Promise<Lines> {
  const hashes = new Uint8Array(nItems * HASH_BYTES);
  const bytes = new Uint32Array(nItems);
  const texts: (Buffer | undefined)[] = [];
  let count = 0;
  for await (const document of documents) {
    if (document.item >= nItems) {
      throw new AnnoyEdgeError(
        "CORRUPT_DOCUMENTS",
        `documents.jsonl has item ${document.item}, the index only ${nItems} items. Rebuild the artifact.`,
      );
    }
    const line = Buffer.from(`${encodeLine(document)}\n`);
    if (line.byteLength > MAX_PAGE_BYTES) {
      throw new AnnoyEdgeError(
        "DOCUMENT_TOO_LARGE",
        `Document "${document.id}" (item ${document.item}) takes ${line.byteLength} bytes; a KV value holds at most ${MAX_PAGE_BYTES} (25 MiB). Split it into smaller documents.`,
      );
    }
    hashes.set(hash("sha256", line, "buffer").subarray(0, HASH_BYTES), document.item * HASH_BYTES);
    bytes[document.item] = line.byteLength;
    if (keep) texts[document.item] = line;
    count++;
    if (count % 1000 === 0) onProgress?.(count);
  }
  return { hashes, bytes, count, ...(keep && { texts }) };
}

/**
 * Decides where documents lie: one that a page of the base holds already keeps its place; new and changed ones go into
 * new pages, in `order`; mostly stale pages are emptied into the new ones, a few at a time.
 *
 * @param order items in the forest's storage order, so that an answer's documents share pages
 */
export function planPages(lines: Lines, order: Iterable<number>, base: Placement | undefined): Plan {
  const nItems = lines.bytes.length;
  const keptEntries = new Uint32Array(nItems).fill(NO_DOCUMENT);
  const published = new Map<string, number>();
  const nPages = base?.pages.length ?? 0;
  if (base) for (const [key, entry] of linesOf(base)) published.set(key, entry);

  const live = new Float64Array(nPages);
  let added = 0;
  const seen = new Set<number>();
  for (let item = 0; item < nItems; item++) {
    if (lines.bytes[item] === 0) continue;
    const entry = published.get(keyAt(lines.hashes, item));
    if (entry === undefined) {
      added++;
      continue;
    }
    keptEntries[item] = entry;
    if (seen.has(entry)) continue;
    seen.add(entry);
    live[pageOf(entry)]! += lines.bytes[item]!;
  }
  const kept = lines.count - added;

  const repack = base ? pagesToRepack(base, live, added > 0) : new Set<number>();
  let repacked = 0;
  if (repack.size > 0) {
    for (let item = 0; item < nItems; item++) {
      if (keptEntries[item] !== NO_DOCUMENT && repack.has(pageOf(keptEntries[item]!))) {
        keptEntries[item] = NO_DOCUMENT;
        repacked++;
      }
    }
  }
  const keptPages: number[] = [];
  for (let page = 0; page < nPages; page++) if (live[page]! > 0 && !repack.has(page)) keptPages.push(page);
  const before = base ? liveItems(base) : 0;
  return {
    nItems,
    keptPages,
    keptEntries,
    newPages: fillPages(lines, order, keptEntries),
    added,
    kept,
    removed: Math.max(0, before - kept),
    repacked,
  };
}

/** Each published line's hash with its entry. */
function* linesOf(base: Placement): Generator<[string, number]> {
  const { lineHashes, pages } = base;
  if (!lineHashes) return;
  let line = 0;
  for (const [page, { lines }] of pages.entries()) {
    for (let slot = 0; slot < lines; slot++) {
      yield [keyAt(lineHashes, line++), placementEntry(page, slot)];
    }
  }
}

function keyAt(hashes: Uint8Array, index: number): string {
  const start = hashes.byteOffset + index * HASH_BYTES;
  return Buffer.from(hashes.buffer, start, HASH_BYTES).toString("latin1");
}

function liveItems(base: Placement): number {
  let count = 0;
  for (const entry of base.entries) if (entry !== NO_DOCUMENT) count++;
  return count;
}

/** Pages to empty: those that are mostly stale or small, emptiest first, within the budget. */
function pagesToRepack(base: Placement, live: Float64Array, writing: boolean): Set<number> {
  let total = 0;
  let liveTotal = 0;
  for (const [page, { bytes }] of base.pages.entries()) {
    total += bytes;
    liveTotal += live[page]!;
  }
  const chosen = new Set<number>();
  if (!writing && total - liveTotal < total * REPACK_ANYWAY_SHARE) return chosen;
  const candidates = [...base.pages.keys()]
    .filter((page) => live[page]! > 0)
    .filter((page) => live[page]! < Math.max(base.pages[page]!.bytes / 2, PAGE_TARGET_BYTES / 4))
    .sort((a, b) => live[a]! - live[b]! || a - b);
  let budget = Math.max(PAGE_TARGET_BYTES, total * REPACK_SHARE);
  for (const page of candidates) {
    budget -= live[page]!;
    if (budget < 0) break;
    chosen.add(page);
  }
  return chosen;
}

/** Fills pages with the items that are not kept, in order. A document over the target has a page of its own. */
function fillPages(lines: Lines, order: Iterable<number>, keptEntries: Uint32Array): number[][] {
  const pages: number[][] = [];
  const placed = new Uint8Array(lines.bytes.length);
  let page: number[] = [];
  let bytes = 0;
  const flush = (): void => {
    if (page.length > 0) pages.push(page);
    page = [];
    bytes = 0;
  };
  const add = (item: number): void => {
    const size = lines.bytes[item] ?? 0;
    if (size === 0 || placed[item] === 1 || keptEntries[item] !== NO_DOCUMENT) return;
    placed[item] = 1;
    if (bytes + size > PAGE_TARGET_BYTES || page.length === MAX_PAGE_LINES) flush();
    page.push(item);
    bytes += size;
  };
  for (const item of order) add(item);
  // Documents without a vector lie behind the others.
  for (let item = 0; item < lines.bytes.length; item++) add(item);
  flush();
  return pages;
}
