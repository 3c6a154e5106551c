import { FACET_VALUES } from "../columns/facets.ts";
import type { FieldValue, ItemValues } from "../columns/order.ts";
import { countGroups, valuesOf } from "../columns/select.ts";
import { columnsOf } from "./conditions.ts";
import type { LoadedIndex } from "./loaded-index.ts";
import type { Query } from "./query.ts";
import type { Counts, RankOptions } from "./ranking.ts";

/** Values that items are sorted and grouped by; undefined where the query does neither. */
export function valuesFor(
  index: LoadedIndex,
  query: Query,
  { whole }: RankOptions,
  items: () => readonly number[],
): ItemValues | undefined {
  const { sort, groupBy } = query;
  if (!sort && !groupBy) return undefined;
  return valuesOf(columnsOf(index, whole, sort ? "sort" : "groupBy"), items(), query);
}

/** Bits of items, and how many there are. */
export interface CountedItems {
  readonly bits: Uint32Array;
  readonly count: number;
}

/** Counts items, and the groups that they fall into; undefined where the query asks for no total. */
export function countsOf(
  index: LoadedIndex,
  { total, groupBy }: Query,
  { whole }: RankOptions,
  { bits, count }: CountedItems,
): Counts | undefined {
  if (!total) return undefined;
  if (!groupBy) return { documents: count };
  const columns = columnsOf(index, whole, "groupBy");
  const { groups, values } = countGroups(columns, groupBy.field, bits, whole?.facetValues ?? FACET_VALUES);
  return { documents: count, groups, ...(values && { groupValues: values }) };
}

/** Adds up what parts have counted. Groups of several parts count once as far as their values are known. */
export function joinCounts(parts: readonly (Counts | undefined)[]): Counts | undefined {
  const all = parts.filter((part) => part !== undefined);
  if (all.length === 0) return undefined;
  const documents = all.reduce((sum, part) => sum + part.documents, 0);
  const passing = all.some((part) => part.passing !== undefined) && {
    passing: all.reduce((sum, part) => sum + (part.passing ?? 0), 0),
  };
  if (all.every(({ groups }) => groups === undefined)) return { documents, ...passing };
  const named = new Map<string, FieldValue>();
  let unnamed = 0;
  for (const { groups = 0, groupValues } of all) {
    if (!groupValues) unnamed += groups;
    for (const value of groupValues ?? []) named.set(`${typeof value} ${value}`, value);
  }
  return {
    documents,
    ...passing,
    groups: named.size + unnamed,
    ...(unnamed === 0 ? { groupValues: [...named.values()] } : all.length > 1 && { groupsRepeated: true }),
  };
}
