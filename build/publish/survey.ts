import { packKey, packsPrefix, pageKey, pagesPrefix } from "../../worker/core/format/keys.ts";
import type { PlacedPage, Placement } from "../../worker/core/format/placement.ts";
import type { Progress } from "../settings/progress.ts";
import type { Soundness } from "./objects.ts";
import { pageHash } from "./pack.ts";
import type { PublishStore } from "./store.ts";

/** A page of a version, and the state of its two copies. */
export interface PageState {
  readonly page: PlacedPage;
  /** Hash of the pack that holds its second copy. */
  readonly pack: string;
  readonly kv: Soundness;
  readonly copy: Soundness;
}

const BATCH_PAGES = 100;
/** Pages of a pack that are read from R2 at once. */
const READ_BYTES = 32 * 1024 * 1024;

/** Pages with their packs, each page once. */
export interface NeededPage {
  readonly page: PlacedPage;
  readonly pack: string;
}

export function neededPages(placements: readonly Pick<Placement, "pages" | "packs">[]): NeededPage[] {
  const needed = new Map<string, NeededPage>();
  for (const { pages, packs } of placements) {
    for (const page of pages) needed.set(page.hash, { page, pack: packs[page.pack] ?? "" });
  }
  return [...needed.values()];
}

/**
 * Looks at both copies of pages. Without `deep` by listing keys and packs with their lengths: a copy that is there counts
 * as sound. With `deep` every copy is read and held against the hash that names it.
 */
export async function surveyPages(
  store: PublishStore,
  name: string,
  needed: readonly NeededPage[],
  { deep = false, onProgress = () => {} }: { deep?: boolean; onProgress?: (progress: Progress) => void } = {},
): Promise<PageState[]> {
  if (needed.length === 0) return [];
  const keys = new Set<string>();
  for await (const { key } of store.listPages(pagesPrefix(name))) keys.add(key);
  const packs = new Map<string, number>();
  for await (const { key, bytes } of store.listObjects(packsPrefix(name))) packs.set(key, bytes);
  const states = needed.map(({ page, pack }): PageState => {
    const length = packs.get(packKey(name, pack));
    const copy =
      length === undefined ? "missing" : length < page.packOffset + page.bytes ? "changed" : "sound";
    return { page, pack, kv: keys.has(pageKey(name, page.hash)) ? "sound" : "missing", copy };
  });
  if (!deep) return states;
  const total = states.length;
  const inKv = new Map<string, Soundness>();
  for (let i = 0; i < total; i += BATCH_PAGES) {
    const batch = states.slice(i, i + BATCH_PAGES);
    const texts = await store.getPages(batch.map(({ page }) => pageKey(name, page.hash)));
    for (const { page } of batch) {
      const text = texts.get(pageKey(name, page.hash));
      inKv.set(page.hash, typeof text !== "string" ? "missing" : matches(page, Buffer.from(text)));
    }
    onProgress({ phase: "pages", done: Math.min(total, i + BATCH_PAGES), total });
  }
  const copies = await readCopies(store, name, states, onProgress);
  return states.map((state) => ({
    ...state,
    kv: inKv.get(state.page.hash)!,
    copy: copies.get(state.page.hash) ?? state.copy,
  }));
}

function matches(page: PlacedPage, bytes: Uint8Array): Soundness {
  return pageHash(bytes) === page.hash ? "sound" : "changed";
}

/** Reads the second copies that are there, neighbouring ones together. */
async function readCopies(
  store: PublishStore,
  name: string,
  states: readonly PageState[],
  onProgress: (progress: Progress) => void,
): Promise<Map<string, Soundness>> {
  const found = new Map<string, Soundness>();
  const ordered = states
    .filter(({ copy }) => copy === "sound")
    .sort((a, b) => a.pack.localeCompare(b.pack) || a.page.packOffset - b.page.packOffset);
  for (let from = 0, to = 0; from < ordered.length; from = to) {
    const { pack, page } = ordered[from]!;
    for (to = from + 1; to < ordered.length; to++) {
      const next = ordered[to]!;
      if (next.pack !== pack || next.page.packOffset + next.page.bytes - page.packOffset > READ_BYTES) break;
    }
    const last = ordered[to - 1]!.page;
    const range = { offset: page.packOffset, length: last.packOffset + last.bytes - page.packOffset };
    const bytes = (await store.getObject(packKey(name, pack), range))?.bytes ?? new Uint8Array(0);
    for (const { page: own } of ordered.slice(from, to)) {
      const start = own.packOffset - range.offset;
      found.set(own.hash, matches(own, bytes.subarray(start, start + own.bytes)));
    }
    onProgress({ phase: "copies", done: to, total: ordered.length });
  }
  return found;
}
