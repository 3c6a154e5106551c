import type { ItemDocument } from "../../worker/core/format/meta.ts";
import { checkLanguage, type Language, stemWord } from "../../worker/core/keyword/languages.ts";
import { foldWord, tokenize } from "../../worker/core/keyword/tokenize.ts";
import { textsOf } from "./collect.ts";
import { type Collection, DEFAULT_FIELDS, type KeywordOptions } from "./options.ts";

/** Settings that decide what is counted. */
export type KeywordCounts = Pick<KeywordOptions, "language" | "languages" | "fields">;

function countLanguage(byLanguage: Map<string, number[]>, word: string, language: number): void {
  const counts = byLanguage.get(word) ?? [];
  counts[language] = (counts[language] ?? 0) + 1;
  byLanguage.set(word, counts);
}

/** Position of the largest count, the first of equal ones. */
export function mostOf(counts: readonly (number | undefined)[]): number {
  let most = 0;
  for (let i = 0; i < counts.length; i++) if ((counts[i] ?? 0) > (counts[most] ?? 0)) most = i;
  return most;
}

/**
 * Documents with a stem, as its share of the documents of its languages says for all: a frequent word of one language
 * among several is in few documents of the whole, and would count as a telling one.
 */
function sharedOut(counts: readonly number[], ofLanguage: readonly number[], documents: number): number {
  let holding = 0;
  let share = 0;
  for (const [language, count = 0] of counts.entries()) {
    holding += count;
    if (count > 0) share += (count * count) / ofLanguage[language]!;
  }
  return Math.round((share / holding) * documents);
}

function sumOf(counts: readonly (number | undefined)[]): number {
  return counts.reduce<number>((sum, count = 0) => sum + count, 0);
}

/** Counts documents one by one; memory grows with the distinct words alone. */
export function countCollection(options: KeywordCounts): {
  add(document: ItemDocument): void;
  finish(): Collection;
  /** Documents that hold each stem, in whatever language. */
  holding(): Map<string, number>;
} {
  const { languages } = options;
  const one = checkLanguage(options.language ?? "en");
  const fields = Object.entries(options.fields ?? DEFAULT_FIELDS).filter(([, weight]) => weight > 0);
  const words = new Map<string, number>();
  const stems = new Map<string, number[]>();
  const stemsOf = new Map<Language, Map<string, string>>();
  const byLanguage = new Map<string, number[]>();
  const ofLanguage: number[] = [];
  let documents = 0;
  let totalLength = 0;
  return {
    add(document) {
      const own = languages?.of[document.item] ?? 0;
      const language = languages?.list[own] ?? one;
      const stemOf = stemsOf.get(language) ?? new Map<string, string>();
      stemsOf.set(language, stemOf);
      const ownWords = new Set<string>();
      const ownStems = new Set<string>();
      for (const [field, weight] of fields) {
        for (const text of textsOf(document, field)) {
          const tokens = tokenize(text, language);
          totalLength += tokens.length * weight;
          for (const { term, word } of tokens) {
            ownWords.add(term);
            let stem = stemOf.get(word);
            if (stem === undefined) {
              stem = foldWord(stemWord(language, word));
              stemOf.set(word, stem);
            }
            ownStems.add(stem);
          }
        }
      }
      for (const word of ownWords) words.set(word, (words.get(word) ?? 0) + 1);
      if (languages) for (const word of ownWords) countLanguage(byLanguage, word, own);
      for (const stem of ownStems) countLanguage(stems, stem, own);
      ofLanguage[own] = (ofLanguage[own] ?? 0) + 1;
      documents++;
    },
    holding: () => new Map(Array.from(stems, ([stem, counts]) => [stem, sumOf(counts)])),
    finish: () => ({
      documents,
      averageLength: documents === 0 ? 0 : totalLength / documents,
      words,
      stems: new Map(Array.from(stems, ([stem, counts]) => [stem, sharedOut(counts, ofLanguage, documents)])),
      ...(languages && {
        languages: new Map(
          Array.from(byLanguage, ([word, counts]) => [word, languages.list[mostOf(counts)]!]),
        ),
      }),
    }),
  };
}
