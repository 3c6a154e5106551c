/** One field to sort by. Documents without a value come last in either order. */
export interface SortKey {
  readonly field: string;
  readonly order: "asc" | "desc";
}

/** Hits with the same value of a field belong together; those without one are a group of their own. */
export interface GroupBy {
  readonly field: string;
  /** Hits of a group that an answer has at most. */
  readonly hits: number;
}

/** A value of a column as plain data: dates in milliseconds since 1970, null for none. */
export type FieldValue = string | number | boolean | null;

/** Values of one field, one for each of some items. */
export interface FieldValues {
  /** `day` and `moment` are dates. */
  readonly kind: "plain" | "day" | "moment";
  readonly values: readonly FieldValue[];
}

/** Values that some items are sorted and grouped by. */
export interface ItemValues {
  readonly items: readonly number[];
  /** As many as there are fields to sort by. */
  readonly sort: readonly FieldValues[];
  readonly group?: FieldValues;
}

/** Splits `field:desc`; ascending without an order. */
export function parseSortKey(text: string): SortKey {
  const [, field, order] = /^(.+):(asc|desc)$/s.exec(text) ?? [];
  return field === undefined ? { field: text, order: "asc" } : { field, order: order as SortKey["order"] };
}

/** Compares two values by a sort key, as their column orders them: null comes last whatever the order. */
export function compareBy({ order }: SortKey, a: FieldValue, b: FieldValue): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const ascending = compareValues(a, b);
  return order === "asc" ? ascending : -ascending;
}

/** Compares values as a column orders them: numbers by size, texts by their code points. */
export function compareValues(a: string | number | boolean, b: string | number | boolean): number {
  if (typeof a === "string" && typeof b === "string") return compareTexts(a, b);
  // Indexes that are searched as one may hold values of another type in a field.
  if (typeof a === "string" || typeof b === "string") return typeof a === "string" ? 1 : -1;
  return Number(a) - Number(b);
}

/** The order of code points, which is that of the UTF-8 bytes in a column and not that of UTF-16. */
export function compareTexts(a: string, b: string): number {
  const common = Math.min(a.length, b.length);
  for (let i = 0; i < common; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return place(x) - place(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all others. */
function place(unit: number): number {
  return unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** A value as an answer shows it: dates as ISO 8601. */
export function shownValue<T extends FieldValue>(kind: FieldValues["kind"], value: T): T | string {
  if (kind === "plain" || typeof value !== "number") return value;
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) return value;
  return kind === "day" ? date.toISOString().slice(0, 10) : date.toISOString();
}

/** Joins the values that parts of an index have of their items. */
export function joinValues(parts: readonly (ItemValues | undefined)[]): ItemValues | undefined {
  const all = parts.filter((part) => part !== undefined);
  const [first] = all;
  if (!first) return undefined;
  const join = (columns: readonly FieldValues[]): FieldValues => ({
    kind: columns.find(({ kind }) => kind !== "plain")?.kind ?? "plain",
    values: columns.flatMap(({ values }) => values),
  });
  const groups = all.map(({ group }) => group).filter((group) => group !== undefined);
  return {
    items: all.flatMap(({ items }) => items),
    sort: first.sort.map((_, i) => join(all.map(({ sort }) => sort[i]!))),
    ...(groups.length > 0 && { group: join(groups) }),
  };
}

const ISO_DATE = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/;

/**
 * Milliseconds since 1970 of an ISO 8601 date, with or without a time of day; undefined when it is none. A time
 * without a zone is UTC, so that an index means the same wherever it is built.
 */
export function parseDate(text: string): number | undefined {
  const match = ISO_DATE.exec(text);
  if (!match) return undefined;
  const [, day, time, zone] = match;
  const milliseconds = Date.parse(time === undefined ? day! : `${day}T${time}${zone ?? "Z"}`);
  if (Number.isNaN(milliseconds)) return undefined;
  // The 30th of February is no date, though some parsers take it for the 2nd of March.
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day!) ? milliseconds : undefined;
}

/** Whether the text is a date without a time of day. */
export function isDay(text: string): boolean {
  return text.length === 10 && parseDate(text) !== undefined;
}
