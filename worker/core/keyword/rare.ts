import { encodeTerm, findTerm, readEntry } from "./dictionary.ts";
import type { KeywordIndex } from "./keyword-index.ts";
import { NO_ITEM, nextPosting, openPostings } from "./postings.ts";
import type { KeywordQuery, QueryWord } from "./query.ts";

/** A word in at most so many documents is rare: whoever types it looks for them. */
export const RARE_DOCUMENTS = 3;

/** An item that holds a rare word of the query as it was typed. */
export interface RareItem {
  readonly item: number;
  /** The word, lower case and folded. */
  readonly word: string;
}

/**
 * The items that hold a rare word of a query exactly, the rarest words first. Parts of an identifier count only where the
 * index does not know the whole.
 */
export function rareItems(
  index: KeywordIndex,
  { words }: KeywordQuery,
  accept: ((item: number) => boolean) | undefined,
): RareItem[] {
  const rare: { readonly documents: number; readonly items: RareItem[] }[] = [];
  const seen = new Set<string>();
  for (const word of words) {
    if (seen.has(word.term) || (word.kind === "part" && hasWhole(index, word, words))) continue;
    seen.add(word.term);
    const term = findTerm(index.dictionary, encodeTerm(word.term));
    if (term < 0) continue;
    const entry = readEntry(index.dictionary, term);
    if (entry.documents === 0 || entry.total > RARE_DOCUMENTS) continue;
    const items: RareItem[] = [];
    for (const postings = openPostings(index, entry); postings.item !== NO_ITEM; nextPosting(postings)) {
      if (!accept || accept(postings.item)) items.push({ item: postings.item, word: word.term });
    }
    rare.push({ documents: entry.total, items });
  }
  return rare.sort((a, b) => a.documents - b.documents).flatMap(({ items }) => items);
}

function hasWhole({ dictionary }: KeywordIndex, part: QueryWord, words: readonly QueryWord[]): boolean {
  return words.some(
    ({ kind, term, start, end }) =>
      kind === "whole" &&
      start <= part.start &&
      end >= part.end &&
      findTerm(dictionary, encodeTerm(term)) >= 0,
  );
}
