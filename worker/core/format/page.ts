import { AnnoyEdgeError } from "./errors.ts";
import type { StoredDocument } from "./meta.ts";

/**
 * A page: documents as lines of JSON, each ended by a line feed, in UTF-8. JSON escapes control characters, so a line
 * feed never occurs within a line and the n-th line is found without parsing the others.
 */

/** Pages are filled up to this many bytes: large enough that 1,000 writes carry tens of thousands of documents, small enough to fetch ten an answer. */
export const PAGE_TARGET_BYTES = 48 * 1024;
/** https://developers.cloudflare.com/kv/platform/limits/ */
export const MAX_PAGE_BYTES = 25 * 1024 * 1024;
/** Slots take 12 bits of a placement entry. */
export const MAX_PAGE_LINES = 4096;

/** The line of a document, without its line feed. Members in one order, so that equal documents have equal lines. */
export function encodeLine(document: StoredDocument): string {
  return JSON.stringify({
    id: document.id,
    pageContent: document.pageContent,
    metadata: document.metadata ?? {},
  });
}

/**
 * The document in line `slot` of a page's text. Scans to the line and parses nothing else.
 *
 * @throws AnnoyEdgeError `CORRUPT_PAGE` when the page has no such line or the line is not a document
 */
export function decodeLine(page: string, slot: number): StoredDocument {
  return parseLine(lineOf(page, slot), slot);
}

/** @throws AnnoyEdgeError `CORRUPT_PAGE` when the page has no such line */
export function lineOf(page: string, slot: number): string {
  let start = 0;
  for (let i = 0; i < slot && start !== -1; i++) start = page.indexOf("\n", start) + 1 || -1;
  const end = start === -1 ? -1 : page.indexOf("\n", start);
  if (end === -1) throw new AnnoyEdgeError("CORRUPT_PAGE", `A document page has no line ${slot}.`);
  return page.slice(start, end);
}

/** @throws AnnoyEdgeError `CORRUPT_PAGE` when a line is not a document */
export function parseLine(line: string, slot: number): StoredDocument {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new AnnoyEdgeError("CORRUPT_PAGE", `Line ${slot} of a document page is not JSON.`, { cause });
  }
  if (!isStoredDocument(value)) {
    throw new AnnoyEdgeError("CORRUPT_PAGE", `Line ${slot} of a document page is not a document.`);
  }
  return value;
}

function isStoredDocument(value: unknown): value is StoredDocument {
  if (typeof value !== "object" || value === null) return false;
  const { id, pageContent, metadata } = value as Partial<Record<keyof StoredDocument, unknown>>;
  return (
    typeof id === "string" &&
    typeof pageContent === "string" &&
    typeof metadata === "object" &&
    metadata !== null
  );
}
