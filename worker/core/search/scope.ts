import type { FilterNode } from "../columns/parse.ts";
import type { Query } from "./query.ts";
import type { Rankings } from "./ranking.ts";
import type { Searcher } from "./searcher.ts";

/**
 * A searcher that is confined to the documents which pass a filter: all others are absent, by whatever they are asked for. Only scores
 * depend on them, because word frequencies count all documents.
 */
export function scopeSearcher(inner: Searcher, filter: FilterNode): Searcher {
  const known = new Map<number, boolean>();
  const restrictedOf = restrictedBy(filter);
  const passes = async (items: readonly number[]): Promise<readonly boolean[]> => {
    const unknown = [...new Set(items)].filter((item) => !known.has(item));
    if (unknown.length > 0) {
      const answers = await inner.passes(unknown, filter);
      for (const [i, item] of unknown.entries()) known.set(item, answers[i]!);
    }
    return items.map((item) => known.get(item)!);
  };
  /** Reads values of items, undefined for those outside, which are not read at all. */
  const within = async <T>(
    items: readonly number[],
    read: (inside: readonly number[]) => Promise<readonly T[]>,
  ): Promise<(T | undefined)[]> => {
    const allowed = await passes(items);
    const inside = items.filter((_, i) => allowed[i]);
    const values = inside.length > 0 ? await read(inside) : [];
    let next = 0;
    return allowed.map((isInside) => (isInside ? values[next++] : undefined));
  };
  const one = async <T>(item: number, read: () => Promise<T>): Promise<T | undefined> =>
    (await passes([item]))[0] ? read() : undefined;

  return {
    ...inner,
    async rank(query, k, shown) {
      const rankings = await inner.rank(restrictedOf(query), k, shown);
      for (const ranking of [rankings.vectors, rankings.words, rankings.listed]) {
        for (const item of ranking?.items ?? []) known.set(item, true);
      }
      for (const { item } of rankings.curated?.pinned ?? []) known.set(item, true);
      return withoutEmptyFacets(rankings);
    },
    documents: (items) => within(items, inner.documents),
    async ids(items) {
      const ids = await within(items, inner.ids);
      return ids.map((id, i) => id ?? String(items[i]));
    },
    vectors: (items, exactness) => within(items, (inside) => inner.vectors(inside, exactness)),
    vectorOf: (item) => one(item, () => inner.vectorOf(item)),
    async distance(i, j) {
      const [first, second] = await passes([i, j]);
      return first && second ? inner.distance(i, j) : undefined;
    },
    async itemOf(id) {
      const item = await inner.itemOf(id);
      return item === undefined ? undefined : one(item, async () => item);
    },
    passes: async (items, own) => {
      const [outer, asked] = await Promise.all([passes(items), inner.passes(items, own)]);
      return outer.map((inside, i) => inside && asked[i]!);
    },
  };
}

/** Queries with a filter of their own and this one: the same query for the same one, as it may be ranked to several depths. */
function restrictedBy(filter: FilterNode): (query: Query) => Query {
  const known = new WeakMap<Query, Query>();
  return (query) => {
    const restricted: Query = known.get(query) ?? {
      ...query,
      filter: query.filter ? { kind: "and", nodes: [filter, query.filter] } : filter,
    };
    known.set(query, restricted);
    return restricted;
  };
}

/** A value that no document within the filter has would tell of those outside. */
function withoutEmptyFacets(rankings: Rankings): Rankings {
  const { facets } = rankings;
  if (!facets) return rankings;
  const kept = Object.entries(facets).map(([field, counts]) => [
    field,
    counts.filter(({ count }) => count > 0),
  ]);
  return { ...rankings, facets: Object.fromEntries(kept) };
}
