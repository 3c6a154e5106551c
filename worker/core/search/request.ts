import { type GroupBy, parseSortKey, type SortKey } from "../columns/order.ts";
import type { SearchRequest } from "./types.ts";

/** The fields to sort by, in their order. */
export function sortOf(sort: NonNullable<SearchRequest["sort"]>): readonly SortKey[] {
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

export function groupByOf(groupBy: NonNullable<SearchRequest["groupBy"]>): GroupBy {
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

/** Most hits of a page: `k`, or `k` groups of hits. */
export function hitsOf({ k, groupBy }: Pick<SearchRequest, "k" | "groupBy">): number {
  return groupBy === undefined ? k : k * groupByOf(groupBy).hits;
}
