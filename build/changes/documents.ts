import { hash } from "node:crypto";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { idOfItem, itemOfId } from "../../worker/core/format/ids.ts";
import type { ItemDocument, StoredDocument } from "../../worker/core/format/meta.ts";
import { vectorsOf } from "../../worker/core/search/vectors.ts";
import { gather, type InputDocument } from "../artifact/collect.ts";
import { readDocuments } from "../artifact/documents.ts";
import { jsonText } from "../artifact/json-text.ts";
import type { LocalIndex } from "../local/types.ts";
import type { Progress } from "../settings/progress.ts";
import { PAGE_TITLE } from "../site/beginning.ts";

/** A document as an update is given it, with its id. */
export interface GivenDocument extends StoredDocument {
  /** Absent where the embedder is to make it. */
  readonly vector?: Float32Array;
}

/** A document of the changes. */
export interface ChangedDocument extends GivenDocument {
  /** Its number among the changes of before, whose vector it keeps. */
  readonly before?: number;
}

/** The changes that an update makes, against the base. */
export interface ChangeSet {
  /** Documents that are not the base's, in the order in which they came. */
  readonly documents: readonly ChangedDocument[];
  /** Items of the base that are gone, ascending. */
  readonly removed: readonly number[];
  /** Documents that this update added, replaced, removed, and found as they are. */
  readonly counts: UpdateCounts;
}

export interface UpdateCounts {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  readonly unchanged: number;
}

/** Reads documents into memory, each checked and given its id as a build does it. @throws as `gather`, except `NO_DOCUMENTS` */
export async function readGiven(
  documents: AsyncIterable<InputDocument>,
  onProgress?: (progress: Progress) => void,
): Promise<GivenDocument[]> {
  const found: ItemDocument[] = [];
  const vectors: Float32Array[] = [];
  const writer = {
    add: async (document: ItemDocument) => {
      found.push(document);
    },
    close: () => Promise.reject(new Error("Nothing is written.")),
  };
  const rowsOf = (dimensions: number) => ({
    next: () => {
      const row = new Float32Array(dimensions);
      vectors.push(row);
      return row;
    },
  });
  try {
    await gather(documents, { writer, seen: new Set<string>(), rowsOf, onProgress });
  } catch (error) {
    // Documents may only be removed.
    if (!(error instanceof AnnoyEdgeError && error.code === "NO_DOCUMENTS")) throw error;
  }
  return found.map(({ id, pageContent, metadata }, i) => {
    const vector = vectors[i];
    return { id, pageContent, metadata, ...(vector && { vector }) };
  });
}

/** An opened folder, and where the documents of its base lie. */
export type ComparedIndex = LocalIndex & { readonly documentsPath: string };

/** The id of each document that is there, with its item. */
export function* idsOf(index: LocalIndex): Generator<readonly [id: string, item: number]> {
  const { changes } = index;
  const { nItems } = index.forest;
  for (let item = 0; item < nItems; item++) {
    if (changes && !changes.kept.accept(item)) continue;
    const id = idOfItem(index.ids, item);
    if (id !== undefined) yield [id, item];
  }
  if (!changes) return;
  const { ids, forest } = changes.added;
  for (let item = 0; item < forest.nItems; item++) yield [idOfItem(ids, item)!, item + nItems];
}

/**
 * Compares given documents with those of an index: what is new, and what replaces a document of the same id. A document
 * that is there as given is left alone.
 *
 * @param removals ids to remove; one that is given as well is not removed
 * @throws AnnoyEdgeError `ID_NOT_FOUND` for a removal of nothing
 */
export async function compare(
  index: ComparedIndex,
  given: readonly GivenDocument[],
  removals: Iterable<string>,
): Promise<ChangeSet> {
  const { changes } = index;
  const removed = new Set<number>(changes?.removed);
  const kept = new Set(changes ? Array.from({ length: changes.added.forest.nItems }, (_, i) => i) : []);
  const counts = { added: 0, changed: 0, removed: 0, unchanged: 0 };
  const takeOut = ({ part, item }: Found) => (part === "base" ? removed.add(item) : kept.delete(item));
  const fresh: ChangedDocument[] = [];
  const isSame = await comparison(index, given.length);
  const same = new Set<string>();
  for (const document of given) {
    const found = find(index, document.id);
    if (found && (await isSame(found, document))) same.add(document.id);
  }
  const pages = pagesOf(index, given, same);
  for (const document of given) {
    const found = find(index, document.id);
    const isUnchanged = same.has(document.id);
    counts[isUnchanged ? "unchanged" : found ? "changed" : "added"]++;
    if (isUnchanged && !pages.has(document.metadata.page)) continue;
    if (found) takeOut(found);
    fresh.push(document);
  }
  const ids = new Set(given.map(({ id }) => id));
  for (const id of new Set([...removals, ...staleChunks(index, given, ids)])) {
    if (ids.has(id)) continue;
    takeOut(find(index, id) ?? missing(index, id));
    counts.removed++;
  }
  const before = [...kept];
  const stored = changes ? await changes.added.docstore.getItems(before) : [];
  const earlier = before.map((item, i): ChangedDocument => ({ ...stored[i]!, before: item }));
  return {
    documents: [...earlier, ...fresh],
    removed: [...removed].sort((a, b) => a - b),
    counts,
  };
}

interface Found {
  readonly part: "base" | "added";
  /** Its number in the part. */
  readonly item: number;
}

function find({ changes, ids }: LocalIndex, id: string): Found | undefined {
  const added = changes && itemOfId(changes.added.ids, id);
  if (added !== undefined) return { part: "added", item: added };
  const item = itemOfId(ids, id);
  return item === undefined || (changes && !changes.kept.accept(item)) ? undefined : { part: "base", item };
}

function missing(index: LocalIndex, id: string): never {
  const shown = JSON.stringify(id.length > 100 ? `${id.slice(0, 100)}…` : id);
  throw new AnnoyEdgeError(
    "ID_NOT_FOUND",
    `Index ${index.name} has no document with the id ${shown}, so there is none to remove.`,
  );
}

type Comparison = (found: Found, given: GivenDocument) => Promise<boolean>;

/** From so many documents on, reading all stored ones once is faster than reading those that are given one by one. */
const MANY = 1000;

/** Whether a stored document is the same as a given one. */
async function comparison(index: ComparedIndex, given: number): Promise<Comparison> {
  const { changes } = index;
  const base = changes?.base ?? index;
  const hashes = given < MANY ? undefined : await hashesOf(index.documentsPath);
  return async ({ part, item }, document) => {
    const own = (part === "added" && changes?.added) || base;
    const known = part === "base" ? hashes?.[item] : undefined;
    if (known === undefined) {
      const [stored] = await own.docstore.getItems([item]);
      if (!stored || textOf(stored) !== textOf(document)) return false;
    } else if (known !== hashOf(document)) return false;
    if (!document.vector) return true;
    const [vector] = await vectorsOf(own, [item]);
    return vector?.every((x, i) => x === document.vector![i]) ?? false;
  };
}

async function hashesOf(path: string): Promise<(string | undefined)[]> {
  const hashes: (string | undefined)[] = [];
  for await (const document of readDocuments(path)) hashes[document.item] = hashOf(document);
  return hashes;
}

function hashOf(document: StoredDocument): string {
  return hash("sha256", textOf(document), "base64");
}

/**
 * Pages of a site of which a section is new, gone or changed. Which section begins a page is read from all of them, so they
 * change together.
 */
function pagesOf(
  { manifest, changes }: LocalIndex,
  given: readonly GivenDocument[],
  same: ReadonlySet<string>,
): ReadonlySet<unknown> {
  const { keyword } = changes?.base.manifest ?? manifest;
  const pages = new Set<unknown>();
  if (!keyword || !(PAGE_TITLE in keyword.fields)) return pages;
  for (const { id, metadata } of given) {
    if (metadata.page !== undefined && !same.has(id)) pages.add(metadata.page);
  }
  return pages;
}

function textOf({ id, pageContent, metadata }: StoredDocument): string {
  return jsonText([pageContent, metadata], id);
}

/** Chunks of files that are given anew, beyond those that the files have now. */
function* staleChunks(
  index: LocalIndex,
  given: readonly GivenDocument[],
  ids: ReadonlySet<string>,
): Generator<string> {
  const files = new Set<string>();
  for (const { id, metadata } of given) {
    const { source } = metadata;
    if (typeof source === "string" && (id === source || id.startsWith(`${source}#`))) files.add(source);
  }
  for (const file of files) {
    if (!ids.has(file) && find(index, file)) yield file;
    for (let chunk = 0; find(index, `${file}#${chunk}`); chunk++) {
      if (!ids.has(`${file}#${chunk}`)) yield `${file}#${chunk}`;
    }
  }
}
