import { type FileHandle, open } from "node:fs/promises";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { ItemDocument, ManifestFile, StoredDocument } from "../../worker/core/format/meta.ts";
import type { Docstore } from "../../worker/core/search/docstore.ts";
import { readRange } from "./file-bytes.ts";
import type { HashedFile } from "./folder.ts";
import { jsonText } from "./json-text.ts";

const WRITE_BYTES = 1 << 20;
const READ_BYTES = 1 << 20;
const NEWLINE = 10;

/** Writes `documents.jsonl`: one {@link ItemDocument} a line, in item order, `item` first. */
export interface DocumentsWriter {
  add(document: ItemDocument): Promise<void>;
  close(): Promise<ManifestFile>;
}

/** @param bufferBytes about how much is gathered before it is written */
export function writeDocuments(file: HashedFile, bufferBytes = WRITE_BYTES): DocumentsWriter {
  let lines: string[] = [];
  let pending = 0;
  const flush = async () => {
    const bytes = Buffer.from(lines.join(""));
    lines = [];
    pending = 0;
    await file.write(bytes);
  };
  return {
    async add({ item, id, pageContent, metadata }) {
      const line = `${jsonText({ item, id, pageContent, metadata }, `Document ${item}`)}\n`;
      lines.push(line);
      pending += line.length;
      if (pending >= bufferBytes) await flush();
    },
    async close() {
      if (pending > 0) await flush();
      return file.close();
    },
  };
}

/** `documents.jsonl` opened for reading single lines: 8 bytes of memory a document, texts stay on disk. */
export interface DocumentsFile extends Docstore {
  close(): Promise<void>;
}

/** Files that were not closed: Node would end the process when it collects one that is open. */
const abandoned = new FinalizationRegistry<FileHandle>((file) => void file.close().catch(() => {}));

/**
 * Finds the lines of `documents.jsonl` in one pass.
 *
 * @param bytes how long the manifest says the file is
 * @throws AnnoyEdgeError `CORRUPT_DOCUMENTS` when it is not, a line is not a document or items do not ascend
 */
export async function openDocuments(path: string, nItems: number, bytes?: number): Promise<DocumentsFile> {
  const file = await openForReading(path);
  try {
    const { size } = await file.stat();
    if (bytes !== undefined && size !== bytes) {
      throw corrupt(path, undefined, `it has ${size} bytes where the manifest says ${bytes}`);
    }
    // Where each item's line lies; items without a document keep NaN.
    const starts = new Float64Array(nItems).fill(Number.NaN);
    const ends = new Float64Array(nItems);
    let previous = -1;
    for await (const lines of scanLines(file)) {
      for (const { start, end, line, bytes } of lines) {
        const item = itemOf(bytes);
        if (!(item > previous && item < nItems)) {
          throw corrupt(path, line, `item ${item} is out of order or not below ${nItems}`);
        }
        starts[item] = start;
        ends[item] = end;
        previous = item;
      }
    }
    const documents: DocumentsFile = {
      getItems: (items) =>
        Promise.all(
          items.map(async (item) => {
            const start = starts[item];
            if (start === undefined || Number.isNaN(start)) return undefined;
            return readDocument(file, path, start, ends[item]!);
          }),
        ),
      close: () => file.close(),
    };
    abandoned.register(documents, file);
    return documents;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Every document of the file in order, checked; for verification and publishing. */
export async function* readDocuments(path: string): AsyncGenerator<ItemDocument> {
  const file = await openForReading(path);
  try {
    for await (const lines of scanLines(file)) {
      for (const { bytes, line } of lines) yield parseDocument(bytes, path, line);
    }
  } finally {
    await file.close();
  }
}

/** @throws AnnoyEdgeError `NOT_AN_ARTIFACT` */
export async function openForReading(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (error) {
    throw new AnnoyEdgeError(
      "NOT_AN_ARTIFACT",
      `${path} cannot be read (${(error as NodeJS.ErrnoException).code}). Rebuild the artifact.`,
      { cause: error },
    );
  }
}

async function readDocument(
  file: FileHandle,
  path: string,
  start: number,
  end: number,
): Promise<StoredDocument> {
  const bytes = await readRange(file, start, end - start);
  if (bytes.length < end - start) throw corrupt(path, undefined, `it ends within the line at byte ${start}`);
  const { id, pageContent, metadata } = parseDocument(bytes, path, undefined);
  return { id, pageContent, metadata };
}

interface Line {
  readonly start: number;
  readonly end: number;
  /** Counted from 1. */
  readonly line: number;
  /** Valid until the next batch is asked for. */
  readonly bytes: Buffer;
}

/** The lines of a file, a buffer's worth at a time. */
async function* scanLines(file: FileHandle): AsyncGenerator<Line[]> {
  let buffer = Buffer.allocUnsafe(READ_BYTES);
  let filled = 0;
  let base = 0;
  let line = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, base + filled);
    filled += bytesRead;
    const lines: Line[] = [];
    let at = 0;
    for (;;) {
      let newline = buffer.subarray(0, filled).indexOf(NEWLINE, at);
      if (newline < 0) {
        // A last line without its newline is a line all the same.
        if (bytesRead > 0 || at === filled) break;
        newline = filled;
      }
      const bytes = buffer.subarray(at, newline);
      line++;
      lines.push({ start: base + at, end: base + newline, line, bytes });
      at = Math.min(newline + 1, filled);
    }
    yield lines;
    if (bytesRead === 0) return;
    buffer.copyWithin(0, at, filled);
    filled -= at;
    base += at;
    if (filled === buffer.length) {
      const larger = Buffer.allocUnsafe(buffer.length * 2);
      buffer.copy(larger, 0, 0, filled);
      buffer = larger;
    }
  }
}

/** As we write it; a line in another order costs a parse. */
const ITEM_FIRST = /^\{\s*"item"\s*:\s*(\d{1,10})\s*[,}]/;

/** The item a line is about; -1 when it names none. */
function itemOf(bytes: Buffer): number {
  const match = ITEM_FIRST.exec(bytes.toString("latin1", 0, Math.min(bytes.length, 40)));
  if (match) return Number(match[1]);
  try {
    const { item } = JSON.parse(bytes.toString()) as { item?: unknown };
    return typeof item === "number" ? item : -1;
  } catch {
    return -1;
  }
}

function parseDocument(bytes: Buffer, path: string, line: number | undefined): ItemDocument {
  let value: Partial<ItemDocument>;
  try {
    value = JSON.parse(bytes.toString()) as Partial<ItemDocument>;
  } catch (error) {
    throw corrupt(path, line, "it is not JSON", error);
  }
  const { item, id, pageContent, metadata } = value ?? {};
  if (
    typeof item !== "number" ||
    typeof id !== "string" ||
    typeof pageContent !== "string" ||
    typeof metadata !== "object" ||
    metadata === null
  ) {
    throw corrupt(path, line, "it lacks item, id, pageContent or metadata");
  }
  return { item, id, pageContent, metadata };
}

function corrupt(path: string, line: number | undefined, what: string, cause?: unknown): AnnoyEdgeError {
  const where = line === undefined ? path : `${path}, line ${line}`;
  return new AnnoyEdgeError("CORRUPT_DOCUMENTS", `${where}: ${what}. Rebuild the artifact.`, { cause });
}
