import type { TermEntry } from "./dictionary.ts";
import { textOf } from "./joined-terms.ts";
import type { Lexicon } from "./lexicon.ts";

/** A term with its documents, those of all parts, and those of its class among all parts. */
export type TermFact = readonly [text: string, documents: number, total: number, classTotal: number];

/** Words of a part of an index that a query may mean: plain data. Terms are positions in `terms`. */
export interface WordFacts {
  /** Documents among which the totals count. */
  readonly documents: number;
  /** Whether the totals are those of all parts, or this part's own. */
  readonly ofCollection: boolean;
  readonly terms: readonly TermFact[];
  /** Terms of one stem. A stem that is no word is among them, with its mark. */
  readonly classes: readonly (readonly number[])[];
  /** Terms that count as a word of the query, by the word. */
  readonly words: readonly (readonly [word: string, terms: readonly number[]])[];
  /** Terms near a word, with their distances, by the number of edits and the word. */
  readonly near: readonly (readonly [key: string, matches: readonly (readonly [number, number])[]])[];
  /** Terms that begin with a word, by the word. */
  readonly beginnings: readonly (readonly [word: string, terms: readonly number[]])[];
  /** Phrases that a document has, a blank between two words. */
  readonly phrases: readonly string[];
}

/** Most terms near one word, and most that begin with one: more than a query reads. */
const MOST_NEAR = 64;
const MOST_BEGINNING = 128;

/** A lexicon that notes what it is asked. */
export interface RecordedLexicon {
  readonly lexicon: Lexicon;
  /** Notes that terms count as a word. */
  noteWord(word: string, entries: readonly TermEntry[]): void;
  facts(): Pick<WordFacts, "terms" | "classes" | "words" | "near" | "beginnings">;
}

/** Key of the terms near a word. */
export function nearKey(word: string, edits: number): string {
  return `${edits} ${word}`;
}

/** Notes the answers of a lexicon, so that another can give them. */
export function recordLexicon(lexicon: Lexicon): RecordedLexicon {
  const entries = new Map<number, TermEntry>();
  const found = new Set<number>();
  const classes = new Map<number, readonly number[]>();
  const words = new Map<string, readonly number[]>();
  const near = new Map<string, ReturnType<Lexicon["near"]>>();
  const beginnings = new Map<string, readonly number[]>();
  const noted = (entry: TermEntry): TermEntry => {
    entries.set(entry.term, entry);
    return entry;
  };
  const recording: Lexicon = {
    find(key) {
      const term = lexicon.find(key);
      if (term >= 0) found.add(noted(lexicon.entry(term)).term);
      return term;
    },
    text: lexicon.text,
    entry: (term) => noted(lexicon.entry(term)),
    classOf(term) {
      const ring = lexicon.classOf(term).map(noted);
      // The ring of a stem does not hold the stem.
      classes.set(term, [...new Set([term, ...ring.map((entry) => entry.term)])]);
      return ring;
    },
    near(word, edits, sameFirst) {
      const matches = lexicon.near(word, edits, sameFirst);
      near.set(nearKey(word, edits), matches);
      return matches;
    },
    beginning(key, most) {
      const longer = lexicon.beginning(key, most).map(noted);
      beginnings.set(textOf(key), mostFrequent(longer, MOST_BEGINNING));
      return longer;
    },
  };
  return {
    lexicon: recording,
    noteWord: (word, own) => {
      words.set(
        word,
        own.map(({ term }) => term),
      );
    },
    facts() {
      const places = new Map<number, number>();
      const terms: TermFact[] = [];
      const placeOf = (term: number): number => {
        const known = places.get(term);
        if (known !== undefined) return known;
        const { documents, total, classTotal } = entries.get(term) ?? lexicon.entry(term);
        places.set(term, terms.length);
        return terms.push([lexicon.text(term), documents, total, classTotal]) - 1;
      };
      const named = (map: ReadonlyMap<string, readonly number[]>) =>
        Array.from(map, ([word, list]) => [word, list.map(placeOf)] as const);
      for (const term of found) placeOf(term);
      return {
        classes: Array.from(classes.values(), (list) => list.map(placeOf)),
        words: named(words),
        beginnings: named(beginnings),
        near: Array.from(near, ([key, matches]) => {
          // A query reads the entries of those alone that it may mean.
          const read = matches.filter(({ term }) => entries.has(term));
          const best = read.sort(
            (a, b) => a.distance - b.distance || entries.get(b.term)!.total - entries.get(a.term)!.total,
          );
          return [
            key,
            best.slice(0, MOST_NEAR).map(({ term, distance }) => [placeOf(term), distance] as const),
          ] as const;
        }),
        terms,
      };
    },
  };
}

function mostFrequent(entries: readonly TermEntry[], most: number): number[] {
  const order = [...entries].sort((a, b) => b.total - a.total || a.term - b.term);
  return order.slice(0, most).map(({ term }) => term);
}
