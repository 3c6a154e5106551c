import { basename } from "node:path";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { parseJson } from "../../worker/core/format/integers.ts";
import type { DocumentsWriter } from "../artifact/documents.ts";
import type { Progress } from "../settings/progress.ts";
import { SourceError } from "../sources/errors.ts";
import { toDocument } from "../sources/jsonl.ts";
import { readLines } from "../sources/lines.ts";

/** A document of an existing index. */
export interface AnnoyDocument {
  /** The item it belongs to; left out of all documents, they belong to the existing items one after the other. */
  readonly item?: number | undefined;
  /** Default: the item number. */
  readonly id?: string | undefined;
  readonly pageContent: string;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

/** A `.jsonl` file, or the documents themselves. */
export type AnnoyDocuments = string | AsyncIterable<AnnoyDocument> | Iterable<AnnoyDocument>;

/**
 * Writes a document for every existing item, in item order: the given one, or an empty one where documents name their
 * items and leave some out.
 *
 * @throws AnnoyEdgeError `BAD_DOCUMENT`, `DUPLICATE_ID`, `WRONG_DOCUMENT_COUNT`
 */
export async function writeItemDocuments(
  given: AnnoyDocuments | undefined,
  items: Uint32Array,
  nItems: number,
  writer: DocumentsWriter,
  onProgress?: (progress: Progress) => void,
): Promise<{ ids: (string | undefined)[]; hasText: boolean }> {
  const ids = new Array<string | undefined>(nItems).fill(undefined);
  const seen = new Set<string>();
  let next = 0;
  let hasText = false;
  const add = async (document: AnnoyDocument) => {
    const item = items[next++]!;
    const { pageContent, metadata = {} } = document;
    const id = document.id ?? String(item);
    if (seen.has(id)) {
      throw new AnnoyEdgeError(
        "DUPLICATE_ID",
        `The document of item ${item} has the id ${JSON.stringify(id)} a second time.`,
      );
    }
    seen.add(id);
    ids[item] = id;
    hasText ||= /\S/.test(pageContent);
    await writer.add({ item, id, pageContent, metadata });
    if (next % 1024 === 0) onProgress?.({ phase: "read", done: next, total: items.length });
  };
  const fillTo = async (item: number) => {
    while (next < items.length && items[next]! < item) await add({ pageContent: "" });
  };
  let count = 0;
  let named: boolean | undefined;
  for await (const document of documentsOf(given)) {
    const where = `Document ${count++}`;
    checkDocument(document, where);
    named ??= document.item !== undefined;
    if (named !== (document.item !== undefined)) {
      throw new AnnoyEdgeError("BAD_DOCUMENT", `${where}: either all documents name their item, or none.`);
    }
    if (document.item === undefined) {
      if (next === items.length) throw wrongCount(`more than ${items.length}`, items.length);
    } else {
      await fillTo(document.item);
      if (items[next] !== document.item) {
        throw new AnnoyEdgeError(
          "BAD_DOCUMENT",
          `${where} is of item ${document.item}, which the index does not have, or which came before: documents come in item order.`,
        );
      }
    }
    await add(document);
  }
  if (named === false && next < items.length) throw wrongCount(String(count), items.length);
  await fillTo(nItems);
  return { ids, hasText };
}

function wrongCount(count: string, items: number): AnnoyEdgeError {
  return new AnnoyEdgeError(
    "WRONG_DOCUMENT_COUNT",
    `There are ${count} documents for ${items} items. Give one an item, or name the items in a field "item".`,
  );
}

async function* documentsOf(given: AnnoyDocuments | undefined): AsyncGenerator<AnnoyDocument> {
  if (given === undefined) return;
  if (typeof given !== "string") {
    yield* given;
    return;
  }
  const source = basename(given);
  for await (const { number, text } of readLines({ path: given, source })) {
    if (text.trim() === "") continue;
    const where = `${source}, line ${number}`;
    let row: unknown;
    try {
      row = parseJson(text);
    } catch (cause) {
      throw new SourceError("BAD_JSON", `${where}: not JSON (${(cause as Error).message}).`, { cause });
    }
    const isObject = typeof row === "object" && row !== null && "item" in row;
    if (!isObject) {
      yield toDocument(row, where);
      continue;
    }
    const { item, ...rest } = row as { item: unknown };
    if (typeof item !== "number") {
      throw new AnnoyEdgeError("BAD_DOCUMENT", `${where}: item is ${JSON.stringify(item)}, not a number.`);
    }
    yield { ...toDocument(rest, where), item };
  }
}

function checkDocument(document: AnnoyDocument, where: string): void {
  const bad = (what: string) => new AnnoyEdgeError("BAD_DOCUMENT", `${where} ${what}.`);
  if (typeof document !== "object" || document === null) throw bad("is not an object");
  const { item, id, pageContent, metadata } = document;
  if (typeof pageContent !== "string") throw bad("has no text: pageContent is not a string");
  if (item !== undefined && !(Number.isInteger(item) && item >= 0)) throw bad(`has the item ${item}`);
  if (id !== undefined && (typeof id !== "string" || id === "" || id.length > 512 || !id.isWellFormed())) {
    throw bad("has an id that is not a string of 1 to 512 characters of Unicode");
  }
  if (
    metadata !== undefined &&
    (typeof metadata !== "object" || metadata === null || Array.isArray(metadata))
  )
    throw bad("has metadata that is not an object");
}
