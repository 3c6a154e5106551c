import { hash } from "node:crypto";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { ItemDocument } from "../../worker/core/format/meta.ts";
import {
  encodeLine,
  MAX_PAGE_BYTES,
  MAX_PAGE_LINES,
  PAGE_TARGET_BYTES,
} from "../../worker/core/format/page.ts";
import { HASH_BYTES } from "../../worker/core/format/placement.ts";
import { type Base, lineFinder, NO_LINE } from "./base.ts";
import { createKeptLines, type KeptLines } from "./kept-lines.ts";

/**
 * Documents of a corpus as the plan needs them: 20 bytes each, and their lines when those fit into memory. Of a sharded
 * index, the items of all shards, one shard behind the other.
 */
export interface Lines {
  /** First 16 bytes of the SHA-256 of each item's line; meaningless where `bytes` is 0. */
  readonly hashes: Uint8Array;
  /** Bytes of each item's line with its line feed; 0 for an item without a document. */
  readonly bytes: Uint32Array;
  readonly count: number;
  /** Each item's line, when they were to be kept. */
  readonly texts?: KeptLines;
}

export interface Plan {
  readonly nItems: number;
  /** Pages of the base that stay, by their number there. */
  readonly keptPages: readonly number[];
  /** Items of each new page, in line order. */
  readonly newPages: readonly (readonly number[])[];
  /** The base's line that each kept item lies in; {@link NO_LINE} elsewhere. */
  readonly keptLines: Uint32Array;
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

/** The documents of one artifact, in item order. */
export interface LineSource {
  readonly documents: AsyncIterable<ItemDocument>;
  readonly nItems: number;
}

/**
 * Hashes the lines of all documents, in one pass.
 *
 * @param keep whether to keep the lines, so that they need not be read again
 * @throws AnnoyEdgeError `DOCUMENT_TOO_LARGE` for one that no KV value can hold
 */
export async function hashLines(
  sources: readonly LineSource[],
  keep = false,
  onProgress?: (done: number) => void,
): Promise<Lines> {
  const total = sources.reduce((sum, { nItems }) => sum + nItems, 0);
  const hashes = new Uint8Array(total * HASH_BYTES);
  const bytes = new Uint32Array(total);
  const texts = keep ? createKeptLines(total) : undefined;
  let count = 0;
  let first = 0;
  for (const { documents, nItems } of sources) {
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
      const item = first + document.item;
      hashes.set(hash("sha256", line, "buffer").subarray(0, HASH_BYTES), item * HASH_BYTES);
      bytes[item] = line.byteLength;
      texts?.add(item, line);
      count++;
      if (count % 1000 === 0) onProgress?.(count);
    }
    first += nItems;
  }
  return { hashes, bytes, count, ...(texts && { texts }) };
}

/**
 * Decides where documents lie: one that a page of the base holds already keeps its place; new and changed ones go into
 * new pages, in `order`; mostly stale pages are emptied into the new ones, a few at a time.
 *
 * @param order items in the forest's storage order, so that an answer's documents share pages
 */
export function planPages(lines: Lines, order: Iterable<number>, base: Base | undefined): Plan {
  const nItems = lines.bytes.length;
  const keptLines = new Uint32Array(nItems).fill(NO_LINE);
  const nPages = base?.pages.length ?? 0;
  const live = new Float64Array(nPages);
  let added = 0;
  if (base) {
    const find = lineFinder(base.lineHashes);
    const seen = new Uint8Array(base.linePages.length);
    for (let item = 0; item < nItems; item++) {
      if (lines.bytes[item] === 0) continue;
      const line = find(lines.hashes, item);
      if (line === NO_LINE) {
        added++;
        continue;
      }
      keptLines[item] = line;
      if (seen[line] === 1) continue;
      seen[line] = 1;
      live[base.linePages[line]!]! += lines.bytes[item]!;
    }
  } else added = lines.count;
  const kept = lines.count - added;

  let repacked = 0;
  const keptPages: number[] = [];
  if (base) {
    const repack = pagesToRepack(base, live, added > 0);
    for (let item = 0; repack.size > 0 && item < nItems; item++) {
      const line = keptLines[item]!;
      if (line === NO_LINE || !repack.has(base.linePages[line]!)) continue;
      keptLines[item] = NO_LINE;
      repacked++;
    }
    for (let page = 0; page < nPages; page++) {
      if (live[page]! > 0 && !repack.has(page)) keptPages.push(page);
    }
  }
  return {
    nItems,
    keptPages,
    keptLines,
    newPages: fillPages(lines, order, keptLines),
    added,
    kept,
    removed: Math.max(0, (base?.documents ?? 0) - kept),
    repacked,
  };
}

/** Pages to empty: those that are mostly stale or small, emptiest first, within the budget. */
function pagesToRepack(base: Base, live: Float64Array, writing: boolean): Set<number> {
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
function fillPages(lines: Lines, order: Iterable<number>, keptLines: Uint32Array): number[][] {
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
    if (size === 0 || placed[item] === 1 || keptLines[item] !== NO_LINE) return;
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
