import type { Dictionary } from "./cursor.ts";
import { encodeStem, encodeTerm, findTerm, readClass, type TermEntry } from "./dictionary.ts";
import { isMarked, type JoinedDictionaries, type JoinedTerms, remember, textOf } from "./joined-terms.ts";
import { type Language, stemWord } from "./languages.ts";
import { foldWord } from "./tokenize.ts";

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
