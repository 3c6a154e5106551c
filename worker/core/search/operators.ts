import { classGroup } from "../keyword/groups.ts";
import type { KeywordIndex } from "../keyword/keyword-index.ts";
import type { Language } from "../keyword/languages.ts";
import { phraseItems } from "../keyword/phrase.ts";
import { NO_ITEM, nextPosting, openPostings } from "../keyword/postings.ts";
import { containsPhrase, type KeywordQuery } from "../keyword/query.ts";

export type Accept = (item: number) => boolean;

/** Both must accept; undefined accepts all. */
export function both(a: Accept | undefined, b: Accept | undefined): Accept | undefined {
  if (!a || !b) return a ?? b;
  return (item) => a(item) && b(item);
}

/**
 * Conditions that the operators of a text (`"a phrase"`, `-word`, `-"a phrase"`) put on every hit, for the vectors of a hybrid
 * search, which know nothing of words. Undefined when the text has none.
 */
export function operatorsOf(keyword: KeywordIndex, query: KeywordQuery): Accept | undefined {
  let accept: Accept | undefined;
  for (const phrase of query.phrases) {
    const held = new Set(phraseItems(keyword, phrase));
    accept = both(accept, (item) => held.has(item));
  }
  const barred = new Set<number>();
  for (const { token } of query.excluded) {
    for (const entry of classGroup(keyword, token)?.entries ?? []) {
      const postings = openPostings(keyword, entry);
      for (; postings.item !== NO_ITEM; nextPosting(postings)) barred.add(postings.item);
    }
  }
  for (const { phrase } of query.excludedPhrases) {
    // Without positions the words may stand anywhere, so the documents decide.
    if (!keyword.positions && phrase.length > 1) continue;
    for (const item of phraseItems(keyword, phrase)) barred.add(item);
  }
  return barred.size > 0 ? both(accept, (item) => !barred.has(item)) : accept;
}

/**
 * Whether a document's text keeps what the phrases of a query demand. Asked only where the index has no positions.
 * Undefined when the query has no phrases of several words.
 */
export function phraseCheck(
  language: Language,
  { phrases, excludedPhrases }: KeywordQuery,
): ((text: string) => boolean) | undefined {
  const wanted = phrases.filter((phrase) => phrase.length > 1);
  const unwanted = excludedPhrases.map(({ phrase }) => phrase).filter((phrase) => phrase.length > 1);
  if (wanted.length === 0 && unwanted.length === 0) return undefined;
  return (document) =>
    wanted.every((phrase) => containsPhrase(document, phrase, language)) &&
    !unwanted.some((phrase) => containsPhrase(document, phrase, language));
}
