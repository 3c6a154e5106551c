import { type Indexing, scoresOf, withIndex } from "./measure.ts";
import type { JudgedSet } from "./sets.ts";

/** nDCG@10 of words alone, of one way of indexing; by set. */
export interface WordScores {
  readonly way: string;
  readonly ndcg: readonly number[];
}

const LANGUAGES = ["auto", "en", "none"] as const;

/** Measures the words of sets in one index of all and in one each, by the setting of the language. */
export async function measurePooled(sets: readonly JudgedSet[], indexing: Indexing): Promise<WordScores[]> {
  const pooledId = (set: JudgedSet) => (id: string) => `${set.name}:${id}`;
  const pool = sets.flatMap((set) => set.documents.map((one) => ({ ...one, id: pooledId(set)(one.id) })));
  const scores: WordScores[] = [];
  for (const language of LANGUAGES) {
    const ndcg = await withIndex(pool, { language }, indexing, async (index) => {
      const found: number[] = [];
      for (const set of sets) found.push((await scoresOf(index, set.queries, "keyword", pooledId(set))).ndcg);
      return found;
    });
    scores.push({ way: `one index, ${language}`, ndcg });
  }
  for (const language of LANGUAGES) {
    const ndcg: number[] = [];
    for (const { documents, queries } of sets) {
      const found = await withIndex(documents, { language }, indexing, (index) =>
        scoresOf(index, queries, "keyword"),
      );
      ndcg.push(found.ndcg);
    }
    scores.push({ way: `one index each, ${language}`, ndcg });
  }
  return scores;
}
