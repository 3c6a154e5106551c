import { type Columns, columnsWithin } from "../columns/columns.ts";
import { type CompiledFilter, compileParsed } from "../columns/compile.ts";
import { FACET_VALUES, facetCounts } from "../columns/facets.ts";
import type { FieldValue, ItemValues } from "../columns/order.ts";
import type { FilterNode } from "../columns/parse.ts";
import { countGroups, valuesOf } from "../columns/select.ts";
import { searchError } from "../format/search-error.ts";
import type { Work } from "../format/work.ts";
import { matchingItems } from "../keyword/search.ts";
import type { UnderstoodQuery } from "../keyword/understand.ts";
import type { LoadedIndex } from "./loaded-index.ts";
import type { Query } from "./query.ts";
import type { Counts, RankOptions } from "./ranking.ts";
import type { FacetCounts } from "./types.ts";

/** The filter of a query, answered for all items; undefined without one. */
export function filterOf(
  index: LoadedIndex,
  { filter }: Query,
  { whole }: RankOptions,
  work?: Work,
): CompiledFilter | undefined {
  return filter && compileParsed(columnsOf(index, whole, "filter"), filter, work);
}

/** @throws SearchError `NO_FILTERABLE_COLUMNS` */
export function columnsOf(
  { columns, forest, name }: LoadedIndex,
  whole: RankOptions["whole"],
  field: string,
): Columns {
  if (whole && whole.fields.length > 0) return columnsWithin(columns, forest.nItems, whole.fields);
  if (columns) return columns;
  const message = `Index ${name} was built without filterable fields. Name some with --filterable when building it.`;
  throw searchError("NO_FILTERABLE_COLUMNS", field, message);
}

/** Words and filter of a query, looked up once. They hold for pinned items as for all others. */
export interface Conditions {
  readonly understood: UnderstoodQuery | undefined;
  readonly filter: CompiledFilter | undefined;
  readonly work: Work | undefined;
}

/** Counts over all documents that pass the filter, or those of them that hold a word, whether they are among the hits or not. */
export function facetCountsOf(
  index: LoadedIndex,
  { facets, facetsOf, mode }: Query,
  { whole }: RankOptions,
  { understood, filter, work }: Conditions,
): FacetCounts | undefined {
  if (facets === undefined) return undefined;
  const columns = columnsOf(index, whole, "facets");
  const { keyword } = index;
  const ofMatches = facetsOf === "matches" && mode !== "vector" && keyword && understood;
  const options = {
    ...(filter && { bits: filter.bits }),
    ...(ofMatches && { counted: matchingItems(keyword, understood) }),
    ...(whole && { limit: whole.facetValues, room: whole.facetBytes }),
    work,
  };
  return Object.fromEntries(facets.map((field) => [field, facetCounts(columns, field, options)]));
}

/** Whether each of some items passes a filter. @param whole the index's columns, where this one is a part of it */
export function passing(
  index: LoadedIndex,
  items: readonly number[],
  filter: FilterNode,
  { whole, work }: { readonly whole?: RankOptions["whole"]; readonly work?: Work | undefined } = {},
): boolean[] {
  const columns = columnsOf(index, whole, "filter");
  const { nItems } = columns;
  const { accept } = compileParsed(columns, filter, work);
  return items.map((item) => item >= 0 && item < nItems && accept(item));
}

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
  const room = whole?.facetBytes ?? Number.POSITIVE_INFINITY;
  const bytes = (values ?? []).reduce<number>((sum, value) => sum + String(value).length, 0);
  return { documents: count, groups, ...(values && bytes <= room && { groupValues: values }) };
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
