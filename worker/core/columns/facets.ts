import type { Work } from "../format/work.ts";
import { type Columns, columnValue, corruptColumns } from "./columns.ts";
import { requireColumn } from "./compile.ts";

export interface FacetCount {
  readonly value: string | number | boolean;
  /** Documents that have the value. */
  readonly count: number;
}

/** Values of a facet in an answer. */
export const FACET_VALUES = 100;

export interface FacetOptions {
  /** Only these items, one bit each (a compiled filter's); default all. */
  readonly bits?: Uint32Array;
  /** Items to count; values of other items are listed as well, and may have the count 0. */
  readonly counted?: Uint32Array;
  /** Values to return at most, the most frequent first; default {@link FACET_VALUES}. */
  readonly limit?: number;
  /** Most bytes of values beyond those in an answer; not bounded by default. */
  readonly room?: number | undefined;
  readonly work?: Work | undefined;
}

/** Bytes of a value's entry in an answer, without a text. */
const ENTRY_BYTES = 40;

/** Work of a facet in nanoseconds: an item, an element of a list, a distinct value, a value that is listed. */
const COUNT_NS = { item: 8, element: 1, value: 3, listed: 150 } as const;

/**
 * Number of documents with each value of a field; most frequent first, ties in the order of the values.
 *
 * @throws SearchError `UNKNOWN_FILTER_FIELD`
 */
export function facetCounts(columns: Columns, field: string, options: FacetOptions = {}): FacetCount[] {
  if (columns.elsewhere?.has(field)) return [];
  const column = requireColumn(columns, field, `facets.${field}`);
  const { starts, codes, nValues } = column;
  const { limit = FACET_VALUES, room = Number.POSITIVE_INFINITY } = options;
  options.work?.spend(
    "facets",
    COUNT_NS.item * columns.nItems +
      COUNT_NS.element * (starts ? codes.length : 0) +
      COUNT_NS.value * nValues +
      COUNT_NS.listed * Math.min(limit, nValues),
  );
  const bits = options.bits ?? columns.present;
  const counted = options.counted ?? bits;
  const counts = new Uint32Array(nValues + 1);
  const there = new Uint8Array(nValues + 1);
  for (let item = 0; item < columns.nItems; item++) {
    if (((bits[item >>> 5]! >>> (item & 31)) & 1) === 0) continue;
    const one = (counted[item >>> 5]! >>> (item & 31)) & 1;
    if (!starts) {
      there[codes[item]!] = 1;
      counts[codes[item]!]! += one;
      continue;
    }
    const end = starts[item + 1]!;
    if (starts[item]! > end || end > codes.length)
      throw corruptColumns(`the lists of field ${field} overlap`);
    for (let i = starts[item]!; i < end; i++) {
      there[codes[i]!] = 1;
      counts[codes[i]!]! += one;
    }
  }
  const listed: FacetCount[] = [];
  let more = 0;
  for (const code of mostFrequent(there, counts, limit)) {
    const value = columnValue(column, code);
    if (listed.length >= FACET_VALUES) more += bytesOf(value);
    if (more > room) break;
    listed.push({ value, count: counts[code + 1]! });
  }
  holdFacets({ [field]: listed }, options.work);
  return listed;
}

/** Counts the bytes of facets as an answer shows them. @throws SearchError `ANSWER_TOO_LARGE` */
export function holdFacets(facets: Readonly<Record<string, readonly FacetCount[]>>, work?: Work): void {
  for (const counts of Object.values(facets)) {
    for (const { value } of counts.slice(0, FACET_VALUES)) work?.hold("answer", "facets", bytesOf(value));
  }
}

function bytesOf(value: FacetCount["value"]): number {
  return ENTRY_BYTES + (typeof value === "string" ? value.length : 0);
}

/** The values that are there with the highest counts, in their order, without sorting the rest. */
function mostFrequent(there: Uint8Array, counts: Uint32Array, limit: number): number[] {
  const best: number[] = [];
  const order = (x: number, y: number) => counts[y + 1]! - counts[x + 1]! || x - y;
  let least = 0;
  for (let value = 0; value + 1 < counts.length; value++) {
    if (there[value + 1] !== 1 || counts[value + 1]! < least) continue;
    best.push(value);
    if (best.length < 2 * limit + 64) continue;
    best.sort(order).length = limit;
    // An equal count comes behind: values ascend.
    least = counts[best[limit - 1]! + 1]! + 1;
  }
  return best.sort(order).slice(0, limit);
}
