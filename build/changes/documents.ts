import { hash } from "node:crypto";
import { join } from "node:path";
import { requireView, sectionBytes } from "../../worker/core/format/artifact.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { idOfItem, itemOfId } from "../../worker/core/format/ids.ts";
import type { ItemDocument, StoredDocument } from "../../worker/core/format/meta.ts";
import { vectorsOf } from "../../worker/core/search/memory/vectors.ts";
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
  /** Its place among the changes of before, whose vector it keeps. */
  readonly before?: { readonly part: number; readonly item: number };
}

/** The changes that an update makes, against the base. */
export interface ChangeSet {
  /** Documents that are not the base's, in the order in which they came. */
  readonly documents: readonly ChangedDocument[];
  /** Items of the base that are gone, ascending, part by part. */
  readonly removed: readonly (readonly number[])[];
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

/** An index in one piece, or a shard of one: as it is opened, and the folder of its base. */
export interface ComparedPart {
  readonly index: LocalIndex;
  readonly baseDir: string;
  /** Added to its own item numbers to make them those of the whole. */
  readonly firstItem: number;
}

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
 * Compares given documents with those of an index, whose parts share none: what is new, and what replaces a document of
 * the same id. A document that is there as given is left alone.
 *
 * @param removals ids to remove; one that is given as well is not removed
 * @throws AnnoyEdgeError `ID_NOT_FOUND` for a removal of nothing
 */
export async function compare(
  parts: readonly ComparedPart[],
  given: readonly GivenDocument[],
  removals: Iterable<string>,
): Promise<ChangeSet> {
  const removed = parts.map(({ index }) => new Set<number>(index.changes?.removed));
  const kept = parts.map(({ index }) => new Set(itemsOf(index)));
  const counts = { added: 0, changed: 0, removed: 0, unchanged: 0 };
  const takeOut = ({ part, isAdded, item }: Found) =>
    isAdded ? kept[part]!.delete(item) : removed[part]!.add(item);
  const fresh: ChangedDocument[] = [];
  const isSame = await comparison(parts, given.length);
  const same = new Set<string>();
  for (const document of given) {
    const found = find(parts, document.id);
    if (found && (await isSame(found, document))) same.add(document.id);
  }
  const pages = pagesOf(parts, given, same);
  for (const document of given) {
    const found = find(parts, document.id);
    const isUnchanged = same.has(document.id);
    counts[isUnchanged ? "unchanged" : found ? "changed" : "added"]++;
    if (isUnchanged && !pages.has(document.metadata.page)) continue;
    if (found) takeOut(found);
    fresh.push(document);
  }
  const ids = new Set(given.map(({ id }) => id));
  for (const id of new Set([...removals, ...staleChunks(parts, given, ids)])) {
    if (ids.has(id)) continue;
    takeOut(find(parts, id) ?? missing(parts[0]!.index.name, id));
    counts.removed++;
  }
  return {
    documents: [...(await earlier(parts, kept)), ...fresh],
    removed: removed.map((items) => [...items].sort((a, b) => a - b)),
    counts,
  };
}

function itemsOf({ changes }: LocalIndex): number[] {
  return Array.from({ length: changes?.added.forest.nItems ?? 0 }, (_, i) => i);
}

/** Documents that earlier changes have added and that stay, in the order in which they came. */
async function earlier(
  parts: readonly ComparedPart[],
  kept: readonly ReadonlySet<number>[],
): Promise<ChangedDocument[]> {
  const found: { readonly document: ChangedDocument; readonly place: number }[] = [];
  for (const [part, { index, firstItem }] of parts.entries()) {
    if (!index.changes) continue;
    const { docstore, forest } = index.changes.added;
    const numbers = sectionBytes(forest.artifact, "shardItems")
      ? requireView(forest.artifact, "shardItems", Uint32Array)
      : undefined;
    const items = [...kept[part]!];
    const stored = await docstore.getItems(items);
    for (const [i, item] of items.entries()) {
      const place = firstItem + (numbers?.[item] ?? item);
      found.push({ document: { ...stored[i]!, before: { part, item } }, place });
    }
  }
  return found.sort((a, b) => a.place - b.place).map(({ document }) => document);
}

interface Found {
  readonly part: number;
  /** Whether it is one of the changes of before. */
  readonly isAdded: boolean;
  /** Its number in the base, or among those changes. */
  readonly item: number;
}

/** The document with an id; undefined when there is none. */
export function find(parts: readonly ComparedPart[], id: string): Found | undefined {
  for (const [part, { index }] of parts.entries()) {
    const { changes, ids } = index;
    const added = changes && itemOfId(changes.added.ids, id);
    if (added !== undefined) return { part, isAdded: true, item: added };
    const item = itemOfId(ids, id);
    if (item !== undefined && (!changes || changes.kept.accept(item))) return { part, isAdded: false, item };
  }
  return undefined;
}

function missing(name: string, id: string): never {
  const shown = JSON.stringify(id.length > 100 ? `${id.slice(0, 100)}…` : id);
  throw new AnnoyEdgeError(
    "ID_NOT_FOUND",
    `Index ${name} has no document with the id ${shown}, so there is none to remove.`,
  );
}

type Comparison = (found: Found, given: GivenDocument) => Promise<boolean>;

/** From so many documents on, reading all stored ones once is faster than reading those that are given one by one. */
const MANY = 1000;

/** Whether a stored document is the same as a given one. */
async function comparison(parts: readonly ComparedPart[], given: number): Promise<Comparison> {
  const hashes: (string | undefined)[][] = [];
  if (given >= MANY) for (const part of parts) hashes.push(await hashesOf(part));
  return async ({ part, isAdded, item }, document) => {
    const { index } = parts[part]!;
    const own = (isAdded ? index.changes?.added : index.changes?.base) ?? index;
    const known = isAdded ? undefined : hashes[part]?.[item];
    if (known === undefined) {
      const [stored] = await own.docstore.getItems([item]);
      if (!stored || textOf(stored) !== textOf(document)) return false;
    } else if (known !== hashOf(document)) return false;
    if (!document.vector) return true;
    const [vector] = await vectorsOf(own, [item]);
    return vector?.every((x, i) => x === document.vector![i]) ?? false;
  };
}

async function hashesOf({ baseDir }: ComparedPart): Promise<(string | undefined)[]> {
  const hashes: (string | undefined)[] = [];
  for await (const document of readDocuments(join(baseDir, "documents.jsonl")))
    hashes[document.item] = hashOf(document);
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
  parts: readonly ComparedPart[],
  given: readonly GivenDocument[],
  same: ReadonlySet<string>,
): ReadonlySet<unknown> {
  const { keyword } = parts[0]!.index.changes?.base.manifest ?? parts[0]!.index.manifest;
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
  parts: readonly ComparedPart[],
  given: readonly GivenDocument[],
  ids: ReadonlySet<string>,
): Generator<string> {
  const files = new Set<string>();
  for (const { id, metadata } of given) {
    const { source } = metadata;
    if (typeof source === "string" && (id === source || id.startsWith(`${source}#`))) files.add(source);
  }
  for (const file of files) {
    if (!ids.has(file) && find(parts, file)) yield file;
    for (let chunk = 0; find(parts, `${file}#${chunk}`); chunk++) {
      if (!ids.has(`${file}#${chunk}`)) yield `${file}#${chunk}`;
    }
  }
}
