import { meanOf } from "../../../build/numeric/statistics.ts";
import type { MeasuredEmbedder } from "./embedders.ts";
import { type Measured, ndcgOf, scoreTable, withIndex } from "./index.ts";
import type { JudgedSet } from "./sets.ts";

/** nDCG@10 of a set in each mode. */
export interface SetScores {
  readonly set: string;
  readonly documents: number;
  readonly queries: number;
  readonly words: number;
  readonly meaning: number;
  readonly both: number;
}

/** Builds a set's index, asks it all queries in every mode, and scores the first ten hits. */
export function scoreModes(set: JudgedSet, { embedder }: MeasuredEmbedder): Promise<SetScores> {
  const { name, documents, queries } = set;
  return withIndex(set, embedder, async (index) => ({
    ...{ set: name, documents: documents.length, queries: queries.length },
    words: await ndcgOf(index, queries, "keyword"),
    meaning: await ndcgOf(index, queries, "vector"),
    both: await ndcgOf(index, queries, "hybrid"),
  }));
}

/** Both together against the better of the two alone. */
function gainOf({ words, meaning, both }: SetScores): number {
  return both - Math.max(words, meaning);
}

/** Words, meaning and both of each set. */
export function describeModes(embedder: string, sets: readonly SetScores[]): Measured {
  const mean = meanOf(sets, gainOf);
  const least = Math.min(...sets.map(gainOf));
  const rows = sets.map((score) => [
    ...[score.set, String(score.documents), String(score.queries)],
    ...[score.words, score.meaning, score.both, gainOf(score)],
  ]);
  const table = scoreTable(["set", "documents", "queries", "words", "meaning", "both", "gain"], rows);
  return {
    result: { embedder, sets, mean, least },
    text: `${embedder}\n\n${table}\n\n  mean gain ${mean.toFixed(3)}, least ${least.toFixed(3)}`,
  };
}

/** Scores of all sets by one embedder. */
export interface EmbedderScores {
  readonly embedder: string;
  readonly sets: readonly SetScores[];
}

/** Both together with one embedder beside another. */
export function describeDifference(first: EmbedderScores, second: EmbedderScores): string {
  const rows = first.sets.map(({ set, both }, i) => {
    const other = second.sets[i]!.both;
    return [set, both, other, other - both] as const;
  });
  const head = ["both", first.embedder, second.embedder, "difference"];
  return `${scoreTable(head, rows)}\n\n  mean difference ${meanOf(rows, (row) => row[3]).toFixed(3)}`;
}
