import type { Dictionary } from "./cursor.ts";
import { encodeStem, encodeTerm, findTerm, readClass, type TermEntry } from "./dictionary.ts";
import { isMarked, type JoinedDictionaries, type JoinedTerms, remember, textOf } from "./joined-terms.ts";
import { type Language, stemWord } from "./languages.ts";
import { foldWord } from "./tokenize.ts";

/** Returns a function from a term to the words with its stem that are left, as a ring that begins with the term itself. */
export function joinClasses(
  { base, added, gone, languages }: JoinedDictionaries,
  { ofBase, ofAdded, numberOf, placeOf, keyOf, entryOf }: JoinedTerms,
): (term: number) => TermEntry[] {
  const classes = new Map<number, TermEntry[]>();
  const readClassOf = (term: number): TermEntry[] => {
    const key = keyOf(term);
    const text = isMarked(key) ? textOf(key.subarray(0, key.length - 1)) : textOf(key);
    const words = new Set<string>();
    let classTotal = 0;
    for (const [lexicon, dictionary] of [
      [ofBase, base],
      [ofAdded, added],
    ] as const) {
      const own = classTerm(dictionary, key, text, languages);
      if (own < 0) continue;
      const entries = readClass(dictionary, own);
      for (const entry of entries) words.add(lexicon.text(entry.term));
      classTotal += entries[0]?.classDocuments ?? 0;
    }
    if (gone) {
      const own = classTerm(gone, key, text, languages);
      if (own >= 0) classTotal -= readClass(gone, own)[0]?.classDocuments ?? 0;
    }
    const entries = [...words]
      .map((word) => {
        const own = encodeTerm(word);
        return entryOf(numberOf(own, placeOf(own)), own, classTotal);
      })
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
function classTerm(
  dictionary: Dictionary,
  key: Uint8Array,
  text: string,
  languages: readonly Language[],
): number {
  const own = findTerm(dictionary, key);
  if (own >= 0) return own;
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
