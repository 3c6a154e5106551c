import { type Artifact, findSection, requireBytes } from "../format/artifact.ts";
import { ArtifactError } from "../format/errors.ts";
import { jsonOf } from "../format/json.ts";
import type { ColumnType } from "../format/meta.ts";
import { type FieldValues, shownValue } from "./order.ts";
import type { Scalar } from "./parse.ts";

/**
 * Filterable metadata, column by column: each item holds the number of its value in a sorted table of distinct values,
 * plus one; 0 is no value. `docs/format-keyword.md` is the normative text.
 */
export const COLUMNS_LAYOUT_VERSION = 1;
export const COLUMNS_HEADER_BYTES = 16;
/** Field offsets within the header of section columns, in bytes. */
export const COLUMNS_HEADER = { version: 0, nItems: 4, nDocuments: 8, directoryBytes: 12 } as const;
/** Everything behind the directory starts on multiples of this many bytes from the section's start. */
export const COLUMNS_ALIGNMENT = 8;
export const MAX_COLUMNS = 256;

/** One line of the directory, which is JSON. Offsets are from the start of the section. */
export interface ColumnEntry {
  readonly field: string;
  readonly type: ColumnType;
  /** Distinct values. */
  readonly values: number;
  /** Bytes of a code: 1, 2 or 4. */
  readonly width: 1 | 2 | 4;
  /** Codes in all: nItems, or of arrays the sum of their lengths. */
  readonly codes: number;
  readonly codesAt: number;
  /** Arrays only: nItems + 1 positions in the codes (u32). */
  readonly startsAt?: number;
  /** Strings: values + 1 offsets (u32), and the UTF-8 text they point into. Numbers and dates: values (f64). */
  readonly valuesAt?: number;
  readonly textAt?: number;
  readonly textBytes?: number;
  /** Dates only: none has a time of day. */
  readonly days?: boolean;
}

type Codes = Uint8Array | Uint16Array | Uint32Array;

export interface Column {
  readonly field: string;
  readonly type: ColumnType;
  /** Distinct values; value v of an item has code v + 1. */
  readonly nValues: number;
  readonly codes: Codes;
  /** Arrays only: codes of item i are those from starts[i] up to starts[i + 1]. */
  readonly starts: Uint32Array | undefined;
  /** Values of numbers and dates (milliseconds since 1970), ascending. */
  readonly numbers: Float64Array | undefined;
  /** Values of strings, in the order of their bytes. */
  readonly text: { readonly offsets: Uint32Array; readonly bytes: Uint8Array } | undefined;
  readonly days: boolean;
}

export interface Columns {
  readonly nItems: number;
  /** Items that have a document; the others are in no answer. */
  readonly nDocuments: number;
  /** One bit an item: whether it has a document. */
  readonly present: Uint32Array;
  readonly byField: ReadonlyMap<string, Column>;
  /** Fields that only items of other shards have. */
  readonly elsewhere?: ReadonlySet<string>;
}

/** The columns of a shard as part of a whole that has these fields; a shard may have none of them. */
export function columnsWithin(
  columns: Columns | undefined,
  nItems: number,
  fields: readonly string[],
): Columns {
  const own = columns ?? {
    nItems,
    nDocuments: nItems,
    present: allOf(nItems),
    byField: new Map<string, Column>(),
  };
  const elsewhere = fields.filter((field) => !own.byField.has(field));
  return elsewhere.length > 0 ? { ...own, elsewhere: new Set(elsewhere) } : own;
}

/** A copy of the bits of the items that have a document; without columns all have one. */
export function presentItems(columns: Columns | undefined, nItems: number): Uint32Array {
  return columns ? columns.present.slice() : allOf(nItems);
}

/** A bit for each item, and none behind them. */
function allOf(nItems: number): Uint32Array {
  const bits = new Uint32Array(Math.ceil(nItems / 32)).fill(0xffff_ffff);
  if (nItems % 32 !== 0) bits[bits.length - 1] = 2 ** (nItems % 32) - 1;
  return bits;
}

export function corruptColumns(what: string): ArtifactError {
  return new ArtifactError("CORRUPT_COLUMNS", `The filterable columns are damaged: ${what}.`);
}

/**
 * Opens the filterable columns, or returns undefined when the artifact has none. Time goes with the number of fields,
 * not of items.
 *
 * @throws ArtifactError `CORRUPT_COLUMNS`
 */
export function openColumns(artifact: Artifact): Columns | undefined {
  if (!findSection(artifact, "columns")) return undefined;
  const bytes = requireBytes(artifact, "columns");
  if (bytes.byteLength < COLUMNS_HEADER_BYTES)
    throw corruptColumns(`${bytes.byteLength} bytes hold no header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(COLUMNS_HEADER.version, true);
  if (version !== COLUMNS_LAYOUT_VERSION) {
    throw corruptColumns(`they have layout ${version}; this reader knows ${COLUMNS_LAYOUT_VERSION}`);
  }
  const nItems = view.getUint32(COLUMNS_HEADER.nItems, true);
  if (nItems !== artifact.header.nItems) {
    throw corruptColumns(`they were made for ${nItems} items; the artifact has ${artifact.header.nItems}`);
  }
  const nDocuments = view.getUint32(COLUMNS_HEADER.nDocuments, true);
  if (nDocuments > nItems) throw corruptColumns(`${nDocuments} documents for ${nItems} items`);
  const directoryBytes = view.getUint32(COLUMNS_HEADER.directoryBytes, true);
  const directory = readDirectory(bytes, directoryBytes);
  const presentAt = alignColumns(COLUMNS_HEADER_BYTES + directoryBytes);
  const byField = new Map<string, Column>();
  for (const entry of directory) byField.set(String(entry.field), openColumn(bytes, nItems, entry));
  return {
    nItems,
    nDocuments,
    present: words(bytes, presentAt, Math.ceil(nItems / 32), "which items have documents"),
    byField,
  };
}

export function alignColumns(offset: number): number {
  return Math.ceil(offset / COLUMNS_ALIGNMENT) * COLUMNS_ALIGNMENT;
}

function readDirectory(bytes: Uint8Array, length: number): ColumnEntry[] {
  if (COLUMNS_HEADER_BYTES + length > bytes.byteLength)
    throw corruptColumns("their directory leaves the section");
  const text = bytes.subarray(COLUMNS_HEADER_BYTES, COLUMNS_HEADER_BYTES + length);
  const directory = jsonOf(text, () => corruptColumns("their directory is no JSON"));
  if (!Array.isArray(directory) || directory.length > MAX_COLUMNS) {
    throw corruptColumns("their directory is no list of fields");
  }
  // Every number of an entry is checked where a view is made of it.
  return directory as ColumnEntry[];
}

function openColumn(bytes: Uint8Array, nItems: number, entry: ColumnEntry): Column {
  const { field, type, values, width, codes } = entry;
  const what = `field ${String(field)}`;
  if (!(type === "string" || type === "number" || type === "boolean" || type === "date")) {
    throw corruptColumns(`${what} is of type ${String(type)}`);
  }
  if (entry.startsAt === undefined && codes !== nItems) throw corruptColumns(`${what} has ${codes} codes`);
  const starts = entry.startsAt === undefined ? undefined : words(bytes, entry.startsAt, nItems + 1, what);
  if (starts && (starts[0] !== 0 || starts[nItems] !== codes)) {
    throw corruptColumns(`the lists of ${what} do not span its codes`);
  }
  let text: Column["text"];
  let numbers: Float64Array | undefined;
  if (type === "string") {
    const offsets = words(bytes, entry.valuesAt, values + 1, what);
    const content = part(bytes, entry.textAt, entry.textBytes, 1, what);
    if (offsets[0] !== 0 || offsets[values] !== content.byteLength) {
      throw corruptColumns(`the values of ${what} do not span their text`);
    }
    text = { offsets, bytes: content };
  } else if (type === "boolean") {
    if (values !== 2) throw corruptColumns(`${what} has ${values} truth values`);
  } else {
    const table = part(bytes, entry.valuesAt, values, 8, what);
    numbers = new Float64Array(table.buffer, table.byteOffset, values);
  }
  const view = part(bytes, entry.codesAt, codes, width, what);
  return {
    field: String(field),
    type,
    nValues: values,
    codes:
      width === 1
        ? view
        : width === 2
          ? new Uint16Array(view.buffer, view.byteOffset, codes)
          : new Uint32Array(view.buffer, view.byteOffset, codes),
    starts,
    numbers,
    text,
    days: entry.days === true,
  };
}

/** The bytes of `count` elements at an offset, after checking that they are there and aligned. */
function part(
  bytes: Uint8Array,
  at: number | undefined,
  count: number | undefined,
  width: number,
  what: string,
): Uint8Array {
  const whole = (n: number | undefined): n is number => n !== undefined && Number.isSafeInteger(n) && n >= 0;
  if (!whole(at) || !whole(count) || !(width === 1 || width === 2 || width === 4 || width === 8)) {
    throw corruptColumns(`${what} says where its numbers lie in no numbers`);
  }
  if (at % COLUMNS_ALIGNMENT !== 0 || at + count * width > bytes.byteLength) {
    throw corruptColumns(`${what} reaches beyond the section, or is not aligned`);
  }
  return bytes.subarray(at, at + count * width);
}

function words(bytes: Uint8Array, at: number | undefined, count: number, what: string): Uint32Array {
  const found = part(bytes, at, count, 4, what);
  return new Uint32Array(found.buffer, found.byteOffset, count);
}

const decoder = new TextDecoder();

/** A value of a column as plain data; dates in milliseconds since 1970. */
export function plainValue({ type, text, numbers }: Column, value: number): Scalar {
  if (type === "boolean") return value === 1;
  if (!text) return numbers![value]!;
  return decoder.decode(text.bytes.subarray(text.offsets[value]!, text.offsets[value + 1]!));
}

/** Whether a column's values are dates, and of what kind. */
export function kindOf({ type, days }: Column): FieldValues["kind"] {
  return type === "date" ? (days ? "day" : "moment") : "plain";
}

/** A value of a column as JSON has it; dates as ISO 8601. */
export function columnValue(column: Column, value: number): Scalar {
  return shownValue(kindOf(column), plainValue(column, value));
}
