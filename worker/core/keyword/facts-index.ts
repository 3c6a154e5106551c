import { encodeTerm, NO_POSTINGS, type TermEntry } from "./dictionary.ts";
import { isMarked, textOf } from "./joined-terms.ts";
import type { KeywordIndex } from "./keyword-index.ts";
import { type IndexLanguages, stemWord } from "./languages.ts";
import type { Lexicon } from "./lexicon.ts";
import { createScratch } from "./scratch.ts";
import { foldWord } from "./tokenize.ts";
import { nearKey, type WordFacts } from "./word-facts.ts";

interface Word {
  documents: number;
  total: number;
  classTotal: number;
}

/**
 * Makes an index that knows a query's words from the reports of its parts, as an index of all their documents would. It has no
 * postings. O(terms log terms).
 */
export function factsIndex(
  parts: readonly WordFacts[],
  languages: IndexLanguages & { readonly positions: boolean },
): KeywordIndex {
  const [first] = parts;
  const isShared = parts.every(
    ({ ofCollection, documents }) => ofCollection && documents === first?.documents,
  );
  const words = joinTerms(parts, isShared);
  const documents = parts.reduce((sum, part) => sum + part.documents, 0);
  const empty = new Uint8Array(0);
  const none = new Uint32Array(1);
  return {
    ...languages,
    dictionary: {
      ...{ nTerms: 0, nBlocks: 0, bytes: empty, ofCollection: isShared },
      ...{ blockTerms: none, blockPostings: none, blockPositions: undefined },
    },
    lexicon: gatheredLexicon(parts, words, languages),
    ...{ nItems: 0, nDocuments: 0, averageLength: 0, k1: 0, b: 0, unitsPerOne: 1 },
    collectionDocuments: isShared ? (first?.documents ?? 0) : documents,
    ...{ postings: empty, positions: languages.positions ? empty : undefined, lengths: empty },
    norms: new Float32Array(0),
    scratch: createScratch(),
  };
}

/** @param isShared whether each part tells the totals of all */
function joinTerms(parts: readonly WordFacts[], isShared: boolean): ReadonlyMap<string, Word> {
  const words = new Map<string, Word>();
  for (const { terms } of parts) {
    for (const [text, documents, total, classTotal] of terms) {
      const word = words.get(text) ?? { documents: 0, total: 0, classTotal: 0 };
      words.set(text, word);
      word.documents += documents;
      word.total = isShared ? Math.max(word.total, total) : word.total + total;
      word.classTotal = isShared ? Math.max(word.classTotal, classTotal) : word.classTotal + classTotal;
    }
  }
  return words;
}

function gatheredLexicon(
  parts: readonly WordFacts[],
  words: ReadonlyMap<string, Word>,
  { languages }: IndexLanguages,
): Lexicon {
  const texts = [...words.keys()].sort();
  const numbers = new Map(texts.map((text, i) => [text, i]));
  const rings = joinClasses(parts, languages);
  const entry = (term: number): TermEntry => {
    const { documents, total, classTotal } = words.get(texts[term] ?? "") ?? NO_WORD;
    return {
      term,
      documents,
      classDocuments: classTotal,
      total,
      classTotal,
      ...NO_POSTINGS,
      nextInClass: term,
    };
  };
  const numbersOf = (part: WordFacts, terms: readonly number[]) =>
    terms.map((place) => numbers.get(part.terms[place]![0])!);
  return {
    find(key) {
      const text = textOf(key);
      if (isMarked(key) && isOwnStem(text.slice(0, -1), words, languages)) return -1;
      return numbers.get(text) ?? -1;
    },
    text: (term) => texts[term] ?? "",
    entry,
    classOf(term) {
      const ring = (rings.get(texts[term]!) ?? [texts[term]!])
        .filter((text) => !isMarked(encodeTerm(text)))
        .map((text) => entry(numbers.get(text)!))
        .filter(({ documents }) => documents > 0)
        .sort((a, b) => a.term - b.term);
      // Parts have words of the class that others lack, and so has each its own count of it.
      const classTotal = ring.reduce((most, one) => Math.max(most, one.classTotal), 0);
      const start = ring.findIndex((one) => one.term >= term);
      const turned = start < 0 ? ring : [...ring.slice(start), ...ring.slice(0, start)];
      return turned.map((one) => ({ ...one, classTotal, classDocuments: classTotal }));
    },
    near(word, edits) {
      const distances = new Map<number, number>();
      for (const part of parts) {
        const matches = part.near.find(([key]) => key === nearKey(word, edits))?.[1] ?? [];
        for (const [place, distance] of matches) distances.set(numbers.get(part.terms[place]![0])!, distance);
      }
      return Array.from(distances, ([term, distance]) => ({ term, distance, text: texts[term]! })).sort(
        (a, b) => a.term - b.term,
      );
    },
    beginning(key, most) {
      const text = textOf(key);
      const found = new Set<number>();
      for (const part of parts) {
        const terms = part.beginnings.find(([word]) => word === text)?.[1] ?? [];
        for (const number of numbersOf(part, terms)) found.add(number);
      }
      return [...found]
        .sort((a, b) => a - b)
        .slice(0, most)
        .map(entry);
    },
  };
}

const NO_WORD: Word = { documents: 0, total: 0, classTotal: 0 };

/** Whether a stem is a word of the parts: the whole has it without a mark. */
function isOwnStem(
  stem: string,
  words: ReadonlyMap<string, Word>,
  languages: IndexLanguages["languages"],
): boolean {
  if ((words.get(stem)?.documents ?? 0) === 0) return false;
  return languages.some((language) => foldWord(stemWord(language, stem)) === stem);
}

/** The terms of one stem, by each of them. */
function joinClasses(
  parts: readonly WordFacts[],
  languages: IndexLanguages["languages"],
): ReadonlyMap<string, readonly string[]> {
  const rings = new Map<string, string[]>();
  const join = (texts: readonly string[]): void => {
    const all = [...new Set(texts.flatMap((text) => rings.get(text) ?? [text]))];
    for (const text of all) rings.set(text, all);
  };
  for (const { terms, classes } of parts)
    for (const ring of classes) join(ring.map((place) => terms[place]![0]));
  // Each part has the class of a word by those of its terms that it holds.
  const byWord = new Map<string, string[]>();
  for (const { terms, words } of parts) {
    for (const [word, places] of words)
      byWord.set(word, [...(byWord.get(word) ?? []), ...places.map((place) => terms[place]![0])]);
  }
  for (const texts of byWord.values()) {
    if (languages.length === 1) join(texts);
    else for (const group of byStem(texts, languages)) join(group);
  }
  return rings;
}

function byStem(texts: readonly string[], languages: IndexLanguages["languages"]): string[][] {
  const groups = new Map<string, string[]>();
  for (const text of new Set(texts)) {
    for (const language of languages) {
      const key = `${language} ${foldWord(stemWord(language, text))}`;
      groups.set(key, [...(groups.get(key) ?? []), text]);
    }
  }
  return [...groups.values()];
}
