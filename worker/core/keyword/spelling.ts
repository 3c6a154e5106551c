import type { Accept } from "../forest/types.ts";
import type { Work } from "../format/work.ts";
import { encodeTerm, type TermEntry } from "./dictionary.ts";
import { classGroup } from "./groups.ts";
import type { KeywordIndex } from "./keyword-index.ts";
import { createBudget, nearEntries, wordsWithin } from "./near.ts";
import { phraseItems } from "./phrase.ts";
import { eachItem, NO_ITEM, nextPosting, openPostings, POSTING_NS } from "./postings.ts";
import type { KeywordQuery, QueryWord } from "./query.ts";

/** Conditions under which words are looked at. */
export interface WordConditions {
  /** Documents that count; all when left out. */
  readonly accept?: Accept | undefined;
  readonly work?: Work | undefined;
}

/** A word of a query, and the nearest that documents have where they do not have it: plain data. */
export interface SpelledWord {
  /** Place of the word in the query. */
  readonly start: number;
  readonly end: number;
  /** The word, lower case and folded. */
  readonly word: string;
  /** Whether a document has the word or an inflection of it. */
  readonly known: boolean;
  readonly near?: NearWord;
  /** Distance of the nearest word of any document, whether the filter accepts it or not; absent where there is none. */
  readonly least?: number;
}

export interface NearWord {
  readonly text: string;
  /** Letters put in, left out, replaced or swapped. */
  readonly distance: number;
  readonly documents: number;
  /** Whether they are two words that were written as one. */
  readonly within?: true;
}

/** The words of a query that could be misspelled. Those of documents that the filter does not accept count for nothing. */
export function spelledWords(
  index: KeywordIndex,
  query: KeywordQuery,
  conditions: WordConditions,
): SpelledWord[] {
  const budget = createBudget(conditions.work);
  return query.words.flatMap((word): SpelledWord[] => {
    const { start, end, term, kind, exact } = word;
    if (exact || kind === "whole" || isSpokenFor(word, query)) return [];
    const place = { start, end, word: term };
    const entries = classGroup(index, word)?.entries ?? [];
    if (entries.some((entry) => holds(index, entry, conditions)) || isBeginning(index, word, conditions)) {
      return [{ ...place, known: true }];
    }
    const near = nearEntries(index, word, budget);
    const [first] = near;
    const unknown = { ...place, known: false, ...(first && { least: first.distance }) };
    const nearest = near.find(({ entry }) => holds(index, entry, conditions));
    if (nearest) {
      const { text, distance, entry } = nearest;
      return [{ ...unknown, near: { text, distance, documents: entry.total } }];
    }
    const parts = wordsWithin(index, word).map(({ exact }) => exact);
    const [one, other] = parts;
    if (!one || !other || ![one, other].every((entry) => holds(index, entry, conditions))) return [unknown];
    const text = `${index.lexicon.text(one.term)} ${index.lexicon.text(other.term)}`;
    const documents = Math.min(one.total, other.total);
    return [{ ...unknown, near: { text, distance: 1, documents, within: true } }];
  });
}

/** Whether a synonym or the known whole of an identifier stands for a word. */
function isSpokenFor({ start, end }: QueryWord, { words, synonyms = [] }: KeywordQuery): boolean {
  const wholes = words.filter(({ kind }) => kind === "whole");
  return [...synonyms, ...wholes].some((one) => start >= one.start && end <= one.end);
}

/** Whether an unfinished word is the beginning of one. */
function isBeginning(index: KeywordIndex, word: QueryWord, conditions: WordConditions): boolean {
  if (!word.unfinished) return false;
  const longer = index.lexicon.beginning(encodeTerm(word.term), MAX_COMPLETED);
  return longer.some((entry) => holds(index, entry, conditions));
}

function holds(index: KeywordIndex, entry: TermEntry, { accept, work }: WordConditions): boolean {
  if (entry.documents === 0) return false;
  if (!accept) return true;
  work?.spend("words", entry.documents * POSTING_NS);
  for (const postings = openPostings(index, entry); postings.item !== NO_ITEM; nextPosting(postings)) {
    if (accept(postings.item)) return true;
  }
  return false;
}

/** Counts the documents that hold a word of a query, inflected or not. Linear in the words' lists. */
export function countHolding(
  index: KeywordIndex,
  { words }: KeywordQuery,
  { accept, work }: WordConditions,
): number {
  const held = new Set<number>();
  for (const word of words) {
    for (const entry of classGroup(index, word)?.entries ?? []) {
      eachItem(index, entry, work, (item) => {
        if (!accept || accept(item)) held.add(item);
      });
    }
  }
  return held.size;
}

/** A text that continues a query, with the documents that hold its words one after the other. */
export interface Completion {
  readonly text: string;
  readonly documents: number;
}

/** Words that complete a query, of those that come first by frequency. */
const MAX_COMPLETED = 256;
const MAX_PHRASES = 32;
/** Words before the last one that must stand before the completion. */
const MAX_BEFORE = 3;

/** The words that complete the last one of a query where documents hold them behind those before, most frequent first. */
export function completeQuery(
  index: KeywordIndex,
  query: KeywordQuery,
  text: string,
  { accept, work }: WordConditions,
): Completion[] {
  const spoken = query.words.filter(({ kind }) => kind !== "whole").sort((a, b) => a.start - b.start);
  const last = spoken.at(-1);
  if (!last?.unfinished || last.exact) return [];
  const before = spoken.slice(-1 - MAX_BEFORE, -1).map(({ term }) => term);
  const entries = index.lexicon
    .beginning(encodeTerm(last.term), MAX_COMPLETED)
    .sort((a, b) => b.total - a.total || a.term - b.term)
    .slice(0, MAX_PHRASES);
  const beginning = text.slice(0, last.start).trimStart().replace(/\s+/g, " ");
  return entries
    .map((entry): Completion => {
      const term = index.lexicon.text(entry.term);
      const items =
        before.length === 0 ? itemsOf(index, entry, work) : phraseItems(index, [...before, term], work);
      const documents = accept ? items.filter(accept).length : items.length;
      return { text: beginning + term, documents };
    })
    .filter(({ documents }) => documents > 0);
}

function itemsOf(index: KeywordIndex, entry: TermEntry, work: Work | undefined): number[] {
  const items: number[] = [];
  eachItem(index, entry, work, (item) => items.push(item));
  return items;
}
