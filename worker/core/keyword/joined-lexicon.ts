import type { Dictionary } from "./cursor.ts";
import { encodeStem, encodeTerm, findTerm, readClass, type TermEntry } from "./dictionary.ts";
import type { FuzzyMatch } from "./fuzzy.ts";
import {
  isMarked,
  type JoinedDictionaries,
  type JoinedTerms,
  joinTerms,
  remember,
  textOf,
} from "./joined-terms.ts";
import { type Language, stemWord } from "./languages.ts";
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

/** Returns a function from a term to the words with its stem that are left, as a ring that begins with the term itself. */
export function joinClasses(
  { base, added, gone, languages }: JoinedDictionaries,
  { ofAdded, numberOf, wordOf, entryOf }: JoinedTerms,
): (term: number) => TermEntry[] {
  const classes = new Map<number, TermEntry[]>();
  const readClassOf = (term: number): TermEntry[] => {
    const { key, ...parts } = wordOf(term);
    const members = (dictionary: Dictionary, own: TermEntry | undefined): TermEntry[] => {
      const first = own?.term ?? classTerm(dictionary, key, languages);
      return first < 0 ? [] : readClass(dictionary, first);
    };
    const old = members(base, parts.base);
    const fresh = members(added, parts.added);
    const left = gone ? members(gone, undefined) : [];
    const count = ([first]: readonly TermEntry[]) => first?.classDocuments ?? 0;
    // In an index of several languages the base counts more than its documents: those of one language stand for all.
    const [first] = old;
    const share = first && first.classDocuments > 0 ? first.classTotal / first.classDocuments : 1;
    const classTotal = Math.round((count(old) + count(fresh) - count(left)) * share);
    const terms = new Set(old.map((entry) => entry.term + 1));
    for (const entry of fresh) terms.add(numberOf(encodeTerm(ofAdded.text(entry.term))));
    const entries = [...terms]
      .map((member) => entryOf(member, classTotal))
      .filter(({ documents }) => documents > 0)
      .sort((a, b) => a.term - b.term);
    // In a ring that begins with the term itself.
    const start = entries.findIndex((entry) => entry.term >= term);
    return start < 0 ? entries : [...entries.slice(start), ...entries.slice(0, start)];
  };
  return (term) => {
    let kept = classes.get(term);
    if (!kept) {
      kept = readClassOf(term);
      remember(classes, term, kept);
    }
    return kept;
  };
}

/** The term of a dictionary whose class is that of a word or a marked stem; -1 where it has none. */
export function classTerm(dictionary: Dictionary, key: Uint8Array, languages: readonly Language[]): number {
  const own = findTerm(dictionary, key);
  if (own >= 0) return own;
  const text = textOf(isMarked(key) ? key.subarray(0, key.length - 1) : key);
  if (isMarked(key)) return findTerm(dictionary, encodeTerm(text));
  for (const language of languages) {
    const stem = foldWord(stemWord(language, text));
    const marked = findTerm(dictionary, encodeStem(stem));
    if (marked >= 0) return marked;
    const word = foldWord(stemWord(language, stem)) === stem ? findTerm(dictionary, encodeTerm(stem)) : -1;
    if (word >= 0) return word;
  }
  return -1;
}
