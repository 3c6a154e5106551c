import { encodeTerm, findTerm } from "./dictionary.ts";
import type { FuzzyMatch } from "./fuzzy.ts";
import { joinClasses } from "./joined-classes.ts";
import { isMarked, type JoinedDictionaries, joinTerms, textOf } from "./joined-terms.ts";
import { stemWord } from "./languages.ts";
import type { Lexicon } from "./lexicon.ts";
import { foldWord } from "./tokenize.ts";

/** The words of a base with changes, as one dictionary of the same documents would have them, without making it. */
export function joinLexicons(dictionaries: JoinedDictionaries): Lexicon {
  const { base, languages } = dictionaries;
  const terms = joinTerms(dictionaries);
  const { ofBase, ofAdded, numberOf, placeOf, keyOf, entryOf } = terms;

  const find = (key: Uint8Array): number => {
    if (isMarked(key)) return findStem(key);
    const place = placeOf(key);
    if (place.base < 0 && place.added < 0) return -1;
    const term = numberOf(key, place);
    // A word of gone documents alone is none.
    return entryOf(term, key).documents > 0 ? term : -1;
  };
  /** A stem has a mark while it is no word: so it may have one in a part alone, or want one for what is gone. */
  const findStem = (key: Uint8Array): number => {
    const word = key.subarray(0, key.length - 1);
    const asWord = placeOf(word);
    const isWord = asWord.base >= 0 || asWord.added >= 0;
    const text = textOf(word);
    const isOwnStem = isWord && languages.some((language) => foldWord(stemWord(language, text)) === text);
    const term = isWord ? numberOf(word, asWord) : -1;
    if (isOwnStem && entryOf(term, word).documents > 0) return -1;
    const marked = placeOf(key);
    if (marked.base >= 0 || marked.added >= 0) return numberOf(key, marked);
    return isOwnStem ? term : -1;
  };

  /** Words of the parts under the numbers of the whole: those of the changes alone, and those of the base that are left. */
  const merged = <T extends { readonly term: number }>(own: readonly T[], more: readonly T[]): T[] => {
    const found: T[] = own.map((one) => ({ ...one, term: one.term + 1 }));
    for (const one of more) {
      const key = encodeTerm(ofAdded.text(one.term));
      if (findTerm(base, key) < 0) found.push({ ...one, term: numberOf(key, { base: -1, added: one.term }) });
    }
    return found.sort((a, b) => a.term - b.term);
  };
  const isLeft = ({ term }: { readonly term: number }): boolean => entryOf(term, keyOf(term)).documents > 0;

  return {
    find,
    text: (term) => textOf(keyOf(term)),
    entry: (term) => entryOf(term, keyOf(term)),
    classOf: joinClasses(dictionaries, terms),
    near: (word, maxEdits, sameFirst) =>
      merged<FuzzyMatch>(
        ofBase.near(word, maxEdits, sameFirst),
        ofAdded.near(word, maxEdits, sameFirst),
      ).filter(isLeft),
    beginning(key, most) {
      const found = merged(ofBase.beginning(key, most), ofAdded.beginning(key, most)).slice(0, most);
      return found.map(({ term }) => entryOf(term, keyOf(term))).filter(({ documents }) => documents > 0);
    },
  };
}
