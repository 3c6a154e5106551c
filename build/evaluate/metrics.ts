import { meanOf } from "../numeric/statistics.ts";

/** Grades of relevant documents by name; a document that is not listed has grade 0. */
export type Judgements = ReadonlyMap<string, number>;

export interface Scores {
  /** Reciprocal of the first relevant rank within k, or 0. */
  readonly mrr: number;
  /** Relevant documents within k, as a share of all (of k, when there are more than k). */
  readonly recall: number;
  /** Discounted cumulative gain within k against that of the best order; gain 2^grade - 1 (Burges et al. 2005). */
  readonly ndcg: number;
}

/** Scores one ranking, best first, each name once. */
export function scoreRanking(ranking: readonly string[], judgements: Judgements, k: number): Scores {
  let first = 0;
  let found = 0;
  let gain = 0;
  for (let rank = 0; rank < Math.min(k, ranking.length); rank++) {
    const grade = judgements.get(ranking[rank]!) ?? 0;
    if (grade <= 0) continue;
    found++;
    first ||= 1 / (rank + 1);
    gain += discounted(grade, rank);
  }
  const grades = [...judgements.values()].filter((grade) => grade > 0).sort((a, b) => b - a);
  const ideal = grades.slice(0, k).reduce((sum, grade, rank) => sum + discounted(grade, rank), 0);
  return {
    mrr: first,
    recall: grades.length === 0 ? 0 : found / Math.min(k, grades.length),
    ndcg: ideal === 0 ? 0 : gain / ideal,
  };
}

function discounted(grade: number, rank: number): number {
  return (2 ** grade - 1) / Math.log2(rank + 2);
}

export function meanScores(scores: readonly Scores[]): Scores {
  const mean = (key: keyof Scores) => meanOf(scores, (score) => score[key]);
  return { mrr: mean("mrr"), recall: mean("recall"), ndcg: mean("ndcg") };
}
