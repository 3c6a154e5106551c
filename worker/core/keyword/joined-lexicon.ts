import { encodeTerm, findTerm, type TermEntry } from "./dictionary.ts";
import type { FuzzyMatch } from "./fuzzy.ts";
import { joinClasses } from "./joined-classes.ts";
import { isMarked, type JoinedDictionaries, joinTerms, textOf } from "./joined-terms.ts";
import { stemWord } from "./languages.ts";
import type { Lexicon } from "./lexicon.ts";
import { foldWord } from "./tokenize.ts";

/** The words of a base with changes, and what each part has of them. */
export interface JoinedLexicon extends Lexicon {
  /** The entry of a term in the dictionary of a part; undefined where it has none. */
  entryIn(part: "base" | "added", term: number): TermEntry | undefined;
}

/** The words of a base with changes, as one dictionary of the same documents would have them, without making it. */
export function joinLexicons(dictionaries: JoinedDictionaries): JoinedLexicon {
  const { base, languages } = dictionaries;
  const terms = joinTerms(dictionaries);
  const { ofBase, ofAdded, numberOf, numberOfAdded, wordOf, entryOf } = terms;

  const find = (key: Uint8Array): number => {
    if (isMarked(key)) return findStem(key);
    const term = numberOf(key);
    // A word of gone documents alone is none.
    return term >= 0 && wordOf(term).documents > 0 ? term : -1;
  };
  /** A stem has a mark while it is no word: so it may have one in a part alone, or want one for what is gone. */
  const findStem = (key: Uint8Array): number => {
    const word = key.subarray(0, key.length - 1);
    const term = numberOf(word);
    const text = textOf(word);
    const isOwnStem = term >= 0 && languages.some((language) => foldWord(stemWord(language, text)) === text);
    if (isOwnStem && wordOf(term).documents > 0) return -1;
    const marked = numberOf(key);
    if (marked >= 0) return marked;
    return isOwnStem ? term : -1;
  };

  const classOf = joinClasses(dictionaries, terms);
  // Of several languages a word by itself is weighed by its stem: see `frequencyOf`.
  const entry = (term: number): TermEntry =>
    (languages.length > 1 ? classOf(term).find((one) => one.term === term) : undefined) ?? entryOf(term);
  /** Words of the parts under the numbers of the whole: those of the changes alone, and those of the base that are left. */
  const merged = <T extends { readonly term: number }>(own: readonly T[], more: readonly T[]): T[] => {
    const found: T[] = own.map((one) => ({ ...one, term: one.term + 1 }));
    for (const one of more) {
      const key = encodeTerm(ofAdded.text(one.term));
      if (findTerm(base, key) < 0) found.push({ ...one, term: numberOfAdded(key, one.term) });
    }
    return found.sort((a, b) => a.term - b.term);
  };
  const isLeft = ({ term }: { readonly term: number }): boolean => wordOf(term).documents > 0;

  return {
    find,
    text: (term) => wordOf(term).text,
    entry,
    entryIn: (part, term) => wordOf(term)[part],
    classOf,
    near: (word, maxEdits, sameFirst) =>
      merged<FuzzyMatch>(
        ofBase.near(word, maxEdits, sameFirst),
        ofAdded.near(word, maxEdits, sameFirst),
      ).filter(isLeft),
    beginning(key, most) {
      const found = merged(ofBase.beginning(key, most), ofAdded.beginning(key, most)).slice(0, most);
      return found.map(({ term }) => entry(term)).filter(({ documents }) => documents > 0);
    },
  };
}
