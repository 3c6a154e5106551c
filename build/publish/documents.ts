import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { packKey, pageKey } from "../../worker/core/format/keys.ts";
import type { Manifest, StoredDocument } from "../../worker/core/format/meta.ts";
import { encodePlacement, type PlacedPage } from "../../worker/core/format/placement.ts";
import type { Docstore } from "../../worker/core/search/docstore.ts";
import { type DocumentsFile, openDocuments, readDocuments } from "../artifact/documents.ts";
import type { Progress } from "../settings/progress.ts";
import type { ArtifactPart } from "./artifact.ts";
import { type Base, withoutPages } from "./base.ts";
import { type Layout, layOut, placementBytes, placementOf } from "./layout.ts";
import { type Packed, type PackFile, packPages } from "./pack.ts";
import { hashLines, type Plan, planPages } from "./plan.ts";
import { repairPages } from "./repair.ts";
import type { PageWrite, PublishStore } from "./store.ts";
import { type NeededPage, neededPages, surveyPages } from "./survey.ts";

/** Places of a version's documents. */
export interface PlacedDocuments {
  /** Bytes of each part's placement. */
  readonly placementBytes: readonly number[];
  /** All pages of the version. */
  readonly pages: readonly PlacedPage[];
  readonly counts: Pick<Plan, "added" | "kept" | "removed" | "repacked">;
  /** New pages, and those of them that KV lacks. */
  readonly packs: readonly PackFile[];
  readonly missing: readonly (readonly PlacedPage[])[];
  /** Pages of the version before that stay and that KV lacks: they come back from their second copies. */
  readonly restorable: readonly NeededPage[];
  /** The placement of a part, encoded; made anew at each call, so that a large index holds one at a time. */
  placement(part: number): Uint8Array;
  /** Writes the missing pages to KV. */
  writePages(onProgress: (progress: Progress) => void): Promise<void>;
  /**
   * Looks whether all pages of the version are there, just before the pointer moves, and writes again what a collection
   * has removed meanwhile. Returns whether something was.
   *
   * @throws AnnoyEdgeError `PUBLISH_OVERTAKEN` when a page that was to be kept is gone for good
   */
  confirm(onProgress: (progress: Progress) => void): Promise<boolean>;
  /** Removes temporary files. */
  discard(): Promise<void>;
}

/** A bulk write of KV carries at most 10,000 pairs and 100 MB; small ones show progress and lose little. */
const BATCH_PAGES = 100;
const BATCH_BYTES = 16 * 1024 * 1024;
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
  published: Base | undefined,
  { deep, onProgress }: { readonly deep: boolean; readonly onProgress: (progress: Progress) => void },
): Promise<PlacedDocuments> {
  const { base, restorable: mendable } = await soundBase(store, name, published, deep);
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
    const known = packs.length > 0 ? await knownPages(store, name, packs, deep) : new Set<string>();
    const missing = packs.map((pack) => pack.pages.filter((page) => !known.has(page.hash)));
    const kept = new Set(layout.pages.map(({ hash }) => hash));
    const restorable = mendable.filter(({ page }) => kept.has(page.hash));
    const { added, kept: keptDocuments, removed, repacked } = plan;
    return {
      placementBytes: parts.map((_, part) => placementBytes(placementAt(part))),
      pages: layout.pages,
      placement: (part) => encodePlacement(placementAt(part)).bytes,
      counts: { added, kept: keptDocuments, removed, repacked },
      packs,
      missing,
      restorable,
      async writePages(report) {
        await writePages(store, name, packed, missing, report);
        if (restorable.length > 0) await repairPages(store, name, restorable, { deep, onProgress: report });
      },
      confirm: (report) => confirmPages(store, name, packed, layout, report),
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

/** The pages of a version that can be kept, and those of them that KV lacks or holds with other bytes. */
async function soundBase(
  store: PublishStore,
  name: string,
  base: Base | undefined,
  deep: boolean,
): Promise<{ base: Base | undefined; restorable: readonly NeededPage[] }> {
  if (!base) return { base, restorable: [] };
  const states = await surveyPages(store, name, neededPages([base]), { deep });
  // A page without its second copy is packed anew: a version relies on both.
  const gone = new Set(states.filter(({ copy }) => copy !== "sound").map(({ page }) => page.hash));
  return {
    base: withoutPages(base, gone),
    restorable: states.filter(({ page, kv }) => kv !== "sound" && !gone.has(page.hash)),
  };
}

/** Those of the new pages that an interrupted publish has written already, however long ago. */
async function knownPages(
  store: PublishStore,
  name: string,
  packs: readonly PackFile[],
  deep: boolean,
): Promise<Set<string>> {
  const needed = packs.flatMap(({ pages, hash }) => pages.map((page) => ({ page, pack: hash })));
  const states = await surveyPages(store, name, needed, { deep });
  return new Set(states.filter(({ kv }) => kv === "sound").map(({ page }) => page.hash));
}

async function confirmPages(
  store: PublishStore,
  name: string,
  packed: Packed,
  layout: Layout,
  onProgress: (progress: Progress) => void,
): Promise<boolean> {
  const states = await surveyPages(store, name, neededPages([layout]));
  const gone = states.filter(({ kv, copy }) => kv !== "sound" || copy !== "sound");
  if (gone.length === 0) return false;
  const packs = new Map(packed.packs.map((pack) => [pack.hash, pack]));
  for (const hash of new Set(gone.filter(({ copy }) => copy !== "sound").map(({ pack }) => pack))) {
    const pack = packs.get(hash);
    if (!pack) throw overtaken(name, `pack ${hash}`);
    await store.putObject(packKey(name, hash), pack);
  }
  const isNew = ({ pack }: NeededPage) => packs.has(pack);
  const lacking = gone.filter(({ kv }) => kv !== "sound");
  const missing = packed.packs.map(({ hash }) =>
    lacking.filter(({ pack }) => pack === hash).map(({ page }) => page),
  );
  await writePages(store, name, packed, missing, onProgress);
  const { lost } = await repairPages(
    store,
    name,
    lacking.filter((page) => !isNew(page)),
  );
  if (lost[0]) throw overtaken(name, `page ${lost[0].page.hash}`);
  return true;
}

function overtaken(name: string, what: string): AnnoyEdgeError {
  return new AnnoyEdgeError(
    "PUBLISH_OVERTAKEN",
    `While "${name}" was published, a collection removed ${what}, which the new version was to keep. Nothing was made current. Publish again: it is written anew.`,
  );
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
