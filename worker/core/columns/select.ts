import { searchError } from "../format/search-error.ts";
import { type Column, type Columns, kindOf, plainValue } from "./columns.ts";
import { requireColumn } from "./compile.ts";
import type { FieldValue, FieldValues, GroupBy, ItemValues, SortKey } from "./order.ts";

/** Items to choose from, ascending, and their scores where they have some. */
export interface Candidates {
  readonly items: ArrayLike<number>;
  readonly scores?: ArrayLike<number>;
}

/** Order and number of the items wanted. */
export interface Selection {
  readonly sort?: readonly SortKey[];
  readonly groupBy?: GroupBy;
  /** Items wanted; with `groupBy`, groups. */
  readonly depth: number;
}

/** Rank of an item without a value, behind all others. */
const LAST = 0x7fff_ffff;

/**
 * The first candidates by the fields, then by score, then by item number: positions among the candidates, in order. With
 * `groupBy` the best hits of the groups that come first, a group being where its best one is. A value's code is its place
 * among the values, so nothing is decoded: linear in the candidates, times the logarithm of the depth at worst.
 *
 * @throws SearchError `UNKNOWN_FILTER_FIELD`, `INVALID_VALUE` when groups are asked for by a field of lists
 */
export function selectFirst(
  columns: Columns,
  { items, scores }: Candidates,
  { sort = [], groupBy, depth }: Selection,
): number[] {
  const ranks = sort.map((key) => ranksOf(columns, items, key));
  const compare = (a: number, b: number): number => {
    for (let i = 0; i < ranks.length; i++) {
      const difference = ranks[i]![a]! - ranks[i]![b]!;
      if (difference !== 0) return difference;
    }
    return (scores ? scores[b]! - scores[a]! : 0) || a - b;
  };
  return groupBy
    ? firstGroups(groupReader(columns, groupBy.field), items, { depth, hits: groupBy.hits, compare })
    : smallest(items.length, depth, compare);
}

type Compare = (a: number, b: number) => number;

function firstGroups(
  { nCodes, codeOf }: GroupReader,
  items: ArrayLike<number>,
  { depth, hits, compare }: { readonly depth: number; readonly hits: number; readonly compare: Compare },
): number[] {
  const codes = new Uint32Array(items.length);
  const best = new Int32Array(nCodes).fill(-1);
  for (let i = 0; i < items.length; i++) {
    const code = codeOf(items[i]!);
    codes[i] = code;
    if (best[code] === -1 || compare(i, best[code]!) < 0) best[code] = i;
  }
  const heads = best.filter((position) => position >= 0);
  const first = smallest(heads.length, depth, (a, b) => compare(heads[a]!, heads[b]!));
  // The place of each group among the first, from 1.
  const places = new Uint32Array(nCodes);
  const members = first.map((head, place): number[] => {
    places[codes[heads[head]!]!] = place + 1;
    return [];
  });
  for (let i = 0; i < items.length; i++) {
    const place = places[codes[i]!]!;
    if (place > 0) keepBest(members[place - 1]!, i, hits, compare);
  }
  return members.flat().sort(compare);
}

/** Puts a position into a sorted list of at most `most`. */
function keepBest(list: number[], position: number, most: number, compare: Compare): void {
  if (list.length === most && compare(position, list[most - 1]!) > 0) return;
  let at = list.length;
  while (at > 0 && compare(position, list[at - 1]!) < 0) at--;
  list.splice(at, 0, position);
  if (list.length > most) list.pop();
}

/** The place of each item's value in the order of a field; of a list that of the value which comes first. */
function ranksOf(columns: Columns, items: ArrayLike<number>, key: SortKey): Int32Array {
  const ranks = new Int32Array(items.length).fill(LAST);
  const reader = codeReader(columns, key);
  if (!reader) return ranks;
  const sign = key.order === "asc" ? 1 : -1;
  for (let i = 0; i < ranks.length; i++) {
    const code = reader.codeOf(items[i]!);
    if (code !== 0) ranks[i] = sign * code;
  }
  return ranks;
}

interface CodeReader {
  readonly column: Column;
  /** Code of an item's value; 0 for none. */
  readonly codeOf: (item: number) => number;
}

/** Undefined for a field that only items of other shards have. */
function codeReader(columns: Columns, { field, order }: SortKey): CodeReader | undefined {
  if (columns.elsewhere?.has(field)) return undefined;
  const column = requireColumn(columns, field, "sort");
  const { codes, starts, nValues } = column;
  // A code beyond the values is damage, and counts as none.
  const known = (code: number | undefined): number => (code !== undefined && code <= nValues ? code : 0);
  if (!starts) return { column, codeOf: (item) => known(codes[item]) };
  const codeOf = (item: number): number => {
    const [start, end] = [starts[item]!, starts[item + 1]!];
    if (start >= end) return 0;
    return known(codes[order === "asc" ? start : end - 1]);
  };
  return { column, codeOf };
}

interface GroupReader {
  readonly nCodes: number;
  readonly column?: Column;
  readonly codeOf: (item: number) => number;
}

function groupReader(columns: Columns, field: string): GroupReader {
  if (columns.elsewhere?.has(field)) return { nCodes: 1, codeOf: () => 0 };
  const column = requireColumn(columns, field, "groupBy");
  const { codes, starts, nValues } = column;
  if (starts) {
    const message = `Field "${field}" holds lists; groupBy takes a field with one value a document.`;
    throw searchError("INVALID_VALUE", "groupBy", message);
  }
  const codeOf = (item: number): number => {
    const code = codes[item];
    return code !== undefined && code <= nValues ? code : 0;
  };
  return { nCodes: nValues + 1, column, codeOf };
}

/** Values by which items are sorted and grouped, as plain data. */
export function valuesOf(
  columns: Columns,
  items: readonly number[],
  { sort = [], groupBy }: Pick<Selection, "sort" | "groupBy">,
): ItemValues {
  const read = ({ column, codeOf }: Pick<GroupReader, "column" | "codeOf">): FieldValues => ({
    kind: column ? kindOf(column) : "plain",
    values: items.map((item) => valueAt(column, codeOf(item))),
  });
  return {
    items,
    sort: sort.map((key) => read(codeReader(columns, key) ?? { codeOf: () => 0 })),
    ...(groupBy && { group: read(groupReader(columns, groupBy.field)) }),
  };
}

function valueAt(column: Column | undefined, code: number): FieldValue {
  return !column || code === 0 ? null : plainValue(column, code - 1);
}

/** The groups that items fall into. */
export interface GroupCount {
  readonly groups: number;
  /** Their values, where there are at most as many as were asked for. */
  readonly values?: readonly FieldValue[];
}

/**
 * Counts the groups of the items whose bits are set. Linear.
 *
 * @param most values to name at most, for parts that are counted together
 */
export function countGroups(columns: Columns, field: string, bits: Uint32Array, most: number): GroupCount {
  const { nCodes, codeOf, column } = groupReader(columns, field);
  const there = new Uint8Array(nCodes);
  for (let item = 0; item < columns.nItems; item++) {
    if (((bits[item >>> 5]! >>> (item & 31)) & 1) === 1) there[codeOf(item)] = 1;
  }
  const groups = there.reduce((sum, one) => sum + one, 0);
  if (groups > most) return { groups };
  const codes = [...there.keys()].filter((code) => there[code] === 1);
  return { groups, values: codes.map((code) => valueAt(column, code)) };
}

/** The items whose bits are set, ascending. */
export function itemsOf(bits: Uint32Array, nItems: number): Uint32Array {
  const items = new Uint32Array(nItems);
  let n = 0;
  for (let item = 0; item < nItems; item++) {
    if (((bits[item >>> 5]! >>> (item & 31)) & 1) === 1) items[n++] = item;
  }
  return items.subarray(0, n);
}

/** One bit an item. */
export function bitsOf(items: ArrayLike<number>, nItems: number): Uint32Array {
  const bits = new Uint32Array(Math.ceil(nItems / 32));
  for (let i = 0; i < items.length; i++) bits[items[i]! >>> 5]! |= 1 << (items[i]! & 31);
  return bits;
}

/**
 * The k first of the numbers 0 to n - 1 in an order, sorted. Near O(n) for small k, O(n log k) at worst.
 *
 * @param compare never 0 for two different numbers
 */
export function smallest(n: number, k: number, compare: (a: number, b: number) => number): number[] {
  // A heap whose root is the last of those that are kept.
  const heap: number[] = [];
  for (let i = 0; i < n; i++) {
    if (heap.length < k) {
      heap.push(i);
      rise(heap, compare);
    } else if (k > 0 && compare(i, heap[0]!) < 0) {
      heap[0] = i;
      sink(heap, compare);
    }
  }
  return heap.sort(compare);
}

function rise(heap: number[], compare: (a: number, b: number) => number): void {
  for (let at = heap.length - 1; at > 0; ) {
    const parent = (at - 1) >>> 1;
    if (compare(heap[at]!, heap[parent]!) <= 0) return;
    [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
    at = parent;
  }
}

function sink(heap: number[], compare: (a: number, b: number) => number): void {
  for (let at = 0; ; ) {
    const left = 2 * at + 1;
    if (left >= heap.length) return;
    const right = left + 1;
    const child = right < heap.length && compare(heap[right]!, heap[left]!) > 0 ? right : left;
    if (compare(heap[child]!, heap[at]!) <= 0) return;
    [heap[at], heap[child]] = [heap[child]!, heap[at]!];
    at = child;
  }
}
