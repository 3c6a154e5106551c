import type { Work } from "../format/work.ts";
import { encodeTerm, NO_POSTINGS, type TermEntry } from "./dictionary.ts";
import { expandQuery, type PhraseItems, type QueryGroup, WORD_NS } from "./expand.ts";
import {
  type ExpandedQuery,
  expandWords,
  itemsIn,
  keptOnce,
  knownQuery,
  type PartWords,
  type PhraseTest,
  type TextGroup,
  type WordLookup,
} from "./expanded-query.ts";
import { classGroup, isCommon } from "./groups.ts";
import type { KeywordIndex } from "./keyword-index.ts";
import { type KeywordQuery, type QueryWord, withOptions } from "./query.ts";
import { rareDocuments } from "./rare.ts";
import { FEW_HITS } from "./search.ts";
import { recordLexicon } from "./word-facts.ts";

/** A query as all parts of an index are to rank by it: plain data. */
export interface AgreedQuery {
  readonly query: KeywordQuery;
  readonly groups: readonly TextGroup[];
  /** With near words, where all parts together have few hits. */
  readonly relaxed?: readonly TextGroup[];
}

/** Settings of looking up words in an index that may be a part of more. */
export interface PartLookup extends WordLookup {
  /** The words that all parts have agreed on. */
  readonly agreed?: AgreedQuery | undefined;
  /** Whether to rank by the words that the part has, and to report what it knows of them. */
  readonly lookUp?: boolean | undefined;
  /** Whether every document of the index counts. */
  readonly countsAll?: boolean;
}

/** Looks up the words of a query in an index, alone or as a part of more. */
export function expandIn(index: KeywordIndex, query: KeywordQuery, lookup: PartLookup): ExpandedQuery {
  if (lookup.agreed) return expandAgreed(index, lookup.agreed, lookup);
  return lookup.lookUp ? expandPart(index, query, lookup) : expandWords(index, query, lookup);
}

/**
 * Looks up the words of a query in a part of an index. The part ranks by the words that it has; it decides neither whether the others
 * are misspelled nor whether hits are few, and reports what it knows instead.
 */
function expandPart(
  index: KeywordIndex,
  query: KeywordQuery,
  { work, itemsWith = itemsIn(index, work), countsAll = false }: PartLookup,
): ExpandedQuery {
  const recorded = recordLexicon(index.lexicon);
  const recording = { ...index, lexicon: recorded.lexicon };
  const phrases = new Set<string>();
  const noted: PhraseItems = (phrase) => {
    const items = itemsWith(phrase);
    if (items.length > 0) phrases.add(phrase.join(" "));
    return items;
  };
  const known = knownQuery(recording, query, (phrase) => noted(phrase).length > 0);
  const expansion = { work, phraseItems: noted };
  const groups = expandQuery(recording, known, expansion).filter(({ guessed }) => !guessed);
  // Other parts may have an option or a number of several parts that this one lacks, and so look for more words.
  const all = withOptions(query, () => true);
  const note = (relaxed: boolean) => {
    const hasMore = all.words.length > known.words.length;
    if (relaxed || hasMore) expandQuery(recording, hasMore ? all : known, { ...expansion, relaxed });
  };
  note(false);
  noteWords(recording, all, recorded.noteWord, work);
  let hits: number | undefined;
  return {
    query: known,
    groups,
    relax: () => groups,
    work,
    kept: keptOnce(index, known, work),
    isFew: (found) => {
      hits = Math.max(hits ?? 0, found);
      return false;
    },
    report: () => {
      if (hits !== undefined && hits < FEW_HITS && !(countsAll && isFound(index, known, groups)))
        expandQuery(recording, known, { ...expansion, relaxed: true });
      const facts = {
        documents: index.collectionDocuments,
        ofCollection: index.dictionary.ofCollection,
        phrases: [...phrases],
        ...recorded.facts(),
      };
      const looked = { query: known, groups: textGroups(index, groups), facts };
      return { looked, ...(hits !== undefined && { hits }) };
    },
  };
}

/** Whether all parts together certainly have more than few hits, because enough documents hold one word. */
function isFound(
  { dictionary }: KeywordIndex,
  { phrases, excluded, excludedPhrases }: KeywordQuery,
  groups: readonly QueryGroup[],
): boolean {
  const hasOperators = phrases.length + excluded.length + excludedPhrases.length > 0;
  if (hasOperators || !dictionary.ofCollection) return false;
  return groups.some(({ entries }) => entries.some(({ total }) => total >= FEW_HITS));
}

/** Notes the classes of a query's words and of their synonyms. */
function noteWords(
  index: KeywordIndex,
  { words, synonyms = [] }: KeywordQuery,
  note: (word: string, entries: readonly TermEntry[]) => void,
  work: Work | undefined,
): void {
  const noted = [...words, ...synonyms.flatMap((synonym) => synonym.words)];
  work?.spend("words", noted.length * WORD_NS);
  for (const word of noted) {
    const entries = classGroup(index, word)?.entries;
    if (entries) note(word.term, entries);
  }
}

/** The groups of an index as other indexes read them. */
function textGroups(index: KeywordIndex, groups: readonly QueryGroup[]): TextGroup[] {
  const { lexicon } = index;
  return groups.map((group) => {
    const { word, weight, documents, entries, exact, phrase, synonym } = group;
    return {
      ...{ word, weight, documents },
      ofClass: documents === Math.min(entries[0]?.classTotal ?? -1, index.collectionDocuments),
      terms: entries.map(({ term }) => lexicon.text(term)),
      tells: !isCommon(index, group),
      ...(exact && { exact: lexicon.text(exact.term) }),
      ...(phrase && { phrase: phrase.terms }),
      ...(synonym && { synonym }),
    };
  });
}

/** An agreed query as an index ranks by it. */
function expandAgreed(
  index: KeywordIndex,
  { query, groups, relaxed }: AgreedQuery,
  { work, itemsWith = itemsIn(index, work) }: WordLookup,
): ExpandedQuery {
  const own = (texts: readonly TextGroup[]) => texts.map((group) => groupIn(index, group, itemsWith));
  let hits: number | undefined;
  return {
    query,
    groups: own(groups),
    relax: () => own(relaxed ?? groups),
    work,
    kept: keptOnce(index, query, work),
    isFew: (found) => {
      hits = Math.max(hits ?? 0, found);
      return relaxed !== undefined;
    },
    report: () => (hits === undefined ? {} : { hits }),
  };
}

/** The terms of a group that an index has. */
function groupIn(
  index: KeywordIndex,
  { terms, exact, phrase, documents, ofClass, weight, word, synonym }: TextGroup,
  itemsWith: PhraseItems,
): QueryGroup {
  const { lexicon, dictionary, collectionDocuments } = index;
  const byText = new Map<string, TermEntry>();
  for (const text of terms) {
    const term = lexicon.find(encodeTerm(text));
    const entry = term < 0 ? undefined : lexicon.entry(term);
    if (entry && entry.documents > 0) byText.set(text, entry);
  }
  const entries = [...byText.values()];
  // An index that is no part of a collection scores by its own frequencies.
  const own = ofClass ? entries[0]?.classTotal : entries.reduce((sum, { total }) => sum + total, 0);
  const isOwn = !dictionary.ofCollection && entries.length > 0;
  return {
    entries,
    documents: Math.min((isOwn && own) || documents, collectionDocuments),
    weight,
    word,
    // The others are inflections of it, whether the index has it or not.
    ...(exact !== undefined && { exact: byText.get(exact) ?? ABSENT }),
    ...(phrase && { phrase: { terms: phrase, items: itemsWith(phrase) } }),
    ...(synonym && { synonym }),
  };
}

const ABSENT: TermEntry = {
  ...{ term: -1, documents: 0, classDocuments: 0, total: 0, classTotal: 0, nextInClass: -1 },
  ...NO_POSTINGS,
};

/** Words that all parts of an index agree on. */
export interface Agreement {
  readonly agreed: AgreedQuery;
  /** The same by the index that knows what the parts have told. */
  readonly expanded: ExpandedQuery;
  /** Returns the query with near words added; undefined where there are none. */
  readonly relaxed: () => AgreedQuery | undefined;
}

/** @param gathered knows what all parts have told: see `factsIndex` */
export function agreeOn(all: KeywordIndex, query: KeywordQuery, parts: readonly PartWords[]): Agreement {
  const phrases = new Set(parts.flatMap(({ facts }) => facts.phrases));
  const occurs: PhraseTest = (phrase) => phrases.has(phrase.join(" "));
  const known = knownQuery(all, query, occurs);
  const expansion = { phraseItems: (phrase: readonly string[]) => (occurs(phrase) ? [0] : []) };
  const groups = expandQuery(all, known, expansion);
  const agreed: AgreedQuery = { query: known, groups: textGroups(all, groups) };
  return {
    agreed,
    expanded: { query: known, groups, relax: () => groups, kept: () => undefined },
    relaxed: () => {
      if (groups.length === 0 || known.words.every(({ exact }) => exact)) return undefined;
      const more = expandQuery(all, known, { ...expansion, relaxed: true });
      return more.length > groups.length ? { ...agreed, relaxed: textGroups(all, more) } : undefined;
    },
  };
}

/** Findings of a query that depend on words which a part lacks. */
export interface Needs {
  /** Whether words that no document of the part has change what it finds: the frequent ones count where none tells. */
  readonly telling: boolean;
  /** Whether scores are held against the most that the query could reach. */
  readonly bound: boolean;
}

/** Whether a part that has ranked by its own words would have found the same by the agreed ones. */
export function ranksAlike(own: PartWords, { query, groups, relaxed }: AgreedQuery, needs: Needs): boolean {
  if (excludesOther(own, query)) return false;
  const texts = new Map(own.facts.terms.map(([text, documents, total]) => [text, { documents, total }]));
  const phrases = new Set(own.facts.phrases);
  const heldOf = (group: TextGroup): TextGroup[] => {
    const terms = group.terms.filter((text) => (texts.get(text)?.documents ?? 0) > 0);
    const isHeld = terms.length > 0 || (group.phrase && phrases.has(group.phrase.join(" ")));
    return isHeld ? [{ ...group, terms }] : [];
  };
  const held = (relaxed ?? groups).flatMap(heldOf);
  // By frequencies of its own a part scores whatever the others have.
  const { ofCollection } = own.facts;
  const keys = (list: readonly TextGroup[], words: readonly QueryWord[]) =>
    list.map(({ documents, ...group }) =>
      keyOf({ ...group, documents: ofCollection ? documents : 0 }, words[group.word]!),
    );
  const mine = keys(own.groups, own.query.words);
  const all = keys(held, query.words);
  if (mine.length !== all.length || mine.some((key, i) => key !== all[i])) return false;
  if (own.groups.length === 0) return true;
  // A synonym or the quoted form of a word that the part has counts, too.
  if (groups.every((group) => heldOf(group).length > 0)) return true;
  if (needs.bound) return false;
  if (needs.telling && groups.some(({ tells }) => tells) && !own.groups.some(({ tells }) => tells))
    return false;
  return !hasRarePart(own, query, groups);
}

/** A group as a text that is equal for equal groups. */
function keyOf(
  { weight, documents, terms, exact, phrase }: TextGroup,
  { term, exact: isQuoted }: QueryWord,
): string {
  return JSON.stringify([term, isQuoted, weight, documents, terms.toSorted(), exact, phrase]);
}

/** Whether a part takes for options what others do not, and so excludes other texts. */
export function excludesOther({ query: own }: PartWords, query: KeywordQuery): boolean {
  return (
    own.excluded.length !== query.excluded.length ||
    own.excludedPhrases.length !== query.excludedPhrases.length
  );
}

/** Whether a part takes the parts of an identifier for rare words, whose whole another part has. */
function hasRarePart(own: PartWords, query: KeywordQuery, groups: readonly TextGroup[]): boolean {
  const totals = new Map(own.facts.terms.map(([text, , total]) => [text, total]));
  const most = rareDocuments(own.query.words);
  const isRare = (word: QueryWord) => word.kind === "part" && (totals.get(word.term) ?? 0) <= most;
  const parts = own.groups.map(({ word }) => own.query.words[word]!).filter(isRare);
  const mine = new Set(own.groups.map(({ word }) => own.query.words[word]!.term));
  return groups.some(({ word, exact }) => {
    const { kind, start, end, term } = query.words[word]!;
    if (kind !== "whole" || exact === undefined || mine.has(term)) return false;
    return parts.some((part) => part.start >= start && part.end <= end);
  });
}
