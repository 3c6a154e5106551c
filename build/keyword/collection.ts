import type { ItemDocument } from "../../worker/core/format/meta.ts";
import { checkLanguage, stemWord } from "../../worker/core/keyword/languages.ts";
import { foldWord, tokenize } from "../../worker/core/keyword/tokenize.ts";
import { textsOf } from "./collect.ts";
import { type Collection, DEFAULT_FIELDS, type KeywordOptions } from "./options.ts";

/** Counts documents one by one; memory grows with the distinct words alone. */
export function countCollection(options: Pick<KeywordOptions, "language" | "fields">): {
  add(document: ItemDocument): void;
  finish(): Collection;
} {
  const language = checkLanguage(options.language ?? "en");
  const fields = Object.entries(options.fields ?? DEFAULT_FIELDS).filter(([, weight]) => weight > 0);
  const words = new Map<string, number>();
  const stems = new Map<string, number>();
  const stemOf = new Map<string, string>();
  let documents = 0;
  let totalLength = 0;
  const count = (counts: Map<string, number>, seen: ReadonlySet<string>) => {
    for (const key of seen) counts.set(key, (counts.get(key) ?? 0) + 1);
  };
  return {
    add(document) {
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
      count(words, ownWords);
      count(stems, ownStems);
      documents++;
    },
    finish: () => ({
      documents,
      averageLength: documents === 0 ? 0 : totalLength / documents,
      words,
      stems,
    }),
  };
}
