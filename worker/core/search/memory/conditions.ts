import { type Columns, columnsWithin } from "../../columns/columns.ts";
import { type CompiledFilter, compileParsed } from "../../columns/compile.ts";
import { FACET_VALUES, facetCounts } from "../../columns/facets.ts";
import type { ItemValues } from "../../columns/order.ts";
import type { FilterNode } from "../../columns/parse.ts";
import { countGroups, valuesOf } from "../../columns/select.ts";
import { searchError } from "../../format/search-error.ts";
import type { Work } from "../../format/work.ts";
import type { ExpandedQuery } from "../../keyword/expanded-query.ts";
import { matchingItems } from "../../keyword/search.ts";
import type { LoadedIndex } from "../loaded-index.ts";
import type { Query } from "../query.ts";
import type { Counts, RankOptions } from "../ranking.ts";
import type { FacetCounts } from "../types.ts";

/** Settings of ranking an index that may be a part of more. */
export interface PartOptions extends RankOptions {
  /** Items that may be found at all; all when left out. */
  readonly within?: CompiledFilter | undefined;
  /** The query's words, looked up among those of all parts. */
  readonly expanded?: ExpandedQuery | undefined;
  /** Whether a number of hits by words is few, given those of all parts. */
  readonly isFew?: ((hits: number) => boolean) | undefined;
  /** Distance and score of another part's last hits: worse ones are not wanted. */
  readonly last?: { readonly distance: number | undefined; readonly score: number | undefined } | undefined;
}

/** Evaluates a filter for all items. @param whole the index's columns, where this one is a part of it */
export function filterOf(
  index: LoadedIndex,
  filter: FilterNode,
  whole: RankOptions["whole"],
  work?: Work,
): CompiledFilter {
  return compileParsed(columnsOf(index, whole, "filter"), filter, work);
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

/** Words and filter of a query, looked up once. They apply to pinned items as to all others. */
export interface Conditions {
  readonly expanded: ExpandedQuery | undefined;
  readonly filter: CompiledFilter | undefined;
  readonly work: Work | undefined;
}

/** Counts the values of facets over all documents that pass the filter, or only those of them that hold a word. */
export function facetCountsOf(
  index: LoadedIndex,
  { facets = [], facetsOf, mode }: Query,
  { whole }: RankOptions,
  { expanded, filter, work }: Conditions,
): FacetCounts {
  const columns = columnsOf(index, whole, "facets");
  const { keyword } = index;
  const ofMatches = facetsOf === "matches" && mode !== "vector" && keyword && expanded;
  const options = {
    ...(filter && { bits: filter.bits }),
    ...(ofMatches && { counted: matchingItems(keyword, expanded) }),
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
  whole: RankOptions["whole"],
  work: Work | undefined,
): boolean[] {
  const { nItems } = columnsOf(index, whole, "filter");
  const { accept } = filterOf(index, filter, whole, work);
  return items.map((item) => item >= 0 && item < nItems && accept(item));
}

/** Values that items are sorted and grouped by. */
export function valuesFor(
  index: LoadedIndex,
  query: Query,
  { whole }: RankOptions,
  items: readonly number[],
): ItemValues {
  return valuesOf(columnsOf(index, whole, query.sort ? "sort" : "groupBy"), items, query);
}

/** Counts items by their bits, and the groups that they fall into. */
export function countsOf(
  index: LoadedIndex,
  { groupBy }: Query,
  { whole }: RankOptions,
  { bits, count }: { readonly bits: Uint32Array; readonly count: number },
): Counts {
  if (!groupBy) return { documents: count };
  const columns = columnsOf(index, whole, "groupBy");
  const { groups, values } = countGroups(columns, groupBy.field, bits, whole?.facetValues ?? FACET_VALUES);
  const room = whole?.facetBytes ?? Number.POSITIVE_INFINITY;
  const bytes = (values ?? []).reduce<number>((sum, value) => sum + String(value).length, 0);
  return { documents: count, groups, ...(values && bytes <= room && { groupValues: values }) };
}
