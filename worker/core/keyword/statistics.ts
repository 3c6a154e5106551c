import { classGroup, exactGroup } from "./groups.ts";
import type { KeywordIndex } from "./keyword-index.ts";
import type { QueryWord } from "./query.ts";

/** Document frequencies over several indexes that are searched as one: the N and n of BM25. */
export interface WordStatistics {
  readonly documents: number;
  /** Documents that hold the word or an inflection of it; undefined when the index's own number stands. */
  documentsWith(word: Pick<QueryWord, "term" | "word" | "exact">): number | undefined;
}

/**
 * Adds up the frequencies of indexes that share no documents.
 *
 * @param gone documents that are counted in one of them and in no answer
 */
export function sumStatistics(indexes: readonly KeywordIndex[], gone = 0): WordStatistics {
  const documents = indexes.reduce((sum, index) => sum + index.collectionDocuments, 0) - gone;
  return {
    documents,
    documentsWith(word) {
      let total = 0;
      for (const index of indexes) {
        const group = word.exact ? exactGroup(index, word.term) : classGroup(index, word);
        total += group?.documents ?? 0;
      }
      return Math.min(total, documents);
    },
  };
}
