import {
  createCursor,
  encodeStem,
  encodeTerm,
  findTerm,
  nextTerm,
  readClass,
  readEntry,
  seekTerm,
  type TermEntry,
  termText,
} from "./dictionary.ts";
import { findFuzzy } from "./fuzzy.ts";
import { stemWord } from "./languages.ts";
import type { KeywordIndex } from "./open.ts";
import type { KeywordQuery, QueryWord } from "./query.ts";
import { foldWord, type Token } from "./tokenize.ts";

/** Words of the index that stand for one word of the query: their counts in a document add up. */
export interface TermGroup {
  readonly entries: readonly TermEntry[];
  /** Documents that hold one of them: the document frequency of BM25. */
  readonly documents: number;
  readonly weight: number;
}

/** A group with the number of the query's word that it stands for; groups of one word are alternatives. */
export interface QueryGroup extends TermGroup {
  readonly word: number;
}

export interface ExpandOptions {
  /** Complete the last word even though it is a word of the index itself. */
  readonly prefix?: boolean;
  /** Add near words even to words that the index has. */
  readonly relaxed?: boolean;
}

/** Weight of words that begin with the one that was typed, and of words one or two edits off. */
const PREFIX_WEIGHT = 0.5;
const FUZZY_WEIGHTS = [1, 0.7, 0.4];
/** The same for words that the index has: their documents come behind those with the word itself. */
const RELAXED_FACTOR = 0.1;
const MAX_COMPLETIONS = 256;
const MAX_NEAR_WORDS = 24;
/** A shorter word has too many neighbours to guess among. */
const MIN_ONE_EDIT = 3;
const MIN_TWO_EDITS = 6;
const MAX_FUZZY_LENGTH = 40;

/** The groups of a query. Empty when the index has no word of it, nor one near it. */
export function expandQuery(
  index: KeywordIndex,
  query: KeywordQuery,
  options: ExpandOptions = {},
): QueryGroup[] {
  const counts = new Map<string, { word: QueryWord; times: number }>();
  for (const word of query.words) {
    const key = word.exact ? `"${word.term}` : word.term;
    const known = counts.get(key);
    if (known) known.times++;
    else counts.set(key, { word, times: 1 });
  }
  const groups: QueryGroup[] = [];
  const add = (more: readonly TermGroup[], word: QueryWord, times: number) => {
    const number = query.words.indexOf(word);
    for (const group of more) groups.push({ ...group, weight: group.weight * times, word: number });
  };
  const found = new Set<QueryWord>();
  for (const { word, times } of counts.values()) {
    const group = word.exact ? exactGroup(index, word.term) : classGroup(index, word);
    if (!group) continue;
    found.add(word);
    add([group], word, times);
    if (word.exact) continue;
    if (word.unfinished && (options.prefix || options.relaxed)) {
      add(completions(index, word, options.prefix ? PREFIX_WEIGHT : RELAXED_FACTOR), word, times);
    }
    if (options.relaxed) add(nearWords(index, word, RELAXED_FACTOR), word, times);
  }
  for (const { word, times } of counts.values()) {
    // A whole that is unknown is spoken for by its parts, and the parts of an unknown code by its whole.
    if (found.has(word) || word.exact || isSpokenFor(word, query.words, found)) continue;
    if (word.unfinished) add(completions(index, word, PREFIX_WEIGHT), word, times);
    add(nearWords(index, word, 1), word, times);
  }
  return groups;
}

function isSpokenFor(word: QueryWord, words: readonly QueryWord[], found: ReadonlySet<QueryWord>): boolean {
  if (word.kind === "atom") return false;
  if (word.kind === "whole") {
    return words.some((w) => w.kind === "part" && w.start >= word.start && w.end <= word.end && found.has(w));
  }
  return words.some((w) => w.kind === "whole" && w.start <= word.start && w.end >= word.end && found.has(w));
}

/** The very word, in its folded form. */
export function exactGroup(index: KeywordIndex, term: string): TermGroup | undefined {
  const number = findTerm(index.dictionary, encodeTerm(term));
  if (number < 0) return undefined;
  const entry = readEntry(index.dictionary, number);
  return entry.documents === 0 ? undefined : { entries: [entry], documents: entry.documents, weight: 1 };
}

/** The word and all that share its stem; undefined when there are none. */
export function classGroup(index: KeywordIndex, token: Pick<Token, "term" | "word">): TermGroup | undefined {
  const { dictionary, language } = index;
  let number = findTerm(dictionary, encodeTerm(token.term));
  if (number < 0) {
    const stem = foldWord(stemWord(language, token.word));
    number = findTerm(dictionary, encodeStem(stem));
    // A stem that is a word itself has no mark; it counts when it is its own stem.
    if (number < 0 && stem !== token.term && foldWord(stemWord(language, stem)) === stem) {
      number = findTerm(dictionary, encodeTerm(stem));
    }
  }
  return number < 0 ? undefined : groupOf(index, number, 1);
}

function groupOf(index: KeywordIndex, term: number, weight: number): TermGroup | undefined {
  const entries = readClass(index.dictionary, term);
  const first = entries[0];
  if (!first) return undefined;
  return { entries, documents: Math.min(first.classDocuments, index.nDocuments), weight };
}

/** Words that begin with an unfinished one, together: the documents that hold any of them. */
function completions(index: KeywordIndex, word: QueryWord, weight: number): TermGroup[] {
  const { dictionary } = index;
  const key = encodeTerm(word.term);
  const cursor = createCursor(dictionary);
  const entries: TermEntry[] = [];
  let documents = 0;
  let alive = seekTerm(cursor, key);
  while (alive && entries.length < MAX_COMPLETIONS && startsWith(cursor.key, cursor.length, key)) {
    if (cursor.length > key.length) {
      const entry = readEntry(dictionary, cursor.term);
      entries.push(entry);
      documents += entry.documents;
    }
    alive = nextTerm(cursor);
  }
  if (entries.length === 0) return [];
  return [{ entries, documents: Math.min(documents, index.nDocuments), weight }];
}

function startsWith(key: Uint8Array, length: number, prefix: Uint8Array): boolean {
  if (length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (key[i] !== prefix[i]) return false;
  return true;
}

/** Words one edit off, or two when there are none; each with its own weight, nearest and most frequent first. */
function nearWords(index: KeywordIndex, word: Pick<QueryWord, "term">, factor: number): TermGroup[] {
  const { dictionary } = index;
  const letters = [...word.term].length;
  if (letters < MIN_ONE_EDIT || letters > MAX_FUZZY_LENGTH) return [];
  let matches = findFuzzy(dictionary, word.term, 1);
  if (matches.every((match) => match.distance === 0) && letters >= MIN_TWO_EDITS) {
    matches = findFuzzy(dictionary, word.term, 2);
  }
  const near = matches
    .filter((match) => match.distance > 0)
    .map((match) => ({ ...match, entry: readEntry(dictionary, match.term) }))
    .sort(
      (x, y) =>
        x.distance - y.distance || y.entry.documents - x.entry.documents || x.entry.term - y.entry.term,
    );
  const groups: TermGroup[] = [];
  const seen = new Set<number>();
  for (const { entry, distance } of near) {
    if (seen.has(entry.term) || groups.length >= MAX_NEAR_WORDS) continue;
    const group = groupOf(index, entry.term, factor * FUZZY_WEIGHTS[distance]!);
    if (!group) continue;
    for (const member of group.entries) seen.add(member.term);
    groups.push(group);
  }
  return groups;
}

/** The words a group stands for, for highlights. */
export function groupTerms(index: KeywordIndex, group: TermGroup): string[] {
  return group.entries.map((entry) => termText(index.dictionary, entry.term));
}
