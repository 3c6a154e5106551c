import { STEM_MARK } from "../format/keyword.ts";
import { createCursor, type Dictionary, seekTerm } from "./cursor.ts";
import { encodeTerm, findTerm, NO_POSTINGS, readEntry, type TermEntry } from "./dictionary.ts";
import type { Language } from "./languages.ts";
import { type Lexicon, lexiconOf } from "./lexicon.ts";

/** Dictionaries of a base, of what was added to it, and of what is gone of it. */
export interface JoinedDictionaries {
  readonly base: Dictionary;
  readonly added: Dictionary;
  /** Its documents are among the base's and are not counted. */
  readonly gone: Dictionary | undefined;
  readonly languages: readonly Language[];
}

/** A term as the whole and the parts have it. */
export interface JoinedWord {
  readonly key: Uint8Array;
  readonly text: string;
  readonly base: TermEntry | undefined;
  readonly added: TermEntry | undefined;
  /** Documents of both parts that are left. */
  readonly documents: number;
}

/** Terms of a base with changes: their numbers, texts and frequencies. */
export interface JoinedTerms {
  readonly ofBase: Lexicon;
  readonly ofAdded: Lexicon;
  /** The number of a key; -1 where no part has it. */
  numberOf(key: Uint8Array): number;
  /** The number of a key that the changes alone have, by its number there. */
  numberOfAdded(key: Uint8Array, own: number): number;
  wordOf(term: number): JoinedWord;
  entryOf(term: number, classTotal?: number): TermEntry;
}

/** Numbers the terms: those of the base as whole numbers from 1, those of the changes alone as fractions between them. */
export function joinTerms({ base, added, gone }: JoinedDictionaries): JoinedTerms {
  const ofBase = lexiconOf(base);
  const ofAdded = lexiconOf(added);
  const steps = added.nTerms + 1;

  const numberOfAdded = (key: Uint8Array, own: number): number => {
    const cursor = createCursor(base);
    const before = seekTerm(cursor, key) ? cursor.term : base.nTerms;
    return before + (own + 1) / steps;
  };
  const numberOf = (key: Uint8Array): number => {
    const old = findTerm(base, key);
    if (old >= 0) return old + 1;
    const own = findTerm(added, key);
    return own < 0 ? -1 : numberOfAdded(key, own);
  };
  const read = (dictionary: Dictionary, term: number): TermEntry | undefined =>
    term < 0 ? undefined : readEntry(dictionary, term);
  const readWord = (term: number): JoinedWord => {
    const whole = Math.floor(term);
    const isOld = term === whole;
    const own = isOld ? -1 : Math.round((term - whole) * steps) - 1;
    const text = isOld ? ofBase.text(whole - 1) : ofAdded.text(own);
    const key = encodeTerm(text);
    const old = isOld ? readEntry(base, whole - 1) : undefined;
    const fresh = read(added, isOld ? findTerm(added, key) : own);
    const left = old && gone ? read(gone, findTerm(gone, key)) : undefined;
    const documents = (old?.documents ?? 0) + (fresh?.documents ?? 0) - (left?.documents ?? 0);
    return { key, text, base: old, added: fresh, documents };
  };
  const known = new Map<number, JoinedWord>();
  const wordOf = (term: number): JoinedWord => {
    let word = known.get(term);
    if (!word) {
      word = readWord(term);
      remember(known, term, word);
    }
    return word;
  };
  const entryOf = (term: number, classTotal?: number): TermEntry => {
    const { documents, base: old } = wordOf(term);
    // In a shard the base knows how many documents of the others hold a word.
    const total = old ? documents + old.total - old.documents : documents;
    return {
      term,
      documents,
      classDocuments: classTotal ?? documents,
      total,
      classTotal: classTotal ?? total,
      ...NO_POSTINGS,
      nextInClass: term,
    };
  };

  return { ofBase, ofAdded, numberOf, numberOfAdded, wordOf, entryOf };
}

/** Words that are kept: a query asks for the same ones several times, and the next query for some of them. */
const MOST_KNOWN = 4096;

export function remember<V>(known: Map<number, V>, term: number, value: V): void {
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(term, value);
}

/** Whether a key is a stem that is no word of its dictionary. */
export function isMarked(key: Uint8Array): boolean {
  return key[key.length - 1] === STEM_MARK;
}

const decoder = new TextDecoder();

export function textOf(key: Uint8Array): string {
  return decoder.decode(key);
}
