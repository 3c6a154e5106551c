import { isDay, parseDate } from "../../worker/core/columns/order.ts";
import type { ColumnType, ItemDocument } from "../../worker/core/format/meta.ts";

/** The values that documents have in one metadata field. */
export interface FieldValues {
  readonly field: string;
  /** Distinct values to their numbers, in order of appearance; a string and a number that look alike are two. */
  readonly numbers: Map<string | number | boolean, number>;
  /** (item, number of the value) of every value, in item order; empty where only a survey was wanted. */
  readonly items: number[];
  readonly values: number[];
  /** Whether some item has two values. */
  repeated: boolean;
  lastItem: number;
  array: boolean;
  onlyDates: boolean;
  onlyDays: boolean;
  onlyNumbers: boolean;
  onlyBooleans: boolean;
}

export interface CollectedFields {
  readonly fields: Map<string, FieldValues>;
  /** Items with a document, ascending; empty where only a survey was wanted. */
  readonly items: number[];
  readonly documents: number;
}

/** Nested metadata is named by dotted paths, down to this depth. */
const MAX_DEPTH = 4;
/** More distinct fields than this is data used as names. */
const MAX_FIELDS = 1024;
/** Distinct values of a text that a survey remembers: it looks for fields of few values. */
const MOST_SURVEYED = 500_000;
/** The same of numbers and dates, which are filterable however many there are: about 400 MB of memory. */
const MOST_NUMBERS = 4_000_000;

/**
 * @param only the fields wanted; all when left out
 * @param survey what fields there are, and no item's values
 */
export async function collectFields(
  documents: Iterable<ItemDocument> | AsyncIterable<ItemDocument>,
  only: ReadonlySet<string> | undefined,
  survey = false,
): Promise<CollectedFields> {
  let count = 0;
  const fields = new Map<string, FieldValues>();
  const items: number[] = [];
  const dropped = new Set<string>();
  const visit = (item: number, path: string, value: unknown, depth: number, inArray: boolean): void => {
    if (value === null || value === undefined) return;
    if (Array.isArray(value)) {
      if (!inArray) for (const element of value) visit(item, path, element, depth, true);
      return;
    }
    if (typeof value === "object") {
      if (inArray || depth >= MAX_DEPTH) return;
      for (const [key, inner] of Object.entries(value))
        visit(item, `${path}.${key}`, inner, depth + 1, false);
      return;
    }
    if (only && !only.has(path)) return;
    if (
      typeof value === "number"
        ? !Number.isFinite(value)
        : typeof value !== "string" && typeof value !== "boolean"
    ) {
      return;
    }
    let field = fields.get(path);
    if (survey && !only && field && field.numbers.size > mostSurveyed(field)) {
      // Names of things, as many as there are things: nothing to filter by, and too much to remember.
      dropped.add(path);
      fields.delete(path);
    }
    if (dropped.has(path)) return;
    if (!field) {
      if (fields.size >= MAX_FIELDS) return;
      field = createField(path);
      fields.set(path, field);
    }
    add(field, item, value as string | number | boolean, inArray, survey);
  };
  for await (const { item, metadata } of documents) {
    count++;
    if (!survey) items.push(item);
    for (const [key, value] of Object.entries(metadata)) visit(item, key, value, 1, false);
  }
  return { fields, items, documents: count };
}

function mostSurveyed(field: FieldValues): number {
  return isOrdered(field) ? MOST_NUMBERS : MOST_SURVEYED;
}

/** Whether a document has at most one number or date in the field: a price, a day, not a list of measurements. */
export function isOrdered(field: FieldValues): boolean {
  return (field.onlyNumbers || field.onlyDates) && !field.array && !field.repeated;
}

export function createField(field: string): FieldValues {
  return {
    field,
    numbers: new Map(),
    items: [],
    values: [],
    repeated: false,
    lastItem: -1,
    array: false,
    onlyDates: true,
    onlyDays: true,
    onlyNumbers: true,
    onlyBooleans: true,
  };
}

function add(
  field: FieldValues,
  item: number,
  value: string | number | boolean,
  inArray: boolean,
  survey: boolean,
): void {
  // -0 and 0 are one number.
  const key = value === 0 ? 0 : value;
  let number = field.numbers.get(key);
  if (number === undefined) {
    number = field.numbers.size;
    field.numbers.set(key, number);
    if (typeof value !== "number") field.onlyNumbers = false;
    if (typeof value !== "boolean") field.onlyBooleans = false;
    if (typeof value === "string") {
      if (field.onlyDates && parseDate(value) === undefined) field.onlyDates = false;
      if (field.onlyDays && !isDay(value)) field.onlyDays = false;
    } else field.onlyDates = false;
  }
  if (inArray) field.array = true;
  if (field.lastItem === item) field.repeated = true;
  field.lastItem = item;
  if (survey) return;
  field.items.push(item);
  field.values.push(number);
}

/** The type that holds all values of a field; several types together become strings. */
export function typeOf(field: FieldValues): ColumnType {
  if (field.onlyBooleans) return "boolean";
  if (field.onlyNumbers) return "number";
  return field.onlyDates ? "date" : "string";
}
