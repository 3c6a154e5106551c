import { parseJson } from "../../worker/core/format/integers.ts";
import { SourceError } from "./errors.ts";
import { isId, MAX_ID } from "./id.ts";
import { readLines } from "./lines.ts";
import type { SourceDocument, SourceFile } from "./types.ts";

/** A document with the line it begins on, from 1. */
export interface LocatedRow {
  readonly line: number;
  readonly document: SourceDocument;
}

const TEXT_FIELDS = ["pageContent", "page_content", "text"] as const;
const OWN_FIELDS: ReadonlySet<string> = new Set([...TEXT_FIELDS, "id", "metadata", "vector"]);

/**
 * One document a line: `{id?, pageContent | page_content | text, metadata?, vector?}`. Further fields join the metadata.
 * A row with a vector may have no text. Blank lines are passed over. Whole numbers beyond 2^53 become text with all digits.
 *
 * @throws SourceError `BAD_JSON`, `BAD_ROW`, `BAD_VECTOR` naming file and line
 */
export async function* readJsonLines(file: SourceFile): AsyncGenerator<LocatedRow> {
  for await (const { line, row, where } of parseLines(file)) yield { line, document: toDocument(row, where) };
}

/** The values of a file's lines that are not blank; `where` begins messages about one. @throws SourceError `BAD_JSON` */
export async function* parseLines(
  file: SourceFile,
): AsyncGenerator<{ readonly line: number; readonly row: unknown; readonly where: string }> {
  for await (const { number, text } of readLines(file)) {
    if (text.trim() === "") continue;
    const where = `${file.source}, line ${number}`;
    let row: unknown;
    try {
      row = parseJson(text);
    } catch (cause) {
      throw new SourceError("BAD_JSON", `${where}: not JSON (${(cause as Error).message}).`, { cause });
    }
    yield { line: number, row, where };
  }
}

/** Checks a row and makes it a document. `where` begins the messages. */
export function toDocument(row: unknown, where: string): SourceDocument {
  if (!isObject(row)) throw new SourceError("BAD_ROW", `${where}: ${nameOf(row)}, not an object.`);
  const vector = toVector(row.vector, where);
  const field = TEXT_FIELDS.find((name) => row[name] !== undefined && row[name] !== null);
  const pageContent = field === undefined ? undefined : row[field];
  if (pageContent !== undefined && typeof pageContent !== "string") {
    throw new SourceError("BAD_ROW", `${where}: ${field} is ${nameOf(pageContent)}, not a string.`);
  }
  if (pageContent === undefined && !vector) {
    throw new SourceError("BAD_ROW", `${where}: no text; give pageContent, page_content or text.`);
  }
  const id = toId(row.id, where);
  return {
    ...(id !== undefined && { id }),
    pageContent: pageContent ?? "",
    metadata: toMetadata(row, where),
    ...(vector && { vector }),
    kind: "row",
  };
}

function toId(id: unknown, where: string): string | undefined {
  if (id === undefined || id === null) return undefined;
  if (typeof id === "number" && Number.isSafeInteger(id)) return String(id);
  if (typeof id === "string" && isId(id)) return id;
  const what =
    typeof id !== "string" ? nameOf(id) : id === "" ? "empty" : `${id.length} characters long or not Unicode`;
  throw new SourceError(
    "BAD_ROW",
    `${where}: id is ${what}; it must be a string of 1 to ${MAX_ID} characters or a whole number.`,
  );
}

function toMetadata(row: Record<string, unknown>, where: string): Record<string, unknown> {
  const { metadata } = row;
  if (metadata !== undefined && metadata !== null && !isObject(metadata)) {
    throw new SourceError("BAD_ROW", `${where}: metadata is ${nameOf(metadata)}, not an object.`);
  }
  const further = Object.entries(row).filter(([name]) => !OWN_FIELDS.has(name));
  return { ...Object.fromEntries(further), ...metadata };
}

function toVector(vector: unknown, where: string): number[] | undefined {
  if (vector === undefined || vector === null) return undefined;
  if (!Array.isArray(vector) || vector.length === 0) {
    throw new SourceError("BAD_VECTOR", `${where}: vector must be a list of at least one number.`);
  }
  // A component may well have been written as a whole number beyond 2^53.
  const numbers = vector.map((x) => (typeof x === "string" && /^-?\d{16,}$/.test(x) ? Number(x) : x));
  const bad = numbers.findIndex((x) => typeof x !== "number" || !Number.isFinite(Math.fround(x)));
  if (bad >= 0) {
    throw new SourceError(
      "BAD_VECTOR",
      `${where}: vector holds ${JSON.stringify(vector[bad])} at place ${bad}, not a finite float32.`,
    );
  }
  return numbers;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function nameOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  return `a ${typeof value}`;
}
