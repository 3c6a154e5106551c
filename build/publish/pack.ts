import { createHash, hash } from "node:crypto";
import { mkdtemp, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { encodeLine } from "../../worker/core/format/page.ts";
import { HASH_BYTES, type PlacedPage } from "../../worker/core/format/placement.ts";
import type { Docstore } from "../../worker/core/search/docstore.ts";
import { readRange } from "../artifact/file-bytes.ts";
import { runFolder } from "../settings/run-folder.ts";
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
  readonly newPageBytes: number;
  /** Text of some pages of a pack, read back from its file. */
  readPages(pack: PackFile, pages: readonly PlacedPage[]): Promise<string[]>;
  /** Removes the files. */
  discard(): Promise<void>;
}

/** Writes a plan's new pages into temporary files. Lines that were not kept are read from `documents`, which is needed then. */
export async function packPages(
  plan: Plan,
  lines: Lines,
  documents: Docstore | undefined,
  onProgress?: (done: number, total: number) => void,
): Promise<Packed> {
  const folder = await mkdtemp(join(await runFolder(), "pages-"));
  const discard = () => rm(folder, { recursive: true, force: true });
  try {
    const packs = await writePacks(folder, plan, (items) => linesOf(items, lines, documents), onProgress);
    const newPageBytes = packs.reduce((sum, pack) => sum + pack.bytes, 0);
    return { packs, newPageBytes, readPages, discard };
  } catch (error) {
    await discard();
    throw error;
  }
}

/** The lines of these items, one after the other: as they were kept, or read again. */
async function linesOf(
  items: readonly number[],
  { texts }: Lines,
  documents: Docstore | undefined,
): Promise<Buffer> {
  if (texts) return Buffer.concat(items.map((item) => texts.get(item)));
  const found = (await documents?.getItems(items)) ?? [];
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
          hash: pageHash(page),
          pack: packs.length,
          packOffset: bytes,
          bytes: page.byteLength,
          lines: items.length,
        });
        digest.update(page);
        // Unlike write(), goes on until all of it is written.
        await file.writeFile(page);
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

/** Name of a page: the first half of its SHA-256, in hex. */
export function pageHash(bytes: Uint8Array): string {
  return hash("sha256", bytes, "hex").slice(0, HASH_BYTES * 2);
}

async function readPages(pack: PackFile, pages: readonly PlacedPage[]): Promise<string[]> {
  const file = await open(pack.path, "r");
  try {
    const texts: string[] = [];
    for (const page of pages) {
      const bytes = await readRange(file, page.packOffset, page.bytes);
      if (pageHash(bytes) !== page.hash) {
        throw new AnnoyEdgeError(
          "TEMPORARY_FILE_CHANGED",
          `${pack.path} does not hold what was written to it. Is the temporary folder full, or cleared while this runs? Nothing was published; run it again.`,
        );
      }
      texts.push(bytes.toString("utf8"));
    }
    return texts;
  } finally {
    await file.close();
  }
}
