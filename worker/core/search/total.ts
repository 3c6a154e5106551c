import { isListed, type Query, rankedWords } from "./query.ts";
import { type PageCut, type PageEnd, textCheck } from "./rank.ts";
import type { Rankings } from "./ranking.ts";
import type { Searcher } from "./searcher.ts";
import type { SearchRequest, Total } from "./types.ts";

/**
 * Number of documents that a query finds. It is exact without a query and by words. A search by vectors finds every document that
 * passes the filter, so its total is an estimate: the documents that hold a word of the query, or if none does, those that pass.
 */
export function totalOf(
  searcher: Searcher,
  query: Query,
  request: SearchRequest,
  page: PageCut,
): Total | undefined {
  const { counts, parts = 1, bounded } = page.rankings;
  if (!counts) return undefined;
  const { minScore = 0, groupBy } = query;
  const isCounted = query.mode === "browse" || query.mode === "keyword";
  const isExact =
    isCounted &&
    !textCheck(searcher, rankedWords(query)) &&
    !counts.groupsRepeated &&
    // A part that lacks a word of the query scores what it has too high.
    (minScore === 0 || ((parts === 1 || bounded) && !isMoved(query, page.rankings))) &&
    (searcher.shards?.missing.size ?? 0) === 0;
  const estimated = estimate(query, request, page);
  const { documents, groups } = isExact ? counts : estimated;
  return {
    value: documents,
    relation: isExact ? "exact" : "estimate",
    ...(groupBy && { groups: groups ?? 0 }),
  };
}

/** Whether boosts, or a preference for a language, change the scores that documents are counted by. Lists have neither. */
function isMoved(query: Query, { languages }: Rankings): boolean {
  const isBoosted = (query.curation?.boosts.length ?? 0) > 0;
  return !isListed(query) && (isBoosted || languages !== undefined);
}

/**
 * Estimates from the counts and from the pages so far. Where a ranking has reached its end, the estimate is at most its length, and
 * on the last page its length.
 */
function estimate(
  query: Query,
  { offset = 0, k }: SearchRequest,
  { ranking, rankings, found, groups: ranked, end }: PageCut,
): PageEnd {
  const units: readonly unknown[] = ranked ?? ranking.items;
  const { documents = 0, passing = 0, groups = 0 } = rankings.counts ?? {};
  const shown = units.length > 0 ? offset + units.length : 0;
  const least = query.groupBy ? ranking.items.length : shown;
  const estimated = {
    documents: Math.max(documents > 0 ? documents : passing, least),
    groups: Math.max(groups || found, shown),
  };
  if (!end) return estimated;
  const last = query.groupBy ? (end.groups ?? 0) : end.documents;
  // A search by vectors finds every document; only its best hits are sorted.
  if (offset + k >= last || (query.sort && query.vector)) return end;
  return {
    documents: Math.min(estimated.documents, end.documents),
    groups: Math.min(estimated.groups, end.groups ?? 0),
  };
}
