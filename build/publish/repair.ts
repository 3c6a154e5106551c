import { createHash } from "node:crypto";
import { packKey, pageKey } from "../../worker/core/format/keys.ts";
import { HASH_BYTES } from "../../worker/core/format/placement.ts";
import type { Progress } from "../settings/progress.ts";
import { pageHash } from "./pack.ts";
import type { PageWrite, PublishStore } from "./store.ts";
import { type NeededPage, type PageState, surveyPages } from "./survey.ts";

const BATCH_PAGES = 100;

export interface RepairResult {
  readonly pages: number;
  /** Pages that KV lacked, or held with other bytes, and has again. */
  readonly written: number;
  /** Packs that R2 lacked and that were put together again from pages. */
  readonly packsWritten: number;
  /** Pages that are nowhere: neither in KV nor in a pack. */
  readonly lost: readonly PageState[];
  /** Pages that KV has and that have no second copy. */
  readonly single: readonly PageState[];
}

export interface RepairOptions {
  /** Reads every page and holds it against its hash; else only keys and lengths are looked at. */
  readonly deep?: boolean;
  readonly onProgress?: (progress: Progress) => void;
}

/** Writes the pages that KV lacks from their second copies in R2, and packs that R2 lacks from their pages. */
export async function repairPages(
  store: PublishStore,
  name: string,
  needed: readonly NeededPage[],
  options: RepairOptions = {},
): Promise<RepairResult> {
  const states = await surveyPages(store, name, needed, options);
  const mendable = states.filter(({ kv, copy }) => kv !== "sound" && copy === "sound");
  const unmended = new Set<string>();
  for (let i = 0; i < mendable.length; i += BATCH_PAGES) {
    const writes: PageWrite[] = [];
    for (const { page, pack } of mendable.slice(i, i + BATCH_PAGES)) {
      const range = { offset: page.packOffset, length: page.bytes };
      const bytes = (await store.getObject(packKey(name, pack), range))?.bytes;
      if (!bytes || pageHash(bytes) !== page.hash) unmended.add(page.hash);
      else writes.push({ key: pageKey(name, page.hash), value: new TextDecoder().decode(bytes) });
    }
    if (writes.length > 0) await store.putPages(writes);
    const done = Math.min(mendable.length, i + BATCH_PAGES);
    options.onProgress?.({ phase: "restore", done, total: mendable.length });
  }
  const lost = states.filter(
    ({ page, kv, copy }) => kv !== "sound" && (copy !== "sound" || unmended.has(page.hash)),
  );
  const single = states.filter(({ kv, copy }) => kv === "sound" && copy !== "sound");
  const rebuilt = await rebuildPacks(store, name, states, single);
  return {
    pages: states.length,
    written: mendable.length - unmended.size,
    packsWritten: rebuilt.size,
    lost,
    single: single.filter(({ pack }) => !rebuilt.has(pack)),
  };
}

/** Puts packs together again whose pages are all known and all in KV; the hash that names a pack says whether they are. */
async function rebuildPacks(
  store: PublishStore,
  name: string,
  states: readonly PageState[],
  single: readonly PageState[],
): Promise<Set<string>> {
  const rebuilt = new Set<string>();
  for (const pack of new Set(single.map((state) => state.pack))) {
    const own = states.filter((state) => state.pack === pack);
    own.sort((a, b) => a.page.packOffset - b.page.packOffset);
    let end = 0;
    const contiguous = own.every(({ page, kv }) => {
      const follows = page.packOffset === end && kv === "sound";
      end += page.bytes;
      return follows;
    });
    if (!contiguous) continue;
    const pieces: Buffer[] = [];
    for (let i = 0; i < own.length; i += BATCH_PAGES) {
      const keys = own.slice(i, i + BATCH_PAGES).map(({ page }) => pageKey(name, page.hash));
      const texts = await store.getPages(keys);
      for (const key of keys) pieces.push(Buffer.from(texts.get(key) ?? ""));
    }
    const bytes = Buffer.concat(pieces);
    const digest = createHash("sha256").update(bytes).digest("hex");
    if (digest.slice(0, HASH_BYTES * 2) !== pack) continue;
    await store.putObject(packKey(name, pack), bytes);
    rebuilt.add(pack);
  }
  return rebuilt;
}
