import { basename } from "node:path";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { checkDocument } from "../artifact/collect.ts";
import type { DocumentsWriter } from "../artifact/documents.ts";
import type { Progress } from "../settings/progress.ts";
import { isObject, parseLines, toDocument } from "../sources/jsonl.ts";

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
    const { item } = document;
    if (item !== undefined && !(Number.isInteger(item) && item >= 0)) {
      throw new AnnoyEdgeError("BAD_DOCUMENT", `${where} has the item ${item}.`);
    }
    named ??= item !== undefined;
    if (named !== (item !== undefined)) {
      throw new AnnoyEdgeError("BAD_DOCUMENT", `${where}: either all documents name their item, or none.`);
    }
    if (item === undefined) {
      if (next === items.length) throw wrongCount(`more than ${items.length}`, items.length);
    } else {
      await fillTo(item);
      if (items[next] !== item) {
        throw new AnnoyEdgeError(
          "BAD_DOCUMENT",
          `${where} is of item ${item}, which the index does not have, or which came before: documents come in item order.`,
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
  for await (const { row, where } of parseLines({ path: given, source: basename(given) })) {
    if (!isObject(row) || !("item" in row)) {
      yield toDocument(row, where);
      continue;
    }
    const { item, ...rest } = row;
    if (typeof item !== "number") {
      throw new AnnoyEdgeError("BAD_DOCUMENT", `${where}: item is ${JSON.stringify(item)}, not a number.`);
    }
    yield { ...toDocument(rest, where), item };
  }
}
