import { type Columns, columnsWithin } from "../columns/columns.ts";
import { type CompiledFilter, compileParsed } from "../columns/compile.ts";
import { facetCounts } from "../columns/facets.ts";
import type { FilterNode } from "../columns/parse.ts";
import { searchError } from "../format/search-error.ts";
import type { Work } from "../format/work.ts";
import { matchingItems } from "../keyword/matches.ts";
import type { UnderstoodQuery } from "../keyword/understand.ts";
import type { LoadedIndex } from "./loaded-index.ts";
import type { Query } from "./query.ts";
import type { RankOptions } from "./ranking.ts";
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

/** Words and filter of a query that were looked up before its finds are counted. */
export interface Counted {
  readonly understood: UnderstoodQuery | undefined;
  readonly filter: CompiledFilter | undefined;
  readonly work: Work | undefined;
}

/** Counts over all documents that pass the filter, or those of them that hold a word, whether they are among the hits or not. */
export function facetCountsOf(
  index: LoadedIndex,
  { facets, facetsOf, mode }: Query,
  { whole }: RankOptions,
  { understood, filter, work }: Counted,
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
