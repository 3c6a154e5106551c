import type { Query } from "./query.ts";
import { textCheck } from "./rank.ts";
import type { Ranking, Rankings } from "./ranking.ts";
import type { Searcher } from "./searcher.ts";
import type { SearchRequest, Total } from "./types.ts";

/** A page as far as it tells how many documents there are. */
interface Page {
  readonly ranking: Ranking;
  readonly rankings: Rankings;
  /** Hits or groups that were ranked. */
  readonly found: number;
  readonly groups?: readonly unknown[];
}

/**
 * The number of documents that a query finds. Exact where they can be counted: without a query, and by words. Vectors find every
 * document that passes the filter, near or far, so with them it is an estimate: those that hold a word of the query, or where none
 * does those that pass.
 */
export function totalOf(
  searcher: Searcher,
  query: Query,
  request: SearchRequest,
  page: Page,
): Total | undefined {
  const { counts, parts = 1 } = page.rankings;
  if (!counts) return undefined;
  const { minScore = 0, groupBy } = query;
  const isCounted = query.mode === "browse" || query.mode === "keyword";
  const isExact =
    isCounted &&
    !textCheck(searcher, query) &&
    !counts.groupsRepeated &&
    // A part that lacks a word of the query scores what it has too high.
    (minScore === 0 || parts === 1) &&
    (searcher.shards?.missing.size ?? 0) === 0;
  const value = isExact ? counts.documents : estimate(query, request, page);
  const shown = (request.offset ?? 0) + (page.groups?.length ?? 0);
  const groups = Math.max(counts.groups || page.found, page.ranking.items.length > 0 ? shown : 0);
  return {
    value,
    relation: isExact ? "exact" : "estimate",
    ...(groupBy && { groups: isExact ? (counts.groups ?? 0) : groups }),
  };
}

function estimate(
  query: Query,
  { offset = 0, k }: SearchRequest,
  { ranking, rankings, found }: Page,
): number {
  const { documents = 0, passing = 0 } = rankings.counts ?? {};
  const all = documents > 0 ? documents : passing;
  if (query.groupBy) return Math.max(all, ranking.items.length);
  // Of what has no end the best are sorted.
  if (query.sort && query.vector) return found;
  const shown = ranking.items.length > 0 ? offset + ranking.items.length : 0;
  const isLast = (query.minScore ?? 0) > 0 && ranking.items.length < k;
  return isLast ? shown : Math.max(all, shown);
}
