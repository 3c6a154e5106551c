import {
  alignColumns,
  COLUMNS_HEADER,
  COLUMNS_HEADER_BYTES,
  COLUMNS_LAYOUT_VERSION,
  type ColumnEntry,
  MAX_COLUMNS,
} from "../../worker/core/columns/columns.ts";
import { parseDate } from "../../worker/core/columns/order.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { ColumnMeta, ColumnType, ItemDocument } from "../../worker/core/format/meta.ts";
import type { SectionSource } from "../artifact/layout.ts";
import {
  type CollectedFields,
  collectFields,
  createField,
  type FieldValues,
  isOrdered,
  typeOf,
} from "./collect.ts";

export interface ColumnOptions {
  /** Largest item number plus one. */
  readonly nItems: number;
  /** Fields to index, by dotted path; left out: numbers, dates, and every field of few distinct values. */
  readonly filterable?: readonly string[];
  /** Fields that are indexed without a choice, however many values they have. */
  readonly grouping?: readonly string[];
  /** The columns to make, whatever values these documents have: those of a larger whole. */
  readonly plan?: readonly ColumnPlan[];
}

/** A column before its values. */
export interface ColumnPlan extends ColumnMeta {
  /** Whether all dates are days. */
  readonly days: boolean;
}

export interface BuiltColumns {
  /** None when no field is filterable. */
  readonly sections: SectionSource[];
  readonly meta: readonly ColumnMeta[];
}

/** Without a choice, beside numbers and dates: fields of at most so many distinct values, or one value in so many documents. */
const LOW_CARDINALITY = 256;
const DOCUMENTS_PER_VALUE = 20;
const MAX_AUTOMATIC = 32;
/** A field of long texts is content, not a property. */
const MAX_AUTOMATIC_LENGTH = 256;
/** Fields of a text splitter (LangChain's `loc.lines.from`), which are not searched. */
const SPLITTER_FIELDS = "loc.";

/**
 * Builds the filterable columns of documents, which come in ascending item order. The same documents and options give
 * the same bytes.
 *
 * @throws AnnoyEdgeError `UNKNOWN_FILTERABLE_FIELD` when no document has a field that was asked for
 */
export async function buildColumnSections(
  documents: Iterable<ItemDocument> | AsyncIterable<ItemDocument>,
  options: ColumnOptions,
): Promise<BuiltColumns> {
  const { plan } = options;
  const wanted = plan ? new Set(plan.map(({ field }) => field)) : asked(options.filterable);
  const collected = await collectFields(documents, wanted);
  const columns = (plan ?? planOf(collected, options)).map((column) =>
    encodeColumn(collected.fields.get(column.field) ?? createField(column.field), column, options.nItems),
  );
  if (columns.length === 0) return { sections: [], meta: [] };
  const bytes = layOut(columns, collected.items, options.nItems);
  return {
    sections: [{ name: "columns", hot: true, bytes }],
    meta: columns.map(({ entry }) => ({
      field: entry.field,
      type: entry.type,
      array: entry.array,
      values: entry.values,
    })),
  };
}

/**
 * Columns of documents with their types, as {@link buildColumnSections} would choose them, for parts of the
 * documents that are to have the same. Memory holds the distinct values alone.
 *
 * @throws as {@link buildColumnSections}
 */
export async function planColumns(
  documents: Iterable<ItemDocument> | AsyncIterable<ItemDocument>,
  chosen: Pick<ColumnOptions, "filterable" | "grouping"> = {},
): Promise<ColumnPlan[]> {
  return planOf(await collectFields(documents, asked(chosen.filterable), true), chosen);
}

function asked(filterable: readonly string[] | undefined): ReadonlySet<string> | undefined {
  return filterable && new Set(filterable);
}

function planOf(
  { fields, documents }: CollectedFields,
  { filterable, grouping = [] }: Pick<ColumnOptions, "filterable" | "grouping">,
): ColumnPlan[] {
  for (const field of filterable ?? []) {
    if (!fields.has(field)) {
      throw new AnnoyEdgeError(
        "UNKNOWN_FILTERABLE_FIELD",
        `No document has a value in metadata field "${field}", which --filterable names.`,
      );
    }
  }
  const all = [...fields.values()];
  const chosen = filterable ? all : byDefault(all, documents, grouping);
  if (chosen.length > MAX_COLUMNS) {
    throw new AnnoyEdgeError(
      "TOO_MANY_FIELDS",
      `${chosen.length} filterable fields; ${MAX_COLUMNS} is the most.`,
    );
  }
  // By name, so that the order in which documents name their fields does not show.
  return chosen.sort((x, y) => (x.field < y.field ? -1 : 1)).map(planOfField);
}

/** Fields of few values and those that are grouped by; then, as far as there is room, numbers and dates. */
function byDefault(
  fields: readonly FieldValues[],
  documents: number,
  grouping: readonly string[],
): FieldValues[] {
  const own = fields.filter(({ field }) => !field.startsWith(SPLITTER_FIELDS));
  const few = own.filter((field) => grouping.includes(field.field) || isLowCardinality(field, documents));
  const ordered = own.filter((field) => isOrdered(field) && !few.includes(field));
  return [...few, ...ordered].slice(0, MAX_AUTOMATIC);
}

function planOfField(field: FieldValues): ColumnPlan {
  const type = typeOf(field);
  return {
    field: field.field,
    type,
    array: field.array || field.repeated,
    values: type === "boolean" ? 2 : new Set(valuesInType(field, type)).size,
    days: type === "date" && field.onlyDays,
  };
}

/** Two values may be one in the column's type: a moment in two time zones, 1 and "1". */
function valuesInType(field: FieldValues, type: ColumnType): (string | number)[] {
  return [...field.numbers.keys()].map((value) =>
    type === "string" ? String(value) : type === "date" ? parseDate(String(value))! : Number(value),
  );
}

function isLowCardinality(field: FieldValues, documents: number): boolean {
  if (field.numbers.size > Math.max(LOW_CARDINALITY, documents / DOCUMENTS_PER_VALUE)) return false;
  for (const value of field.numbers.keys()) {
    if (typeof value === "string" && value.length > MAX_AUTOMATIC_LENGTH) return false;
  }
  return true;
}

interface EncodedColumn {
  readonly entry: Pick<ColumnEntry, "field" | "type" | "values" | "width" | "codes"> & {
    readonly array: boolean;
    readonly days: boolean;
  };
  readonly codes: Uint8Array;
  readonly starts: Uint8Array | undefined;
  readonly values: Uint8Array | undefined;
  readonly text: Uint8Array | undefined;
}

const encoder = new TextEncoder();

function encodeColumn(field: FieldValues, plan: ColumnPlan, nItems: number): EncodedColumn {
  const { type, array } = plan;
  const inType = valuesInType(field, type);
  const sorted = type === "boolean" ? [0, 1] : [...new Set<string | number>(inType)].sort(compare);
  const codeOf = new Map(sorted.map((value, i) => [value, i + 1]));
  const codes = inType.map((value) => codeOf.get(value)!);
  const width = sorted.length < 0xff ? 1 : sorted.length < 0xffff ? 2 : 4;

  let starts: Uint32Array | undefined;
  let list: number[];
  if (array) {
    starts = new Uint32Array(nItems + 1);
    list = [];
    let next = 0;
    for (let i = 0; i < field.items.length; ) {
      const item = field.items[i]!;
      while (next <= item) starts[next++] = list.length;
      const own = new Set<number>();
      for (; i < field.items.length && field.items[i] === item; i++) own.add(codes[field.values[i]!]!);
      list.push(...[...own].sort((x, y) => x - y));
    }
    while (next <= nItems) starts[next++] = list.length;
  } else {
    list = new Array<number>(nItems).fill(0);
    for (const [i, item] of field.items.entries()) list[item] = codes[field.values[i]!]!;
  }

  const entry = {
    field: field.field,
    type,
    values: sorted.length,
    width,
    codes: list.length,
    array,
    days: plan.days,
  } as const;
  let values: Uint8Array | undefined;
  let text: Uint8Array | undefined;
  if (type === "string") {
    const encoded = sorted.map((value) => encoder.encode(String(value)));
    const offsets = new Uint32Array(encoded.length + 1);
    for (const [i, bytes] of encoded.entries()) offsets[i + 1] = offsets[i]! + bytes.length;
    values = new Uint8Array(offsets.buffer);
    text = Buffer.concat(encoded);
  } else if (type !== "boolean") {
    values = new Uint8Array(Float64Array.from(sorted as number[]).buffer);
  }
  const wide =
    width === 1 ? Uint8Array.from(list) : width === 2 ? Uint16Array.from(list) : Uint32Array.from(list);
  return {
    entry,
    codes: new Uint8Array(wide.buffer),
    starts: starts && new Uint8Array(starts.buffer),
    values,
    text,
  };
}

function compare(x: string | number, y: string | number): number {
  if (typeof x === "number" && typeof y === "number") return x - y;
  return Buffer.compare(Buffer.from(String(x)), Buffer.from(String(y)));
}

function layOut(columns: readonly EncodedColumn[], items: readonly number[], nItems: number): Uint8Array {
  const present = new Uint32Array(Math.ceil(nItems / 32));
  for (const item of items) present[item >>> 5]! |= 1 << (item & 31);
  // Offsets stand in the directory, whose length depends on them: lay out until both agree.
  let directory = new Uint8Array(0);
  for (;;) {
    const parts: { at: number; bytes: Uint8Array }[] = [];
    let end = alignColumns(COLUMNS_HEADER_BYTES + directory.length);
    const put = (bytes: Uint8Array) => {
      const at = end;
      parts.push({ at, bytes });
      end = alignColumns(at + bytes.length);
      return at;
    };
    put(new Uint8Array(present.buffer));
    const entries: ColumnEntry[] = columns.map(
      ({ entry: { array: _, days, ...entry }, codes, starts, values, text }) => ({
        ...entry,
        codesAt: put(codes),
        ...(starts && { startsAt: put(starts) }),
        ...(values && { valuesAt: put(values) }),
        ...(text && { textAt: put(text), textBytes: text.length }),
        ...(days && { days }),
      }),
    );
    const next = encoder.encode(JSON.stringify(entries));
    if (next.length !== directory.length) {
      directory = next;
      continue;
    }
    const bytes = new Uint8Array(end);
    const view = new DataView(bytes.buffer);
    view.setUint32(COLUMNS_HEADER.version, COLUMNS_LAYOUT_VERSION, true);
    view.setUint32(COLUMNS_HEADER.nItems, nItems, true);
    view.setUint32(COLUMNS_HEADER.nDocuments, items.length, true);
    view.setUint32(COLUMNS_HEADER.directoryBytes, next.length, true);
    bytes.set(next, COLUMNS_HEADER_BYTES);
    for (const { at, bytes: content } of parts) bytes.set(content, at);
    return bytes;
  }
}
