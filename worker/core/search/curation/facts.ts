import { type Column, type Columns, columnValue, presentItems } from "../../columns/columns.ts";
import { type CompiledFilter, filterOfBits } from "../../columns/compile.ts";
import type { Boost, FieldValue } from "../../format/curation.ts";
import { itemOfId } from "../../format/ids.ts";
import { both, hasBit, notExcluded } from "../../keyword/conditions.ts";
import type { LoadedIndex } from "../loaded-index.ts";
import type { Conditions } from "../memory/conditions.ts";
import type { BoostedItem, CurationFacts, PinnedItem, QueryCuration } from "./types.ts";

/** Work in nanoseconds: to look a document's id up, and to read the factor of an item that was found. */
const ID_NS = 3_000;
const BOOST_NS = 400;

/** Returns the work of applying a query's rules, in nanoseconds. @param found number of items found */
export function curationNs({ pins, hidden, boosts }: QueryCuration, found: number): number {
  return (pins.length + hidden.length) * ID_NS + boosts.length * (found + pins.length) * BOOST_NS;
}

/** Passes the items that a query's rules do not hide; undefined where they hide none. */
export function hiddenFilter(
  { ids, forest, columns }: LoadedIndex,
  curation: QueryCuration | undefined,
): CompiledFilter | undefined {
  const hidden = (curation?.hidden ?? []).flatMap((id) => itemOfId(ids, id) ?? []);
  if (hidden.length === 0) return undefined;
  const { nItems } = forest;
  const bits = presentItems(columns, nItems);
  for (const item of hidden) bits[item >>> 5]! &= ~(1 << (item & 31));
  return filterOfBits(bits, columns?.nDocuments ?? nItems);
}

/** The pinned items that an index has, that a filter accepts, and that hold nothing of what the query excludes. */
export function pinnedItems(
  { ids, keyword }: LoadedIndex,
  { pins }: QueryCuration,
  { filter, expanded, work }: Conditions,
): PinnedItem[] {
  if (pins.length === 0) return [];
  const kept = keyword && expanded && notExcluded(keyword, expanded.query, work);
  const accept = both(filter?.accept, kept && hasBit(kept));
  return pins.flatMap(({ id }, place) => {
    const item = itemOfId(ids, id);
    return item === undefined || (accept && !accept(item)) ? [] : [{ item, place }];
  });
}

/** Factors nearer to 1 than this are left out. */
const LEAST_BOOST = 0.0005;
const MS_PER_DAY = 86_400_000;

/** The items whose fields have a boost, of those that were found. */
export function boostedItems(
  { columns }: LoadedIndex,
  { boosts }: QueryCuration,
  items: Iterable<number>,
): BoostedItem[] {
  if (!columns) return [];
  const readers = boosts.flatMap((boost) => {
    const column = columns.byField.get(boost.field);
    return column ? [{ boost, factorOf: factorReader(columns, column, boost) }] : [];
  });
  const boosted: BoostedItem[] = [];
  if (readers.length === 0) return boosted;
  for (const item of new Set(items)) {
    let factor = 1;
    const reasons: string[] = [];
    for (const { boost, factorOf } of readers) {
      const own = factorOf(item);
      factor *= own;
      // A boost that has faded away moves nothing.
      if (Math.abs(own - 1) < LEAST_BOOST) continue;
      reasons.push(`${boost.field} by ${own.toFixed(3)}`);
    }
    if (reasons.length > 0) {
      boosted.push({ item, factor, message: `The odds of its score are multiplied: ${reasons.join(", ")}.` });
    }
  }
  return boosted;
}

/** Reads the factor of an item; 1 where the boost does not hold. */
function factorReader({ nItems }: Columns, column: Column, boost: Boost): (item: number) => number {
  const factors = new Map<number, number>();
  const factorOfCode = (code: number): number => {
    if (code === 0) return 1;
    let factor = factors.get(code);
    if (factor === undefined) {
      factor = "values" in boost ? byValue(column, code - 1, boost) : byAge(column, code - 1, boost);
      factors.set(code, factor);
    }
    return factor;
  };
  const { starts, codes } = column;
  return (item) => {
    if (item >= nItems) return 1;
    if (!starts) return factorOfCode(codes[item]!);
    // Of several values, the one with the strongest factor counts.
    let most = 1;
    for (let i = starts[item]!; i < Math.min(starts[item + 1]!, codes.length); i++) {
      const factor = factorOfCode(codes[i]!);
      if (Math.abs(Math.log(factor)) > Math.abs(Math.log(most))) most = factor;
    }
    return most;
  };
}

function byValue(
  column: Column,
  value: number,
  { values, factor }: { readonly values: readonly FieldValue[]; readonly factor: number },
): number {
  return values.includes(columnValue(column, value)) ? factor : 1;
}

/** The whole factor for the newest; its excess over 1 is halved with each half-life. */
function byAge(
  column: Column,
  value: number,
  { halfLife, factor, now }: { readonly halfLife: number; readonly factor: number; readonly now: number },
): number {
  const date = column.numbers?.[value];
  if (date === undefined) return 1;
  const days = Math.max(0, now - date) / MS_PER_DAY;
  return 1 + (factor - 1) * 2 ** (-days / halfLife);
}

/** The facts of parts that share no items. */
export function mergeFacts(parts: readonly CurationFacts[]): CurationFacts {
  return {
    pinned: parts.flatMap(({ pinned }) => pinned).sort((a, b) => a.place - b.place),
    boosted: parts.flatMap(({ boosted }) => boosted),
  };
}
