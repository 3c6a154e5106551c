import type { Work } from "../format/work.ts";
import { classGroup, exactGroup, type TermGroup } from "./groups.ts";
import type { KeywordIndex } from "./keyword-index.ts";
import { completions, createBudget, nearestOf, nearWords, wordsWithin } from "./near.ts";
import { phraseItems } from "./phrase.ts";
import { type KeywordQuery, MAX_QUERY_WORDS, type QueryWord, type Synonym } from "./query.ts";

/** A group with the number of the query's word that it stands for; groups of one word are alternatives. */
export interface QueryGroup extends TermGroup {
  readonly word: number;
  /** The rule that put it there; absent for the query's own words. */
  readonly synonym?: Synonym;
  /** Whether the index lacks the word, so that these are near it or completions. */
  readonly guessed?: true;
}

interface ExpandOptions {
  /** Add near words even to words that the index has. */
  readonly relaxed?: boolean;
  readonly work?: Work | undefined;
  /** Looks up the phrases of synonyms; default: in the index. */
  readonly phraseItems?: PhraseItems | undefined;
}

/**
 * Near words and completions of words that the index has are looked for only when these find little; their documents
 * come behind those with the word itself.
 */
const RELAXED_FACTOR = 0.1;

/** Work of looking a word and its inflections up, in nanoseconds. */
export const WORD_NS = 5_000;

/** The groups of a query. Empty when the index has no word of it, nor one near it. */
export function expandQuery(
  index: KeywordIndex,
  query: KeywordQuery,
  options: ExpandOptions = {},
): QueryGroup[] {
  const { work } = options;
  work?.spend("words", query.words.length * WORD_NS);
  const wanted = mostTelling(index, query.words);
  const budget = createBudget(work);
  const alone = query.words.length === 1;
  const groups: QueryGroup[] = [];
  const add = (more: readonly TermGroup[], { word, number, group: known }: WantedWord) => {
    const guessed = !known && { guessed: true as const };
    for (const group of more) {
      groups.push({ ...group, weight: group.weight * word.times, word: number, ...guessed });
    }
  };
  const synonyms = synonymGroups(index, query, options);
  const found = new Set<QueryWord>();
  for (const one of wanted) {
    const { word } = one;
    let { group } = one;
    if (!group) continue;
    // Known by its stem alone: it may be one of the words misspelled.
    if (!group.exact && !word.exact) group = { ...group, ...nearestOf(index, word, group, budget) };
    found.add(word);
    add([group], one);
    if (word.exact) continue;
    if (isCompleted(word, query, options.relaxed ?? false)) {
      add(completions(index, word, query.prefix ? 1 : RELAXED_FACTOR, work), one);
    }
    if (options.relaxed) add(nearWords(index, word, RELAXED_FACTOR, budget, alone), one);
  }
  for (const one of wanted) {
    const { word } = one;
    if (found.has(word) || word.exact) continue;
    // A word that has a synonym is not misspelled.
    if (synonyms.some(({ synonym: { start, end } }) => word.start >= start && word.end <= end)) continue;
    const completed = isCompleted(word, query, true) ? completions(index, word, 1, work) : [];
    // A whole that is unknown is spoken for by its parts, and the parts of an unknown code by its whole.
    const spokenFor = isSpokenFor(word, query.words, found);
    const more = spokenFor ? completed : [...completed, ...nearWords(index, word, 1, budget, alone)];
    add(more.length > 0 || spokenFor ? more : wordsWithin(index, word), one);
  }
  const read = new Set(wanted.map(({ number }) => number));
  return [...groups, ...synonyms.filter(({ word }) => read.has(word))];
}

/** Whether a word may be the beginning of one. A number is, while one types: 503 is not 5031. */
function isCompleted({ unfinished, term }: QueryWord, { prefix }: KeywordQuery, relaxed: boolean): boolean {
  return unfinished && (prefix || (relaxed && !/\p{N}$/u.test(term)));
}

interface WantedWord {
  readonly word: QueryWord;
  /** Its position among the query's words. */
  readonly number: number;
  /** Undefined for a word that the index does not have. */
  readonly group: TermGroup | undefined;
}

/**
 * The words that are searched for, in order. Of a text with more than {@link MAX_QUERY_WORDS} different ones those that the
 * fewest documents hold: they say most about what it is about, and unknown ones nothing.
 */
function mostTelling(index: KeywordIndex, words: readonly QueryWord[]): WantedWord[] {
  const all = words.map(
    (word, number): WantedWord => ({
      word,
      number,
      group: word.exact ? exactGroup(index, word.term) : classGroup(index, word),
    }),
  );
  if (all.length <= MAX_QUERY_WORDS) return all;
  const frequency = ({ group }: WantedWord) => group?.documents ?? Number.POSITIVE_INFINITY;
  return all
    .sort((a, b) => frequency(a) - frequency(b) || a.number - b.number)
    .slice(0, MAX_QUERY_WORDS)
    .sort((a, b) => a.number - b.number);
}

function isSpokenFor(word: QueryWord, words: readonly QueryWord[], found: ReadonlySet<QueryWord>): boolean {
  if (word.kind === "atom") return false;
  if (word.kind === "whole") {
    return words.some(
      (w) => w.kind !== "whole" && w.start >= word.start && w.end <= word.end && found.has(w),
    );
  }
  return words.some((w) => w.kind === "whole" && w.start <= word.start && w.end >= word.end && found.has(w));
}

/** Items that hold a phrase, ascending. */
export type PhraseItems = (phrase: readonly string[]) => readonly number[];

/**
 * The groups of synonyms: of one word the word and its inflections, of several words the documents that hold them as
 * a phrase, which count like one word.
 */
function synonymGroups(
  index: KeywordIndex,
  { synonyms = [], words }: KeywordQuery,
  { work, phraseItems: itemsWith = (phrase) => phraseItems(index, phrase, work) }: ExpandOptions,
): (QueryGroup & { readonly synonym: Synonym })[] {
  return synonyms.flatMap((synonym) => {
    const word = words.findIndex(
      ({ start, end, exact }) => !exact && start >= synonym.start && end <= synonym.end,
    );
    const [first] = synonym.words;
    if (word < 0 || !first) return [];
    const group =
      synonym.words.length === 1 ? classGroup(index, first) : phraseGroup(index, synonym, itemsWith);
    return group ? [{ ...group, weight: synonym.weight * words[word]!.times, word, synonym }] : [];
  });
}

function phraseGroup(index: KeywordIndex, { words }: Synonym, itemsWith: PhraseItems): TermGroup | undefined {
  const terms = words.map(({ term }) => term);
  const items = itemsWith(terms);
  if (items.length === 0) return undefined;
  // The rarest word's, which shards know of the whole index; how many hold the phrase they do not.
  const documents = Math.min(...terms.map((term) => exactGroup(index, term)?.documents ?? items.length));
  return { entries: [], documents, weight: 1, phrase: { terms, items } };
}
