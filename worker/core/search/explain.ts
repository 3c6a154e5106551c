import { scoreOf } from "../forest/metrics.ts";
import type { StoredDocument } from "../format/meta.ts";
import type { Work } from "../format/work.ts";
import type { WordTerms } from "../keyword/expanded-query.ts";
import { textsIn } from "../keyword/field-texts.ts";
import type { Token } from "../keyword/tokenize.ts";
import type { LoadedIndex } from "./loaded-index.ts";
import type { RankedPage } from "./page.ts";
import type { Query } from "./query.ts";
import { MAX_TEXT, readText } from "./read-text.ts";
import type { Explanation, Rule } from "./types.ts";

/** Work in nanoseconds: to look for a term among those of a field, to look for a synonym of several words in a character. */
const LOOKUP_NS = 60;
const SCAN_NS = 0.5;

/** Returns a function that explains a hit of a page. */
export function explainer(
  index: LoadedIndex,
  query: Query,
  page: RankedPage,
  work?: Work,
): (item: number, distance: number | null, document: StoredDocument | undefined) => Explanation {
  const { rankings, keywordWeight, rules } = page;
  const { vectors, listed, terms = [] } = rankings;
  // A list has scores by words, but no ranks.
  const words = rankings.words ?? (query.mode === "keyword" ? listed : undefined);
  const { metric, dimensions } = index.forest;
  const fields = Object.keys(index.manifest.keyword?.fields ?? { pageContent: 1 });
  const language = index.words?.language ?? "none";
  const lookups = fields.length * terms.reduce((sum, { terms: same }) => sum + 1 + same.length, 0);
  const synonyms = terms.filter(({ synonym }) => synonym && synonym.words.length > 1).length;
  const tokensOf = (text: string) => {
    const read = text.slice(0, MAX_TEXT);
    work?.spend("passages", synonyms * read.length * SCAN_NS);
    return readText(read, language, work);
  };
  return (item, distance, document) => {
    const byWords = words?.items.indexOf(item) ?? -1;
    const byVector = vectors?.items.indexOf(item) ?? -1;
    work?.spend("passages", lookups * LOOKUP_NS);
    const held = document ? wordsIn(document, fields, terms, tokensOf) : { words: [], synonyms: [] };
    return {
      words: held.words,
      keyword:
        words && byWords >= 0
          ? {
              rank: rankings.words ? byWords + 1 : null,
              score: words.bound > 0 ? Math.min(1, words.scores[byWords]! / words.bound) : 0,
              bm25: words.scores[byWords]!,
            }
          : null,
      vector:
        distance === null
          ? null
          : {
              rank: byVector < 0 ? null : byVector + 1,
              score: scoreOf(metric, distance, dimensions),
              distance,
            },
      weights:
        keywordWeight === undefined
          ? null
          : {
              keyword: keywordWeight,
              vector: 1 - keywordWeight,
              given: query.keywordWeight !== undefined,
            },
      rules: [...held.synonyms, ...(rules.get(item) ?? [])],
    };
  };
}

/** Words of the query that a document holds, with the terms that count as them and their fields; and its synonyms. */
function wordsIn(
  { pageContent, metadata }: StoredDocument,
  fields: readonly string[],
  terms: readonly WordTerms[],
  tokensOf: (text: string) => readonly Token[],
): { readonly words: Explanation["words"]; readonly synonyms: readonly Rule[] } {
  const held = fields.map((field) => {
    const text = field === "pageContent" ? pageContent : textsIn(metadata, field).join(" ");
    const tokens = tokensOf(text);
    const spoken = tokens.filter(({ kind }) => kind !== "whole").map(({ term }) => term);
    return { field, terms: new Set(tokens.map(({ term }) => term)), text: ` ${spoken.join(" ")} ` };
  });
  const byWord = new Map<string, { terms: Set<string>; fields: Set<string> }>();
  const synonyms = new Map<string, Rule>();
  for (const { word, terms: same, synonym } of terms) {
    if (synonym) {
      const isHeld =
        synonym.words.length === 1
          ? held.some((field) => same.some((term) => field.terms.has(term)))
          : held.some(({ text }) => text.includes(` ${same.join(" ")} `));
      if (!isHeld) continue;
      const message = `"${synonym.to}" counts as "${synonym.from}", with weight ${synonym.weight}.`;
      synonyms.set(message, { rule: "synonym", message });
    }
    for (const { field, terms: present } of held) {
      for (const term of same) {
        if (!present.has(term)) continue;
        const entry = byWord.get(word) ?? { terms: new Set(), fields: new Set() };
        byWord.set(word, entry);
        entry.terms.add(term);
        entry.fields.add(field);
      }
    }
  }
  const words = Array.from(byWord, ([word, entry]) => ({
    word,
    terms: [...entry.terms],
    fields: [...entry.fields],
  }));
  return { words, synonyms: [...synonyms.values()] };
}
