// biome-ignore-all lint/complexity/noExcessiveLinesPerFunction: small functions over the two dictionaries that they close over.
import { STEM_MARK } from "../format/keyword.ts";
import { createCursor, type Dictionary, seekTerm } from "./cursor.ts";
import { encodeStem, encodeTerm, findTerm, readClass, readEntry, type TermEntry } from "./dictionary.ts";
import type { FuzzyMatch } from "./fuzzy.ts";
import { type Language, stemWord } from "./languages.ts";
import { type Lexicon, lexiconOf } from "./lexicon.ts";
import { foldWord } from "./tokenize.ts";

/** Dictionaries of a base, of what was added to it, and of what is gone of it. */
export interface JoinedDictionaries {
  readonly base: Dictionary;
  readonly added: Dictionary;
  /** Its documents are among the base's and are not counted. */
  readonly gone: Dictionary | undefined;
  readonly languages: readonly Language[];
}

/** A term as the parts have it: their own numbers, -1 where one lacks it. */
interface Place {
  readonly base: number;
  readonly added: number;
}

/**
 * The words of a base with changes, as one dictionary of the same documents would have them, without making it. Terms of
 * the base keep their order as whole numbers from 1; those of the changes alone lie between them as fractions.
 */
export function joinLexicons({ base, added, gone, languages }: JoinedDictionaries): Lexicon {
  const ofBase = lexiconOf(base);
  const ofAdded = lexiconOf(added);
  const steps = added.nTerms + 1;

  const numberOf = (key: Uint8Array, place: Place): number => {
    if (place.base >= 0) return place.base + 1;
    const cursor = createCursor(base);
    const before = seekTerm(cursor, key) ? cursor.term : base.nTerms;
    return before + (place.added + 1) / steps;
  };
  const placeOf = (key: Uint8Array): Place => ({ base: findTerm(base, key), added: findTerm(added, key) });
  const keyOf = (term: number): Uint8Array => {
    const whole = Math.floor(term);
    return term === whole
      ? encodeTerm(ofBase.text(whole - 1))
      : encodeTerm(ofAdded.text(Math.round((term - whole) * steps) - 1));
  };
  const count = (dictionary: Dictionary | undefined, key: Uint8Array): number => {
    const term = dictionary ? findTerm(dictionary, key) : -1;
    return term < 0 ? 0 : readEntry(dictionary!, term).documents;
  };
  const known = new Map<number, number>();
  const documentsOf = (term: number, key: Uint8Array): number => {
    let documents = known.get(term);
    if (documents === undefined) {
      documents = count(base, key) + count(added, key) - count(gone, key);
      remember(known, term, documents);
    }
    return documents;
  };
  const entryOf = (term: number, key: Uint8Array, classTotal?: number): TermEntry => {
    const documents = documentsOf(term, key);
    return {
      term,
      documents,
      classDocuments: classTotal ?? documents,
      total: documents,
      classTotal: classTotal ?? documents,
      ...NOWHERE,
      nextInClass: term,
    };
  };

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

  const classes = new Map<number, TermEntry[]>();
  const classOf = (term: number): TermEntry[] => {
    let kept = classes.get(term);
    if (!kept) {
      kept = readClassOf(term);
      remember(classes, term, kept);
    }
    return kept;
  };
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
    classOf,
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

/** Words whose frequencies are kept: a query asks for the same ones several times, and the next query for some of them. */
const MOST_KNOWN = 4096;

function remember<V>(known: Map<number, V>, term: number, value: V): void {
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(term, value);
}

const NOWHERE = { postingsStart: 0, postingsEnd: 0, positionsStart: 0, positionsEnd: 0 } as const;

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

function isMarked(key: Uint8Array): boolean {
  return key[key.length - 1] === STEM_MARK;
}

const decoder = new TextDecoder();

function textOf(key: Uint8Array): string {
  return decoder.decode(key);
}
