import type { Accept } from "../forest/types.ts";
import type { ExpandedQuery } from "./expanded-query.ts";
import type { KeywordIndex } from "./keyword-index.ts";
import { NO_ITEM, nextPosting, openPostings } from "./postings.ts";
import type { QueryWord } from "./query.ts";

/** Most documents of a rare word. */
const RARE_DOCUMENTS = 3;
/**
 * The same for a word that is the whole query. The index also counts it as a part of longer names and in other spellings, so a word
 * that three documents hold as typed may have more documents; and there is no other word to look for.
 */
const RARE_ALONE = 10;

/** Documents that may hold a word of a query for it to be rare. */
export function rareDocuments(words: readonly QueryWord[]): number {
  return words.filter(({ kind }) => kind !== "part").length === 1 ? RARE_ALONE : RARE_DOCUMENTS;
}

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
  { query, groups }: ExpandedQuery,
  accept: Accept | undefined,
): RareItem[] {
  const most = rareDocuments(query.words);
  const rare: { readonly documents: number; readonly items: RareItem[] }[] = [];
  for (const group of groups) {
    const word = query.words[group.word]!;
    const entry = group.exact ?? (word.exact ? group.entries[0] : undefined);
    if (!entry || entry.documents === 0 || entry.total > most) continue;
    // Of a misspelled word the nearest stands in its place.
    if (index.lexicon.text(entry.term) !== word.term) continue;
    if (word.kind === "part" && isWholeKnown(word, query.words, groups)) continue;
    const items: RareItem[] = [];
    for (const postings = openPostings(index, entry); postings.item !== NO_ITEM; nextPosting(postings)) {
      if (!accept || accept(postings.item)) items.push({ item: postings.item, word: word.term });
    }
    rare.push({ documents: entry.total, items });
  }
  return rare.sort((a, b) => a.documents - b.documents).flatMap(({ items }) => items);
}

/** The items of several parts in the order of one index: by the documents that hold the word, then as the query has them. */
export function rarestFirst(
  rare: readonly RareItem[],
  { lexicon }: KeywordIndex,
  { query, groups }: Pick<ExpandedQuery, "query" | "groups">,
): RareItem[] {
  const most = rareDocuments(query.words);
  const order = new Map<string, readonly [documents: number, place: number]>();
  for (const [place, group] of groups.entries()) {
    const entry = group.exact ?? group.entries[0];
    if (!entry || entry.documents === 0 || entry.total > most) continue;
    const word = lexicon.text(entry.term);
    if (!order.has(word)) order.set(word, [entry.total, place]);
  }
  const keyOf = ({ word }: RareItem) => order.get(word) ?? [most, groups.length];
  return [...rare].sort((a, b) => {
    const [x, y] = [keyOf(a), keyOf(b)];
    return x[0] - y[0] || x[1] - y[1] || a.item - b.item;
  });
}

function isWholeKnown(
  part: QueryWord,
  words: readonly QueryWord[],
  groups: ExpandedQuery["groups"],
): boolean {
  return groups.some(({ word, exact }) => {
    const { kind, start, end } = words[word]!;
    return exact !== undefined && kind === "whole" && start <= part.start && end >= part.end;
  });
}
