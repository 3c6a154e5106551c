import { STEM_MARK } from "../format/keyword.ts";
import { createCursor, type Dictionary, seekTerm } from "./cursor.ts";
import { encodeTerm, findTerm, readEntry, type TermEntry } from "./dictionary.ts";
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

/** A term as the parts have it: their own numbers, -1 where one lacks it. */
export interface Place {
  readonly base: number;
  readonly added: number;
}

/** Terms of a base with changes: their numbers, texts and frequencies. */
export interface JoinedTerms {
  readonly ofBase: Lexicon;
  readonly ofAdded: Lexicon;
  numberOf(key: Uint8Array, place: Place): number;
  placeOf(key: Uint8Array): Place;
  keyOf(term: number): Uint8Array;
  entryOf(term: number, key: Uint8Array, classTotal?: number): TermEntry;
}

/** Numbers the terms: those of the base as whole numbers from 1, those of the changes alone as fractions between them. */
export function joinTerms({ base, added, gone }: JoinedDictionaries): JoinedTerms {
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

  return { ofBase, ofAdded, numberOf, placeOf, keyOf, entryOf };
}

/** Words whose frequencies are kept: a query asks for the same ones several times, and the next query for some of them. */
const MOST_KNOWN = 4096;

export function remember<V>(known: Map<number, V>, term: number, value: V): void {
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(term, value);
}

const NOWHERE = { postingsStart: 0, postingsEnd: 0, positionsStart: 0, positionsEnd: 0 } as const;

/** Whether a key is a stem that is no word of its dictionary. */
export function isMarked(key: Uint8Array): boolean {
  return key[key.length - 1] === STEM_MARK;
}

const decoder = new TextDecoder();

export function textOf(key: Uint8Array): string {
  return decoder.decode(key);
}
