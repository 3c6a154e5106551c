import { encodeStem, encodeTerm, type TermEntry } from "./dictionary.ts";
import type { KeywordIndex } from "./keyword-index.ts";
import { type Language, stemWord } from "./languages.ts";
import { foldWord, type Token } from "./tokenize.ts";

/** Words of the index that stand for one word of the query: their counts in a document add up. */
export interface TermGroup {
  readonly entries: readonly TermEntry[];
  /** Documents that hold one of them: the document frequency of BM25. */
  readonly documents: number;
  readonly weight: number;
  /** The entry that is the word itself; the others, its inflections, count a little less. */
  readonly exact?: TermEntry;
  /** Words that count as one where they follow one another, and the items that hold them so, ascending. */
  readonly phrase?: { readonly terms: readonly string[]; readonly items: readonly number[] };
}

/** The very word, in its folded form. */
export function exactGroup(index: KeywordIndex, term: string): TermGroup | undefined {
  const number = index.lexicon.find(encodeTerm(term));
  if (number < 0) return undefined;
  const entry = index.lexicon.entry(number);
  if (entry.documents === 0) return undefined;
  return { entries: [entry], documents: frequencyOf(index, entry), weight: 1 };
}

/**
 * The document frequency of one word by itself. In several languages that of its stem, which is the word's share of the
 * documents of its languages: the number of documents that hold it is a share of all.
 */
export function frequencyOf({ languages, collectionDocuments }: KeywordIndex, entry: TermEntry): number {
  return Math.min(languages.length > 1 ? entry.classTotal : entry.total, collectionDocuments);
}

/** The word and all that share its stem; undefined when there are none. */
export function classGroup(index: KeywordIndex, token: Pick<Token, "term" | "word">): TermGroup | undefined {
  const number = index.lexicon.find(encodeTerm(token.term));
  if (number >= 0) return groupOf(index, number, 1);
  const groups = new Map<number, TermGroup>();
  for (const language of index.languages) {
    const stem = stemTerm(index, token, language);
    const group = stem < 0 || groups.has(stem) ? undefined : groupOf(index, stem, 1);
    if (group) groups.set(stem, group);
  }
  return joinedGroup(index, [...groups.values()]);
}

/** The term by whose class a word is known in a language; -1 where there is none. */
function stemTerm(
  { lexicon }: KeywordIndex,
  { term, word }: Pick<Token, "term" | "word">,
  language: Language,
): number {
  const stem = foldWord(stemWord(language, word));
  const number = lexicon.find(encodeStem(stem));
  // A stem that is a word itself has no mark; it counts when it is its own stem.
  if (number >= 0 || stem === term || foldWord(stemWord(language, stem)) !== stem) return number;
  return lexicon.find(encodeTerm(stem));
}

/** The classes of one word in several languages, as one. */
function joinedGroup(index: KeywordIndex, groups: readonly TermGroup[]): TermGroup | undefined {
  const [first] = groups;
  if (!first || groups.length === 1) return first;
  const entries = new Map(groups.flatMap((group) => group.entries.map((entry) => [entry.term, entry])));
  const documents = groups.reduce((sum, group) => sum + group.documents, 0);
  return {
    entries: [...entries.values()],
    documents: Math.min(documents, index.collectionDocuments),
    weight: 1,
  };
}

/** The class of a term; undefined for a stem without words. */
export function groupOf(index: KeywordIndex, term: number, weight: number): TermGroup | undefined {
  const entries = index.lexicon.classOf(term);
  const first = entries[0];
  if (!first) return undefined;
  return {
    entries,
    documents: Math.min(first.classTotal, index.collectionDocuments),
    weight,
    // The ring begins with the term that was asked for, unless it is a stem and no word.
    ...(first.term === term && { exact: first }),
  };
}

/** Words in more documents than this share say nothing about one of them. */
const COMMON_SHARE = 0.3;

/** Whether a group's words are in too many documents to tell them apart. */
export function isCommon(index: KeywordIndex, { documents }: TermGroup): boolean {
  return documents > index.collectionDocuments * COMMON_SHARE;
}

/** The groups of words that tell documents apart; all, when none does. */
export function tellingGroups<T extends TermGroup>(index: KeywordIndex, groups: readonly T[]): readonly T[] {
  const telling = groups.filter((group) => !isCommon(index, group));
  return telling.length > 0 ? telling : groups;
}

/** The words a group stands for, for highlights. */
export function groupTerms(index: KeywordIndex, group: TermGroup): string[] {
  const terms = group.entries.map((entry) => index.lexicon.text(entry.term));
  return group.phrase ? [...terms, ...group.phrase.terms] : terms;
}
