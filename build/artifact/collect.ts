import { createHash } from "node:crypto";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { Progress } from "../settings/progress.ts";
import { isId, MAX_ID } from "../sources/id.ts";
import type { DocumentsWriter } from "./documents.ts";
import { jsonText } from "./json-text.ts";
import { createRows, type RowSink, type RowStore } from "./rows.ts";

/** As much of an id as a message shows. */
const SHOWN_ID = 80;

/** A document to index. LangChain's `Document` fits; `vector` saves the embedding. */
export interface InputDocument {
  readonly id?: string | undefined;
  readonly pageContent: string;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly vector?: ArrayLike<number> | undefined;
}

/** Documents gathered: texts on disk, ids (and vectors that came with them) in memory. */
export interface Collected {
  /** Docstore id of item i. */
  readonly ids: readonly string[];
  /** Whether any document has text other than blanks. */
  readonly hasText: boolean;
  /** Present when the documents brought their own. */
  readonly given?: { readonly vectors: Float32Array<SharedArrayBuffer>; readonly dimensions: number };
}

/** Receivers of what {@link gather} reads. */
export interface Gathering {
  readonly writer: DocumentsWriter;
  /** Ids that have been given. */
  readonly seen: { has(id: string): boolean; add(id: string): void };
  readonly onId?: (id: string) => void;
  /** Returns the sink of vectors that come with the documents; called once, with the length of the first. */
  readonly rowsOf: (dimensions: number) => RowSink;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface Gathered {
  readonly count: number;
  /** Whether any document has text other than blanks. */
  readonly hasText: boolean;
  /** Length of the vectors that came with the documents; absent when none came. */
  readonly dimensions?: number;
}

/**
 * Takes documents as they come: checks each, gives it its id and writes it to `documents.jsonl`; ids and vectors are
 * gathered in memory.
 *
 * @throws as {@link gather}
 */
export async function collect(
  documents: AsyncIterable<InputDocument> | Iterable<InputDocument>,
  writer: DocumentsWriter,
  onProgress?: (progress: Progress) => void,
): Promise<Collected> {
  const ids: string[] = [];
  const kept: { rows?: RowStore } = {};
  const { hasText, dimensions } = await gather(documents, {
    writer,
    seen: new Set<string>(),
    onId: (id) => ids.push(id),
    rowsOf: (length) => {
      kept.rows = createRows(length);
      return kept.rows;
    },
    onProgress,
  });
  return {
    ids,
    hasText,
    ...(kept.rows && dimensions !== undefined && { given: { vectors: kept.rows.finish(), dimensions } }),
  };
}

/**
 * The same, for whoever keeps ids and vectors elsewhere. Item numbers are the order of arrival. The first document
 * decides whether vectors come with the documents; all must then bring one.
 *
 * @throws AnnoyEdgeError `BAD_DOCUMENT`, `DUPLICATE_ID`, `BAD_VECTOR`, `MISSING_VECTOR`, `NO_DOCUMENTS`
 */
export async function gather(
  documents: AsyncIterable<InputDocument> | Iterable<InputDocument>,
  { writer, seen, onId, rowsOf, onProgress }: Gathering,
): Promise<Gathered> {
  const nextId = idGiver(seen);
  let rows: RowSink | undefined;
  let dimensions = 0;
  let item = 0;
  let hasText = false;
  for await (const document of documents) {
    const where = describe(document, item);
    checkDocument(document, where);
    const { pageContent, metadata = {}, vector } = document;
    if (item === 0 && vector !== undefined) {
      dimensions = checkLength(vector, where);
      rows = rowsOf(dimensions);
    }
    if (rows && vector === undefined) {
      throw new AnnoyEdgeError(
        "MISSING_VECTOR",
        `${where} has no vector, though the first has. Give every document one, or none.`,
      );
    }
    if (vector !== undefined) {
      if (!rows) {
        throw new AnnoyEdgeError(
          "MISSING_VECTOR",
          `${where} has a vector, though the first has none. Give every document one, or none.`,
        );
      }
      fill(rows.next(), vector, where);
    }
    hasText ||= /\S/.test(pageContent);
    const id = nextId(document.id, pageContent, metadata, where);
    onId?.(id);
    await writer.add({ item, id, pageContent, metadata });
    item++;
    if (item % 1024 === 0) onProgress?.({ phase: "read", done: item, total: 0 });
  }
  if (item === 0) {
    throw new AnnoyEdgeError(
      "NO_DOCUMENTS",
      "The source holds no documents, so there is nothing to index. Check the paths and globs.",
    );
  }
  onProgress?.({ phase: "read", done: item, total: item });
  return { count: item, hasText, ...(rows && { dimensions }) };
}

/** Gives ids: a document's own, or the first 12 hex digits of its content's SHA-256, so that it keeps its id wherever it moves. */
function idGiver(seen: Gathering["seen"]) {
  return (given: string | undefined, pageContent: string, metadata: object, where: string): string => {
    let id = given;
    if (id !== undefined) {
      if (seen.has(id)) {
        throw new AnnoyEdgeError("DUPLICATE_ID", `${where} has the id ${JSON.stringify(id)} a second time.`);
      }
    } else {
      const hash = createHash("sha256")
        .update(jsonText([pageContent, metadata], where))
        .digest("hex");
      const base = hash.slice(0, 12);
      id = base;
      for (let copy = 2; seen.has(id); copy++) id = `${base}-${copy}`;
    }
    seen.add(id);
    return id;
  };
}

function describe(document: InputDocument, index: number): string {
  const id = document?.id;
  if (typeof id !== "string") return `Document ${index}`;
  return `Document ${index} (id ${JSON.stringify(id.slice(0, SHOWN_ID))}${id.length > SHOWN_ID ? "…" : ""})`;
}

/** @param where begins the messages @throws AnnoyEdgeError `BAD_DOCUMENT` */
export function checkDocument(document: InputDocument, where: string): void {
  const bad = (what: string) => new AnnoyEdgeError("BAD_DOCUMENT", `${where} ${what}.`);
  if (typeof document !== "object" || document === null) throw bad("is not an object");
  if (typeof document.pageContent !== "string") throw bad("has no text: pageContent is not a string");
  const { id, metadata } = document;
  if (id !== undefined && !isId(id)) {
    throw bad(`has an id that is not a string of 1 to ${MAX_ID} characters of Unicode`);
  }
  if (
    metadata !== undefined &&
    (typeof metadata !== "object" || metadata === null || Array.isArray(metadata))
  ) {
    throw bad("has metadata that is not an object");
  }
}

function checkLength(vector: ArrayLike<number>, where: string): number {
  const length = typeof vector === "object" && vector !== null ? vector.length : undefined;
  if (typeof length !== "number" || length < 1 || length > 65_536) {
    throw new AnnoyEdgeError(
      "BAD_VECTOR",
      `${where} has a vector that is not a list of 1 to 65,536 numbers.`,
    );
  }
  return length;
}

function fill(row: Float32Array, vector: ArrayLike<number>, where: string): void {
  if (vector?.length !== row.length) {
    throw new AnnoyEdgeError(
      "BAD_VECTOR",
      `${where} has ${vector?.length ?? "no"} numbers in its vector; ${row.length} are needed.`,
    );
  }
  for (let i = 0; i < row.length; i++) {
    const value = vector[i];
    // The float32 that is stored must be finite too: 1e39 is not.
    if (typeof value !== "number" || !Number.isFinite(Math.fround(value))) {
      throw new AnnoyEdgeError(
        "BAD_VECTOR",
        `${where} has ${String(value)} at place ${i} of its vector, which is not a finite float32.`,
      );
    }
    row[i] = value;
  }
}
