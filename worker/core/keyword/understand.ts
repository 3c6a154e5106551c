import { encodeTerm, findTerm } from "./dictionary.ts";
import { expandQuery, type QueryGroup } from "./expand.ts";
import { groupTerms, tellingGroups } from "./groups.ts";
import type { KeywordIndex } from "./keyword-index.ts";
import { type KeywordQuery, withOptions } from "./query.ts";
import type { WordStatistics } from "./statistics.ts";

/** A query with the words of one index that stand for its own. */
export interface UnderstoodQuery {
  readonly query: KeywordQuery;
  readonly groups: readonly QueryGroup[];
  readonly statistics?: WordStatistics | undefined;
}

/**
 * Looks up the words of a query in an index, and words near misspelled ones: up to milliseconds, so a search does it
 * once and passes it on.
 *
 * @param statistics replaces the index's own frequencies where it is a part of more
 */
export function understand(
  index: KeywordIndex,
  query: KeywordQuery,
  statistics?: WordStatistics,
): UnderstoodQuery {
  const known = withOptions(query, (term) => findTerm(index.dictionary, encodeTerm(term)) >= 0);
  return { query: known, groups: expandQuery(index, known, { statistics }), statistics };
}

/** The terms of the index that count as found, inflections and misspellings included; common words only if there are no others. */
export function foundTerms(index: KeywordIndex, { groups }: UnderstoodQuery): readonly string[] {
  return tellingGroups(index, groups).flatMap((group) => groupTerms(index, group));
}
