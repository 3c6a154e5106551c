import type { Work } from "../format/work.ts";
import { classGroup, exactGroup, type TermGroup } from "./groups.ts";
import type { KeywordIndex } from "./keyword-index.ts";
import { phraseItems } from "./phrase.ts";
import type { QueryWord, Synonym } from "./query.ts";

/** A group of a synonym, with the number of the query's word that it stands for. */
export interface SynonymGroup extends TermGroup {
  readonly word: number;
  readonly synonym: Synonym;
}

/** Items that hold a phrase, ascending. */
export type PhraseItems = (phrase: readonly string[]) => readonly number[];

export interface SynonymOptions {
  /** Looks phrases up; default: in the index. */
  readonly phraseItems?: PhraseItems | undefined;
  readonly work?: Work | undefined;
}

/**
 * The groups of synonyms: of one word the word and its inflections, of several words the documents that hold them as
 * a phrase, which count like one word.
 */
export function synonymGroups(
  index: KeywordIndex,
  synonyms: readonly Synonym[],
  words: readonly QueryWord[],
  { work, phraseItems: itemsWith = (phrase) => phraseItems(index, phrase, work) }: SynonymOptions,
): SynonymGroup[] {
  return synonyms.flatMap((synonym): SynonymGroup[] => {
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
