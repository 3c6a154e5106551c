import { encodeTerm, findTerm } from "./dictionary.ts";
import { expandQuery, type QueryGroup } from "./expand.ts";
import { groupTerms, isCommon } from "./groups.ts";
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

/** What counts as one word of a query in documents. */
export interface WordTerms {
  /** The word as it was typed, lower case and folded. */
  readonly word: string;
  /** Terms of the index that count as the word: itself, inflections, completions, and near words of a misspelled one. */
  readonly terms: readonly string[];
  /** Whether they are in too many documents to tell them apart. */
  readonly common: boolean;
}

/** The terms of the index that count as the words of a query. */
export function foundTerms(index: KeywordIndex, { query, groups }: UnderstoodQuery): WordTerms[] {
  return groups.map((group) => ({
    word: query.words[group.word]!.term,
    terms: groupTerms(index, group),
    common: isCommon(index, group),
  }));
}

/** All terms that tell documents apart; those of common words only if there are no others. */
export function tellingTerms(words: readonly WordTerms[]): ReadonlySet<string> {
  const telling = words.filter(({ common }) => !common);
  return new Set((telling.length > 0 ? telling : words).flatMap(({ terms }) => terms));
}
