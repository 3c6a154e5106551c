import { isRounded } from "../format/integers.ts";
import { searchError, shortened } from "../format/search-error.ts";
import type { Work } from "../format/work.ts";
import { type Column, type Columns, corruptColumns } from "./columns.ts";
import { parseDate } from "./order.ts";
import { type Comparison, type FilterNode, type FilterValue, truth } from "./parse.ts";

/** A filter's answer for every item of an index. */
export interface CompiledFilter {
  /** One bit an item, low bits first. */
  readonly bits: Uint32Array;
  /** Items that pass. */
  readonly count: number;
  /** Share that passes, of the items that have a document. */
  readonly fraction: number;
  readonly accept: (item: number) => boolean;
}

/**
 * Answers a filter, as `parseFilter` reads it, for all items at once: about a nanosecond an item and condition, and a bit
 * an item of memory. On arrays a condition holds when it holds of one element; `ne` and `nin` are the opposites of
 * `eq` and `in`, so they hold of items without a value, too.
 *
 * @throws SearchError `UNKNOWN_FILTER_FIELD`, `FILTER_TYPE_MISMATCH`
 * @throws ArtifactError `CORRUPT_COLUMNS`
 */
export function compileParsed(columns: Columns, filter: FilterNode, work?: Work): CompiledFilter {
  const bits = evaluate(columns, filter, work);
  // Inverted bits include items without a document.
  for (let i = 0; i < bits.length; i++) bits[i]! &= columns.present[i]!;
  return filterOfBits(bits, columns.nDocuments);
}

/** A filter that passes the items whose bits are set. */
export function filterOfBits(bits: Uint32Array, nDocuments: number): CompiledFilter {
  const count = countBits(bits);
  return {
    bits,
    count,
    fraction: nDocuments === 0 ? 0 : Math.min(1, count / nDocuments),
    accept: (item) => ((bits[item >>> 5]! >>> (item & 31)) & 1) === 1,
  };
}

/** The items that both pass; undefined passes all. */
export function intersection(
  a: CompiledFilter | undefined,
  b: CompiledFilter | undefined,
): CompiledFilter | undefined {
  if (!a || !b) return a ?? b;
  const both = filterOfBits(
    a.bits.map((word, i) => word & (b.bits[i] ?? 0)),
    0,
  );
  return { ...both, fraction: a.count === 0 ? 0 : (a.fraction * both.count) / a.count };
}

/** Work of a test in nanoseconds: an item, an element of a list, a distinct value, a value to look up. Of a node: 32 items. */
const TEST_NS = { item: 2.8, element: 1.5, distinct: 2, value: 2_000 } as const;
const NODE_NS = 3;

function evaluate(columns: Columns, node: FilterNode, work: Work | undefined): Uint32Array {
  if (node.kind === "test") return evaluateTest(columns, node, work);
  work?.spend("filter", (NODE_NS * columns.nItems) / 32);
  if (node.kind === "not") return invert(evaluate(columns, node.node, work));
  const bits = new Uint32Array(Math.ceil(columns.nItems / 32));
  if (node.kind === "and") bits.fill(0xffff_ffff);
  for (const inner of node.nodes) {
    const other = evaluate(columns, inner, work);
    if (node.kind === "and") for (let i = 0; i < bits.length; i++) bits[i]! &= other[i]!;
    else for (let i = 0; i < bits.length; i++) bits[i]! |= other[i]!;
  }
  return bits;
}

function invert(bits: Uint32Array): Uint32Array {
  for (let i = 0; i < bits.length; i++) bits[i] = ~bits[i]!;
  return bits;
}

export function countBits(bits: Uint32Array): number {
  let count = 0;
  for (let i = 0; i < bits.length; i++) {
    let x = bits[i]!;
    x -= (x >>> 1) & 0x5555_5555;
    x = (x & 0x3333_3333) + ((x >>> 2) & 0x3333_3333);
    count += Math.imul((x + (x >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
  }
  return count;
}

type Test = Extract<FilterNode, { kind: "test" }>;

/** The column of a field. @throws SearchError `UNKNOWN_FILTER_FIELD`, naming those that there are */
export function requireColumn(columns: Columns, field: string, path: string): Column {
  const column = columns.byField.get(field);
  if (column) return column;
  const known = [...columns.byField.keys(), ...(columns.elsewhere ?? [])].sort().map((name) => `"${name}"`);
  const others = known.length > 0 ? `${known.join(", ")} ${known.length > 1 ? "are" : "is"}` : "no field is";
  const message = `Field "${shortened(field)}" is not filterable here; ${others}. Name it with --filterable when building the index.`;
  throw searchError("UNKNOWN_FILTER_FIELD", path, message);
}

function evaluateTest(columns: Columns, test: Test, work: Work | undefined): Uint32Array {
  const { comparison, values } = test;
  if (columns.elsewhere?.has(test.field)) {
    const none = new Uint32Array(Math.ceil(columns.nItems / 32));
    const passes =
      comparison === "exists" ? values[0] === false : comparison === "ne" || comparison === "nin";
    return passes ? invert(none) : none;
  }
  const column = requireColumn(columns, test.field, test.path);
  work?.spend(
    "filter",
    TEST_NS.item * columns.nItems +
      TEST_NS.element * (column.starts ? column.codes.length : 0) +
      TEST_NS.distinct * column.nValues +
      TEST_NS.value * values.length,
  );
  // What each code means for the test; code 0 is no value.
  const pass = new Uint8Array(column.nValues + 1);
  let opposite = comparison === "ne" || comparison === "nin";
  if (comparison === "exists") {
    pass.fill(1, 1);
    opposite = values[0] === false;
  } else {
    for (const value of values) allow(column, comparison, comparable(column, value, test), pass);
  }
  const bits = column.starts ? scanLists(columns, column, column.starts, pass) : scan(columns, column, pass);
  return opposite ? invert(bits) : bits;
}

/** Marks the codes of the values that the comparison allows. */
function allow(column: Column, comparison: Comparison, value: string | number, pass: Uint8Array): void {
  const below = lowerBound(column, value);
  const found = below < column.nValues && compareValue(column, below, value) === 0;
  const upTo = found ? below + 1 : below;
  if (comparison === "lt") pass.fill(1, 1, below + 1);
  else if (comparison === "lte") pass.fill(1, 1, upTo + 1);
  else if (comparison === "gt") pass.fill(1, upTo + 1);
  else if (comparison === "gte") pass.fill(1, below + 1);
  else if (found) pass[below + 1] = 1;
}

/** A number in a text, as parameters of a URL have it. */
const NUMBER = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i;

/** Strings stay themselves; numbers, dates and truth values become numbers, also where they are given as text. */
function comparable(column: Column, given: FilterValue, test: Test): string | number {
  const untyped = typeof given === "object";
  const value = untyped ? given.untypedText : given;
  let converted: string | number | undefined;
  if (column.type === "string") converted = typeof value === "string" ? value : undefined;
  else if (column.type === "number") {
    if (typeof value === "number") converted = value;
    else if (typeof value === "string" && NUMBER.test(value) && Number.isFinite(Number(value))) {
      converted = Number(value);
      requireDigits(column, value.trim(), test);
    }
  } else if (column.type === "boolean") {
    if (typeof value === "boolean") converted = value ? 1 : 0;
    else if (typeof value === "string") {
      const known = truth(value);
      converted = known === undefined ? undefined : Number(known);
    }
  } else if (typeof value === "number") converted = value;
  else if (typeof value === "string") {
    converted =
      parseDate(value) ??
      (untyped && value !== "" && Number.isFinite(Number(value)) ? Number(value) : undefined);
  }
  if (converted !== undefined) return converted;
  throw searchError(
    "FILTER_TYPE_MISMATCH",
    test.path,
    `Field "${column.field}" holds ${KINDS[column.type]}; ${JSON.stringify(typeof value === "string" ? shortened(value) : value)} is none.`,
  );
}

/** Refuses whole numbers beyond 2^53: as a number one would equal its neighbours, so documents hold them as texts. */
function requireDigits(column: Column, text: string, test: Test): void {
  if (!isRounded(text, Number(text)) || BigInt(text) === BigInt(Number(text))) return;
  const message = `Field "${column.field}" holds numbers, which do not keep the digits of ${text.slice(0, 60)}: it is beyond 2^53.`;
  throw searchError("FILTER_TYPE_MISMATCH", test.path, message);
}

const KINDS = {
  string: "strings",
  number: "numbers",
  boolean: "truth values",
  date: "dates (ISO 8601, or milliseconds since 1970)",
} as const;

const encoder = new TextEncoder();

/** The first value that is not below the given one. */
function lowerBound(column: Column, value: string | number): number {
  const key = typeof value === "string" ? encoder.encode(value) : value;
  let low = 0;
  let high = column.nValues;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareEncoded(column, middle, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function compareValue(column: Column, index: number, value: string | number): number {
  return compareEncoded(column, index, typeof value === "string" ? encoder.encode(value) : value);
}

function compareEncoded(column: Column, index: number, key: Uint8Array | number): number {
  if (typeof key === "number") return (column.numbers ? column.numbers[index]! : index) - key;
  const { offsets, bytes } = column.text!;
  const start = offsets[index]!;
  const end = Math.min(offsets[index + 1]!, bytes.length);
  const common = Math.min(end - start, key.length);
  for (let i = 0; i < common; i++) {
    const difference = bytes[start + i]! - key[i]!;
    if (difference !== 0) return difference;
  }
  return end - start - key.length;
}

function scan(columns: Columns, column: Column, pass: Uint8Array): Uint32Array {
  const { nItems } = columns;
  const { codes } = column;
  const bits = new Uint32Array(Math.ceil(nItems / 32));
  for (let word = 0, item = 0; item < nItems; word++) {
    const end = Math.min(item + 32, nItems);
    let collected = 0;
    // A code beyond the values (damage) reads undefined and counts as no.
    for (let bit = 0; item < end; item++, bit++) if (pass[codes[item]!] === 1) collected |= 1 << bit;
    bits[word] = collected;
  }
  return bits;
}

function scanLists(columns: Columns, column: Column, starts: Uint32Array, pass: Uint8Array): Uint32Array {
  const { codes } = column;
  const bits = new Uint32Array(Math.ceil(columns.nItems / 32));
  for (let item = 0; item < columns.nItems; item++) {
    const end = starts[item + 1]!;
    if (starts[item]! > end || end > codes.length)
      throw corruptColumns(`the lists of field ${column.field} overlap`);
    for (let i = starts[item]!; i < end; i++) {
      if (pass[codes[i]!] !== 1) continue;
      bits[item >>> 5]! |= 1 << (item & 31);
      break;
    }
  }
  return bits;
}
