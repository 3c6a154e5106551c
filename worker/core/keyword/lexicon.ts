import { createCursor, type Dictionary, isStem, nextTerm, seekTerm, startsWith } from "./cursor.ts";
import { findTerm, readClass, readEntry, type TermEntry, termText } from "./dictionary.ts";
import { type FuzzyMatch, findFuzzy } from "./fuzzy.ts";

/** The words of an index: of its one dictionary, or of several that are searched as one. Terms are numbered in byte order. */
export interface Lexicon {
  /** The number of a term, or -1; the key of a stem by `encodeStem`. */
  find(key: Uint8Array): number;
  text(term: number): string;
  entry(term: number): TermEntry;
  /** All words that share a term's stem, the term first; a stem that is no word is left out. */
  classOf(term: number): TermEntry[];
  /** Words within `maxEdits` edits: see {@link findFuzzy}. */
  near(word: string, maxEdits: number, sameFirst?: boolean): FuzzyMatch[];
  /** The first `most` words in byte order that begin with the key and are longer. */
  beginning(key: Uint8Array, most: number): TermEntry[];
}

/** The words of one dictionary. */
export function lexiconOf(dictionary: Dictionary): Lexicon {
  return {
    find: (key) => findTerm(dictionary, key),
    text: (term) => termText(dictionary, term),
    entry: (term) => readEntry(dictionary, term),
    classOf: (term) => readClass(dictionary, term),
    near: (word, maxEdits, sameFirst) => findFuzzy(dictionary, word, maxEdits, sameFirst),
    beginning(key, most) {
      const cursor = createCursor(dictionary);
      const entries: TermEntry[] = [];
      let alive = seekTerm(cursor, key);
      while (alive && entries.length < most && startsWith(cursor, key)) {
        if (cursor.length > key.length && !isStem(cursor)) entries.push(readEntry(dictionary, cursor.term));
        alive = nextTerm(cursor);
      }
      return entries;
    },
  };
}
