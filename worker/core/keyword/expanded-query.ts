import type { Work } from "../format/work.ts";
import { keptItems } from "./conditions.ts";
import { encodeTerm } from "./dictionary.ts";
import { expandQuery, type PhraseItems, type QueryGroup } from "./expand.ts";
import { groupTerms, isCommon } from "./groups.ts";
import type { KeywordIndex } from "./keyword-index.ts";
import { phraseItems } from "./phrase.ts";
import { type KeywordQuery, MAX_QUERY_PHRASES, type QueryWord, type Synonym, withOptions } from "./query.ts";
import type { WordFacts } from "./word-facts.ts";

/** Report of a part of an index on the words of a query: plain data. */
export interface WordReport {
  /** Words as the part has looked them up by itself; absent where it was given them. */
  readonly looked?: PartWords;
  /** Hits by the words themselves, exact where they are few; absent where they were not counted. */
  readonly hits?: number;
}

/** Words of a query as a part of an index knows them, so that all parts can agree. */
export interface PartWords {
  readonly facts: WordFacts;
  /** The query as the part knows it, and the groups of words that it has and has ranked by. */
  readonly query: KeywordQuery;
  readonly groups: readonly TextGroup[];
}

/** A group of terms by their texts, for an index that has some of them. */
export interface TextGroup {
  readonly word: number;
  readonly weight: number;
  readonly documents: number;
  /** Whether these documents are those of a whole class. */
  readonly ofClass: boolean;
  readonly terms: readonly string[];
  readonly exact?: string;
  readonly phrase?: readonly string[];
  readonly synonym?: Synonym;
  /** Whether its words tell documents apart. */
  readonly tells: boolean;
}

/** A query with the words of one index that stand for its own. */
export interface ExpandedQuery {
  readonly query: KeywordQuery;
  readonly groups: readonly QueryGroup[];
  /** Returns the groups with near words added. */
  readonly relax: () => readonly QueryGroup[];
  readonly work?: Work | undefined;
  /** The items that keep what its operators ask for: see {@link keptItems}. Looked up once, when first asked for. */
  readonly kept: () => Uint32Array | undefined;
  /** Whether a number of hits is few, so that near words are added; absent where the number alone decides. */
  readonly isFew?: (hits: number) => boolean;
  /** Reports to the other parts of the index, after this one has ranked. */
  readonly report?: () => WordReport;
}

/** Settings of looking up the words of a query. */
export interface WordLookup {
  /** Counts what this and all further use of the result take. */
  readonly work?: Work | undefined;
  /** Finds the items that hold a phrase; by default, those of the index. */
  readonly itemsWith?: PhraseItems;
}

/**
 * Looks up the words of a query in an index, and words near misspelled ones: up to milliseconds, so a search does it
 * once and passes it on.
 */
export function expandWords(
  index: KeywordIndex,
  query: KeywordQuery,
  { work, itemsWith = itemsIn(index, work) }: WordLookup = {},
): ExpandedQuery {
  const known = knownQuery(index, query, (phrase) => itemsWith(phrase).length > 0);
  const options = { phraseItems: itemsWith, work };
  let relaxed: readonly QueryGroup[] | undefined;
  return {
    query: known,
    groups: expandQuery(index, known, options),
    relax: () => {
      relaxed ??= expandQuery(index, known, { ...options, relaxed: true });
      return relaxed;
    },
    work,
    kept: keptOnce(index, known, work),
  };
}

/** Returns a function that finds the items of an index that hold a phrase. */
export function itemsIn(index: KeywordIndex, work: Work | undefined): PhraseItems {
  return (phrase) => phraseItems(index, phrase, work);
}

/** Looks up the items that keep what the operators of a query ask for, when first asked for them. */
export function keptOnce(
  index: KeywordIndex,
  query: KeywordQuery,
  work: Work | undefined,
): () => Uint32Array | undefined {
  let known: { readonly bits: Uint32Array | undefined } | undefined;
  return () => {
    known ??= { bits: keptItems(index, query, work) };
    return known.bits;
  };
}

/** The query with the options that the index has, and without parts of numbers that it lacks. */
export function knownQuery(index: KeywordIndex, query: KeywordQuery, stands: PhraseTest): KeywordQuery {
  return withoutLooseNumbers(index, withKnownOptions(index, query), stands);
}

/** The query with those options searched for that a document of the index has. */
export function withKnownOptions({ lexicon }: KeywordIndex, query: KeywordQuery): KeywordQuery {
  return withOptions(query, (term) => lexicon.find(encodeTerm(term)) >= 0);
}

/** Numbers of several parts: decimals, dates, addresses. */
const NUMBERS = /^\p{N}+(?:[._\-'’]\p{N}+)+$/u;

/** Whether the words of a phrase follow one another in some document. */
export type PhraseTest = (phrase: readonly string[]) => boolean;

/**
 * The query without the parts of numbers that no document has: 3.13 is not what stands in a text of 3.12, though both
 * have a 3.
 */
function withoutLooseNumbers(index: KeywordIndex, query: KeywordQuery, stands: PhraseTest): KeywordQuery {
  let looked = 0;
  const loose = query.words.filter(({ term, kind }) => {
    if (looked >= MAX_QUERY_PHRASES || kind !== "whole" || !NUMBERS.test(term)) return false;
    if (index.lexicon.find(encodeTerm(term)) >= 0) return false;
    looked++;
    // 3.13 stands in 3.13.1.
    return !index.positions || !stands(term.split(SEPARATORS));
  });
  if (loose.length === 0) return query;
  const isWithin = (word: QueryWord) =>
    loose.some(({ start, end }) => word.kind === "part" && word.start >= start && word.end <= end);
  return { ...query, words: query.words.filter((word) => !isWithin(word)) };
}

const SEPARATORS = /[._\-'’]/;

/** Terms of documents that count as one word of a query. */
export interface WordTerms {
  /** The word as it was typed, lower case and folded. */
  readonly word: string;
  /** Terms of the index that count as the word: itself, inflections, completions, and near words of a misspelled one. */
  readonly terms: readonly string[];
  /** Whether they are in too many documents to tell them apart. */
  readonly common: boolean;
  /** The rule by which these terms count as the word. */
  readonly synonym?: Synonym;
}

/** The terms of the index that count as the words of a query. */
export function foundTerms(index: KeywordIndex, { query, groups }: ExpandedQuery): WordTerms[] {
  return groups.map((group) => ({
    word: query.words[group.word]!.term,
    terms: groupTerms(index, group),
    common: isCommon(index, group),
    ...(group.synonym && { synonym: group.synonym }),
  }));
}

/** All terms that tell documents apart; those of common words only if there are no others. */
export function tellingTerms(words: readonly WordTerms[]): ReadonlySet<string> {
  const telling = words.filter(({ common }) => !common);
  return new Set((telling.length > 0 ? telling : words).flatMap(({ terms }) => terms));
}
