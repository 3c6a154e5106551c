import { packKey, pageKey, pagesPrefix, versionKey } from "../../worker/core/format/keys.ts";
import type { Manifest, StoredDocument } from "../../worker/core/format/meta.ts";
import {
  decodePlacement,
  encodePlacement,
  type PlacedPage,
  type Placement,
} from "../../worker/core/format/placement.ts";
import type { Docstore } from "../../worker/core/search/docstore.ts";
import { type DocumentsFile, openDocuments, readDocuments } from "../artifact/documents.ts";
import type { Progress } from "../settings/progress.ts";
import type { ArtifactPart } from "./artifact.ts";
import type { Base } from "./base.ts";
import { layOut, placementBytes, placementOf } from "./layout.ts";
import { type Packed, type PackFile, packPages } from "./pack.ts";
import { hashLines, type Plan, planPages } from "./plan.ts";
import type { PageWrite, PublishStore } from "./store.ts";

/** Where a version's documents will lie. */
export interface PlacedDocuments {
  /** Bytes of each part's placement. */
  readonly placementBytes: readonly number[];
  /** All pages of the version. */
  readonly pages: readonly PlacedPage[];
  readonly counts: Pick<Plan, "added" | "kept" | "removed" | "repacked">;
  /** New pages, and those of them that KV lacks. */
  readonly packs: readonly PackFile[];
  readonly missing: readonly (readonly PlacedPage[])[];
  /** The placement of a part, encoded; made anew at each call, so that a large index holds one at a time. */
  placement(part: number): Uint8Array;
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

/**
 * Decides where the documents of an artifact's parts lie, given where those of the version before do: all of them
 * together, so that a document keeps its page when it moves from one shard to another, or when an index is cut into
 * shards.
 */
export async function placeDocuments(
  store: PublishStore,
  name: string,
  parts: readonly ArtifactPart[],
  base: Base | undefined,
  onProgress: (progress: Progress) => void,
): Promise<PlacedDocuments> {
  const total = parts.reduce(
    (sum, { manifest, header }) => sum + (isRouter(manifest) ? 0 : header.nItems),
    0,
  );
  const bytes = parts.reduce((sum, { manifest }) => sum + manifest.files["documents.jsonl"].bytes, 0);
  const sources = parts.map(({ documentsPath, header }) => ({
    documents: readDocuments(documentsPath),
    nItems: header.nItems,
  }));
  const lines = await hashLines(sources, bytes <= KEEP_BYTES, (done) =>
    onProgress({ phase: "place", done, total }),
  );
  const plan = planPages(lines, storageOrder(parts), base);
  const documents = lines.texts ? undefined : await openParts(parts);
  let packed: Packed;
  try {
    packed = await packPages(plan, lines, documents, (done, pages) =>
      onProgress({ phase: "pack", done, total: pages }),
    );
  } finally {
    await documents?.close();
  }
  const { packs, discard } = packed;
  try {
    const layout = layOut(plan, lines, base, packs);
    const firsts = firstItems(parts);
    const placementAt = (part: number) => placementOf(layout, firsts[part]!, parts[part]!.header.nItems);
    const known = packs.length > 0 ? await recentPages(store, name) : new Set<string>();
    const missing = packs.map((pack) => pack.pages.filter((page) => !known.has(pageKey(name, page.hash))));
    const { added, kept, removed, repacked } = plan;
    return {
      placementBytes: parts.map((_, part) => placementBytes(placementAt(part))),
      pages: layout.pages,
      placement: (part) => encodePlacement(placementAt(part)).bytes,
      counts: { added, kept, removed, repacked },
      packs,
      missing,
      writePages: (report) => writePages(store, name, packed, missing, report),
      discard,
    };
  } catch (error) {
    await discard();
    throw error;
  }
}

/** A router's items are centroids and have no documents. */
function isRouter({ shards }: Manifest): boolean {
  return shards !== undefined;
}

/** Number of the first item of each part, when the items of all parts are numbered one behind the other. */
function firstItems(parts: readonly ArtifactPart[]): number[] {
  let next = 0;
  return parts.map(({ header }) => {
    const first = next;
    next += header.nItems;
    return first;
  });
}

function* storageOrder(parts: readonly ArtifactPart[]): Generator<number> {
  const firsts = firstItems(parts);
  for (const [i, { order }] of parts.entries()) for (const item of order) yield firsts[i]! + item;
}

/** The documents of all parts, by their items one behind the other. */
async function openParts(parts: readonly ArtifactPart[]): Promise<Docstore & { close(): Promise<void> }> {
  const firsts = firstItems(parts);
  const files: DocumentsFile[] = [];
  const close = async () => {
    for (const file of files) await file.close();
  };
  try {
    for (const part of parts) files.push(await openDocuments(part.documentsPath, part.header.nItems));
  } catch (error) {
    await close();
    throw error;
  }
  const getItem = async (item: number): Promise<StoredDocument | undefined> => {
    const part = firsts.findLastIndex((first) => first <= item);
    return (await files[part]!.getItems([item - firsts[part]!]))[0];
  };
  return { getItems: (items) => Promise.all(items.map(getItem)), close };
}

/** The placement of a version's part as uploaded; undefined when there is none. */
export async function readPlacement(
  store: PublishStore,
  name: string,
  version: string,
  shard?: number,
): Promise<Placement | undefined> {
  const object = await store.getObject(versionKey(name, version, "placement.bin", shard));
  return object && decodePlacement(object.bytes);
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
