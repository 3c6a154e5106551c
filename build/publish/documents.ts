import {
  decodePlacement,
  encodePlacement,
  type PlacedPage,
  type Placement,
  placementHotBytes,
} from "../../worker/docstore/placement.ts";
import { packKey, pageKey, pagesPrefix, versionKey } from "../../worker/format/keys.ts";
import type { Progress } from "../forest/types.ts";
import { openDocuments, readDocuments } from "../pipeline/documents.ts";
import type { ArtifactFolder } from "./artifact.ts";
import { type Packed, type PackFile, packPages } from "./pack.ts";
import { hashLines, type Plan, planPages } from "./plan.ts";
import type { PageWrite, PublishStore } from "./store.ts";

/** Where a version's documents lie, or will. */
export interface PlacedDocuments {
  readonly placement: Placement;
  readonly bytes: Uint8Array;
  readonly hotBytes: number;
  readonly counts: Pick<Plan, "added" | "kept" | "removed" | "repacked">;
  /** New pages, and those of them that KV lacks. */
  readonly packs: readonly PackFile[];
  readonly missing: readonly (readonly PlacedPage[])[];
  /** Writes the missing pages to KV. */
  writePages(onProgress: (progress: Progress) => void): Promise<void>;
  /** Removes temporary files. */
  discard(): Promise<void>;
}

/** A bulk write of KV carries at most 10,000 pairs and 100 MB; small ones show progress and lose little. */
const BATCH_PAGES = 100;
const BATCH_BYTES = 16 * 1024 * 1024;
/** A page that an interrupted publish left is trusted to stay for this long; gc spares what is younger than a day. */
const RESUME_MS = 3_600_000;
/** Up to this size of documents.jsonl its lines are kept in memory; reading single lines again takes ten times as long. */
const KEEP_BYTES = 256 * 1024 * 1024;

/** Decides where an artifact's documents lie, given where those of `base` do. */
export async function placeDocuments(
  store: PublishStore,
  folder: ArtifactFolder,
  base: Placement | undefined,
  onProgress: (progress: Progress) => void,
): Promise<PlacedDocuments> {
  const { name, items: total } = folder.manifest;
  const keep = folder.manifest.files["documents.jsonl"].bytes <= KEEP_BYTES;
  const lines = await hashLines(readDocuments(folder.documentsPath), folder.header.nItems, keep, (done) =>
    onProgress({ phase: "place", done, total }),
  );
  const plan = planPages(lines, folder.order, base);
  const documents = await openDocuments(folder.documentsPath, folder.header.nItems);
  let packed: Packed;
  try {
    packed = await packPages(plan, lines, documents, base, (done, pages) =>
      onProgress({ phase: "pack", done, total: pages }),
    );
  } finally {
    await documents.close();
  }
  const { packs, placement, discard } = packed;
  const known = packs.length > 0 ? await recentPages(store, name) : new Set<string>();
  const missing = packs.map((pack) => pack.pages.filter((page) => !known.has(pageKey(name, page.hash))));
  const { added, kept, removed, repacked } = plan;
  return {
    placement,
    ...encodePlacement(placement),
    counts: { added, kept, removed, repacked },
    packs,
    missing,
    writePages: (report) => writePages(store, name, packed, missing, report),
    discard,
  };
}

/** The placement of a version as uploaded; undefined when there is none. */
export async function readPlacement(
  store: PublishStore,
  name: string,
  version: string,
): Promise<PlacedDocuments | undefined> {
  const object = await store.getObject(versionKey(name, version, "placement.bin"));
  if (!object) return undefined;
  const placement = decodePlacement(object.bytes);
  return {
    placement,
    bytes: object.bytes,
    hotBytes: placementHotBytes(placement),
    counts: { added: 0, kept: 0, removed: 0, repacked: 0 },
    packs: [],
    missing: [],
    writePages: async () => {},
    discard: async () => {},
  };
}

/** Uploads the second copies of new pages. */
export function packUploads(name: string, packs: readonly PackFile[]): { key: string; source: PackFile }[] {
  return packs.map((source) => ({ key: packKey(name, source.hash), source }));
}

async function recentPages(store: PublishStore, name: string): Promise<Set<string>> {
  const oldest = Date.now() - RESUME_MS;
  const keys = new Set<string>();
  for await (const { key, writtenAt } of store.listPages(pagesPrefix(name))) {
    if (writtenAt && writtenAt.getTime() > oldest) keys.add(key);
  }
  return keys;
}

async function writePages(
  store: PublishStore,
  name: string,
  packed: Packed,
  missing: readonly (readonly PlacedPage[])[],
  onProgress: (progress: Progress) => void,
): Promise<void> {
  const total = missing.flat().length;
  let done = 0;
  for (const [i, pack] of packed.packs.entries()) {
    for (const batch of batches(missing[i]!)) {
      const texts = await packed.readPages(pack, batch);
      const writes: PageWrite[] = batch.map((page, j) => ({
        key: pageKey(name, page.hash),
        value: texts[j]!,
      }));
      await store.putPages(writes);
      done += batch.length;
      onProgress({ phase: "pages", done, total });
    }
  }
}

function* batches(pages: readonly PlacedPage[]): Generator<PlacedPage[]> {
  let batch: PlacedPage[] = [];
  let bytes = 0;
  for (const page of pages) {
    if (batch.length === BATCH_PAGES || (batch.length > 0 && bytes + page.bytes > BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(page);
    bytes += page.bytes;
  }
  if (batch.length > 0) yield batch;
}
