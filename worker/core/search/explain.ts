import type { StoredDocument } from "../format/meta.ts";
import { textsIn } from "../keyword/field-texts.ts";
import type { Language } from "../keyword/languages.ts";
import { tokenize } from "../keyword/tokenize.ts";
import type { WordTerms } from "../keyword/understand.ts";
import { type LoadedIndex, languageOf } from "./loaded-index.ts";
import type { RankedPage } from "./page.ts";
import type { Query } from "./query.ts";
import { scoreOf } from "./score.ts";
import type { Explanation } from "./types.ts";

/** A document longer than this is looked through in its beginning only. */
const MAX_TEXT = 50_000;

/** Makes what explains the hits of a page, one at a time. */
export function explainer(
  index: LoadedIndex,
  query: Query,
  page: RankedPage,
): (item: number, distance: number | null, document: StoredDocument | undefined) => Explanation {
  const { rankings, keywordWeight, rules } = page;
  const { vectors, listed, terms = [] } = rankings;
  // What is listed has scores by its words, but no rank among them.
  const words = rankings.words ?? (query.mode === "keyword" ? listed : undefined);
  const { metric, dimensions } = index.forest;
  const fields = Object.keys(index.manifest.keyword?.fields ?? { pageContent: 1 });
  const language = languageOf(index);
  return (item, distance, document) => {
    const byWords = words?.items.indexOf(item) ?? -1;
    const byVector = vectors?.items.indexOf(item) ?? -1;
    const rule = rules.get(item);
    return {
      words: document ? wordsIn(document, fields, terms, language) : [],
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
      rules: rule ? [rule] : [],
    };
  };
}

/** Words of the query that a document has, with its terms that count as them, and where. */
function wordsIn(
  { pageContent, metadata }: StoredDocument,
  fields: readonly string[],
  terms: readonly WordTerms[],
  language: Language,
): Explanation["words"] {
  const held = fields.map((field) => {
    const text = field === "pageContent" ? pageContent : textsIn(metadata, field).join(" ");
    return { field, terms: new Set(tokenize(text.slice(0, MAX_TEXT), language).map(({ term }) => term)) };
  });
  const byWord = new Map<string, { terms: Set<string>; fields: Set<string> }>();
  for (const { word, terms: same } of terms) {
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
  return Array.from(byWord, ([word, entry]) => ({
    word,
    terms: [...entry.terms],
    fields: [...entry.fields],
  }));
}
