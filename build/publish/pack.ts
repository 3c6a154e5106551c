import { createHash, hash } from "node:crypto";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeLine } from "../../worker/docstore/page.ts";
import {
  HASH_BYTES,
  MAX_PAGES,
  NO_DOCUMENT,
  type PlacedPage,
  type Placement,
  pageOf,
  placementEntry,
  slotOf,
} from "../../worker/docstore/placement.ts";
import type { Docstore } from "../../worker/docstore/types.ts";
import { AnnoyEdgeError } from "../../worker/format/errors.ts";
import type { Lines, Plan } from "./plan.ts";

/** A pack's offsets are unsigned 32-bit, and a pack of this size is uploaded in a few parts. */
const MAX_PACK_BYTES = 256 * 1024 * 1024;

/** New pages, one after the other in files: what KV gets page by page and R2 gets whole. */
export interface PackFile {
  readonly path: string;
  readonly hash: string;
  readonly bytes: number;
  readonly pages: readonly PlacedPage[];
}

export interface Packed {
  readonly packs: readonly PackFile[];
  readonly placement: Placement & { readonly lineHashes: Uint8Array };
  readonly newPageBytes: number;
  /** Text of some pages of a pack, read back from its file. */
  readPages(pack: PackFile, pages: readonly PlacedPage[]): Promise<string[]>;
  /** Removes the files. */
  discard(): Promise<void>;
}

/**
 * Writes a plan's new pages into temporary files and composes the placement: kept pages first, numbered anew, then the
 * new ones. Lines that were not kept are read from `documents` as they are needed.
 */
export async function packPages(
  plan: Plan,
  lines: Lines,
  documents: Docstore,
  base: Placement | undefined,
  onProgress?: (done: number, total: number) => void,
): Promise<Packed> {
  if (plan.keptPages.length + plan.newPages.length > MAX_PAGES) {
    throw new AnnoyEdgeError(
      "TOO_MANY_PAGES",
      `${plan.keptPages.length + plan.newPages.length} document pages; a placement addresses ${MAX_PAGES}. Split the corpus into several indexes.`,
    );
  }
  const folder = await mkdtemp(join(tmpdir(), "annoy-edge-pages-"));
  const discard = () => rm(folder, { recursive: true, force: true });
  try {
    const packs = await writePacks(folder, plan, (items) => linesOf(items, lines, documents), onProgress);
    return {
      packs,
      placement: compose(plan, lines, base, packs),
      newPageBytes: packs.reduce((sum, pack) => sum + pack.bytes, 0),
      readPages,
      discard,
    };
  } catch (error) {
    await discard();
    throw error;
  }
}

/** The lines of these items, one after the other: as they were kept, or read again. */
async function linesOf(items: readonly number[], { texts }: Lines, documents: Docstore): Promise<Buffer> {
  if (texts) return Buffer.concat(items.map((item) => texts[item]!));
  const found = await documents.getItems(items);
  return Buffer.from(found.map((document) => `${encodeLine(document!)}\n`).join(""));
}

async function writePacks(
  folder: string,
  plan: Plan,
  linesOf: (items: readonly number[]) => Promise<Buffer>,
  onProgress: ((done: number, total: number) => void) | undefined,
): Promise<PackFile[]> {
  const packs: PackFile[] = [];
  const total = plan.newPages.length;
  for (let next = 0; next < total; ) {
    const path = join(folder, `${packs.length}.ndjson`);
    const file = await open(path, "wx");
    const digest = createHash("sha256");
    const pages: PlacedPage[] = [];
    let bytes = 0;
    try {
      while (next < total && bytes < MAX_PACK_BYTES) {
        const items = plan.newPages[next++]!;
        const page = await linesOf(items);
        pages.push({
          hash: hash("sha256", page, "hex").slice(0, HASH_BYTES * 2),
          pack: packs.length,
          packOffset: bytes,
          bytes: page.byteLength,
          lines: items.length,
        });
        digest.update(page);
        await file.write(page);
        bytes += page.byteLength;
        if (next % 64 === 0) onProgress?.(next, total);
      }
    } finally {
      await file.close();
    }
    packs.push({ path, hash: digest.digest("hex").slice(0, HASH_BYTES * 2), bytes, pages });
  }
  if (total > 0) onProgress?.(total, total);
  return packs;
}

async function readPages(pack: PackFile, pages: readonly PlacedPage[]): Promise<string[]> {
  const file = await open(pack.path, "r");
  try {
    const texts: string[] = [];
    for (const page of pages) {
      const bytes = Buffer.allocUnsafe(page.bytes);
      await file.read(bytes, 0, page.bytes, page.packOffset);
      texts.push(bytes.toString("utf8"));
    }
    return texts;
  } finally {
    await file.close();
  }
}

function compose(
  plan: Plan,
  lines: Lines,
  base: Placement | undefined,
  packs: readonly PackFile[],
): Placement & { lineHashes: Uint8Array } {
  const pages: PlacedPage[] = [];
  const packHashes: string[] = [];
  const packNumbers = new Map<string, number>();
  const packNumber = (packHash: string): number => {
    const known = packNumbers.get(packHash);
    if (known !== undefined) return known;
    packNumbers.set(packHash, packHashes.length);
    return packHashes.push(packHash) - 1;
  };
  const hashes: Uint8Array[] = [];
  const renumbered = new Map<number, number>();
  if (base) {
    const starts = lineStarts(base);
    for (const page of plan.keptPages) {
      const placed = base.pages[page]!;
      renumbered.set(page, pages.length);
      pages.push({ ...placed, pack: packNumber(base.packs[placed.pack]!) });
      const start = starts[page]! * HASH_BYTES;
      hashes.push(base.lineHashes!.subarray(start, start + placed.lines * HASH_BYTES));
    }
  }
  const entries = plan.keptEntries.map((entry) =>
    entry === NO_DOCUMENT ? NO_DOCUMENT : placementEntry(renumbered.get(pageOf(entry))!, slotOf(entry)),
  );
  let next = 0;
  for (const pack of packs) {
    for (const page of pack.pages) {
      for (const [slot, item] of plan.newPages[next++]!.entries()) {
        entries[item] = placementEntry(pages.length, slot);
        hashes.push(lines.hashes.subarray(item * HASH_BYTES, (item + 1) * HASH_BYTES));
      }
      pages.push({ ...page, pack: packNumber(pack.hash) });
    }
  }
  return { nItems: plan.nItems, pages, packs: packHashes, entries, lineHashes: Buffer.concat(hashes) };
}

/** The number of the first line of each page. */
function lineStarts(base: Placement): number[] {
  let line = 0;
  return base.pages.map((page) => {
    const start = line;
    line += page.lines;
    return start;
  });
}
