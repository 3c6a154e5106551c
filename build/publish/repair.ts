import { decodePlacement, type Placement } from "../../worker/docstore/placement.ts";
import { AnnoyEdgeError } from "../../worker/format/errors.ts";
import { packKey, pageKey, pagesPrefix, versionKey } from "../../worker/format/keys.ts";
import type { Progress } from "../forest/types.ts";
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

/** Writes the pages of a placement that KV lacks, from their second copies in R2. */
export async function repairPages(
  store: PublishStore,
  name: string,
  placement: Placement,
  onProgress: (progress: Progress) => void = () => {},
): Promise<RepairResult> {
  const there = new Set<string>();
  for await (const { key } of store.listPages(pagesPrefix(name))) there.add(key);
  const missing = placement.pages.filter((page) => !there.has(pageKey(name, page.hash)));
  let written = 0;
  for (let i = 0; i < missing.length; i += BATCH_PAGES) {
    const writes: PageWrite[] = [];
    for (const page of missing.slice(i, i + BATCH_PAGES)) {
      const range = { offset: page.packOffset, length: page.bytes };
      const object = await store.getObject(packKey(name, placement.packs[page.pack]!), range);
      if (object?.bytes.byteLength !== page.bytes) continue;
      writes.push({ key: pageKey(name, page.hash), value: new TextDecoder().decode(object.bytes) });
    }
    if (writes.length > 0) await store.putPages(writes);
    written += writes.length;
    onProgress({ phase: "restore", done: Math.min(missing.length, i + BATCH_PAGES), total: missing.length });
  }
  return { pages: placement.pages.length, written, lost: missing.length - written };
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
  const object = await store.getObject(versionKey(name, version, "placement.bin"));
  if (!manifest || !object) {
    throw new AnnoyEdgeError(
      "VERSION_INCOMPLETE",
      `Version ${version} of "${name}" lacks its ${manifest ? "placement" : "manifest"} in R2. Roll back to another version, or publish again.`,
    );
  }
  const result = await repairPages(store, name, decodePlacement(object.bytes), onProgress);
  return { name, version, ...result };
}
