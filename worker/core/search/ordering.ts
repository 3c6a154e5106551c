import { type GroupBy, parseSortKey, type SortKey } from "../columns/order.ts";
import type { SearchRequest } from "./types.ts";

/** The fields that a request sorts by; undefined without any. */
export function sortOf({ sort }: Pick<SearchRequest, "sort">): readonly SortKey[] | undefined {
  if (sort === undefined) return undefined;
  const keys: readonly (
    | string
    | { readonly field: string; readonly order?: SortKey["order"] | undefined }
  )[] = isList(sort) ? sort : [sort];
  return keys.map((key) =>
    typeof key === "string" ? parseSortKey(key) : { field: key.field, order: key.order ?? "asc" },
  );
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}

/** Grouping of a request's hits; undefined when it does not. */
export function groupByOf({ groupBy }: Pick<SearchRequest, "groupBy">): GroupBy | undefined {
  if (groupBy === undefined) return undefined;
  return typeof groupBy === "string"
    ? { field: groupBy, hits: 1 }
    : { field: groupBy.field, hits: groupBy.hits ?? 1 };
}

/** Whether nothing is searched for: the request browses what passes its filter. */
export function isBrowsing({ query, vector, item, id }: SearchRequest): boolean {
  return [query, vector, item, id].every((field) => field === undefined);
}

/** Whether a request certainly lists all that it finds in an order of fields, whatever the index. */
export function isListing(request: SearchRequest): boolean {
  return isBrowsing(request) || (request.mode === "keyword" && request.sort !== undefined);
}

/** Hits of a page at most: `k`, or so many groups of hits. */
export function hitsOf(request: Pick<SearchRequest, "k" | "groupBy">): number {
  return request.k * (groupByOf(request)?.hits ?? 1);
}
