import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { packKey, pageKey, pagesPrefix } from "../../worker/core/format/keys.ts";
import type { PlacedPage, Placement } from "../../worker/core/format/placement.ts";
import type { Progress } from "../settings/progress.ts";
import { readPlacements } from "./placements.ts";
import { requirePointerState } from "./pointer.ts";
import type { PageWrite, PublishStore } from "./store.ts";
import { readPublishedManifest } from "./versions.ts";

const BATCH_PAGES = 100;

export interface RepairResult {
  readonly pages: number;
  /** Pages that KV lacked and has again. */
  readonly written: number;
  /** Pages that are nowhere: neither in KV nor in a pack. */
  readonly lost: number;
}

/** Writes the pages of these placements that KV lacks, from their second copies in R2. */
export async function repairPages(
  store: PublishStore,
  name: string,
  placements: readonly Placement[],
  onProgress: (progress: Progress) => void = () => {},
): Promise<RepairResult> {
  const there = new Set<string>();
  for await (const { key } of store.listPages(pagesPrefix(name))) there.add(key);
  const pages = new Map<string, PlacedPage & { readonly packHash: string }>();
  for (const placement of placements) {
    for (const page of placement.pages)
      pages.set(page.hash, { ...page, packHash: placement.packs[page.pack]! });
  }
  const missing = [...pages.values()].filter((page) => !there.has(pageKey(name, page.hash)));
  let written = 0;
  for (let i = 0; i < missing.length; i += BATCH_PAGES) {
    const writes: PageWrite[] = [];
    for (const page of missing.slice(i, i + BATCH_PAGES)) {
      const range = { offset: page.packOffset, length: page.bytes };
      const object = await store.getObject(packKey(name, page.packHash), range);
      if (object?.bytes.byteLength !== page.bytes) continue;
      writes.push({ key: pageKey(name, page.hash), value: new TextDecoder().decode(object.bytes) });
    }
    if (writes.length > 0) await store.putPages(writes);
    written += writes.length;
    onProgress({ phase: "restore", done: Math.min(missing.length, i + BATCH_PAGES), total: missing.length });
  }
  return { pages: pages.size, written, lost: missing.length - written };
}

export interface RestoreResult extends RepairResult {
  readonly name: string;
  readonly version: string;
}

/**
 * Brings back the documents of the current version after KV has lost them, from R2 alone.
 *
 * @throws AnnoyEdgeError `INDEX_NOT_PUBLISHED`, `VERSION_INCOMPLETE`
 */
export async function restore(
  store: PublishStore,
  name: string,
  onProgress?: (progress: Progress) => void,
): Promise<RestoreResult> {
  const { version } = (await requirePointerState(store, name)).pointer;
  const manifest = await readPublishedManifest(store, name, version);
  if (!manifest) {
    throw new AnnoyEdgeError(
      "VERSION_INCOMPLETE",
      `Version ${version} of "${name}" lacks its manifest in R2. Roll back to another version, or publish again.`,
    );
  }
  const placements = await readPlacements(store, name, manifest);
  const result = await repairPages(store, name, placements, onProgress);
  return { name, version, ...result };
}
