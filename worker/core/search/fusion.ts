import type { FusionConfidence, FusionMeta } from "../format/meta.ts";
import { createItemNumbers } from "./item-numbers.ts";
import type { Ranking } from "./ranking.ts";

export type Fusion = Pick<FusionMeta, "method" | "keywordWeight" | "rrfK">;

/** Least depth of both sides, so that an item that both rank high is in both. */
export const FUSION_DEPTH = 100;

/**
 * For an index without calibrated weights: ranks, because nothing is known of the scores' spread. k = 20 was best on
 * eight sets of documents.
 */
export const DEFAULT_FUSION: Fusion = { method: "rrf", keywordWeight: 0.5, rrfK: 20 };

/**
 * One ranking out of two with scores in 0..1, by item number where scores are equal. O(n log n).
 *
 * `score` adds w * keyword + (1 - w) * vector. The keyword score is BM25 over the most that the query could reach, so
 * that a document with all the rare words of a query outweighs what the vectors say, and one with its frequent words
 * does not; on ten sets of documents this was 1 to 3 points of MRR better than ranks, or than scores scaled by the best
 * hit's. An item that only the words have found gets its vector score from `vectorScoreOf`, or that of the last vector
 * hit, which it cannot be far above; one that only the vectors have found has nothing from the words.
 *
 * `rrf` adds reciprocal ranks (Cormack, Clarke and Büttcher 2009), w / (rrfK + rank), scaled so that the first of both
 * sides has 1.
 */
export function fuse(
  keyword: Ranking,
  vector: Ranking,
  { method, keywordWeight, rrfK }: Fusion,
  vectorScoreOf?: (item: number) => number | undefined,
): { items: number[]; scores: number[] } {
  // If one side found nothing, the other's order and scores stay.
  if (keyword.items.length === 0 || vector.items.length === 0) {
    const { items, scores } = keyword.items.length === 0 ? vector : keyword;
    return { items: [...items], scores: [...scores] };
  }
  const fused = createItemNumbers(keyword.items.length + vector.items.length);
  const add = (item: number, part: number) => fused.set(item, (fused.get(item) ?? 0) + part);
  const partOf = ({ scores }: Ranking, i: number) =>
    method === "rrf" ? (rrfK + 1) / (rrfK + i + 1) : scores[i]!;
  vector.items.forEach((item, i) => {
    add(item, (1 - keywordWeight) * partOf(vector, i));
  });
  const last = vector.scores.at(-1) ?? 0;
  keyword.items.forEach((item, i) => {
    if (method === "score" && fused.get(item) === undefined) {
      add(item, (1 - keywordWeight) * (vectorScoreOf?.(item) ?? last));
    }
    add(item, keywordWeight * partOf(keyword, i));
  });
  const { items, values } = fused.sorted();
  return { items, scores: values.map((score) => Math.min(1, Math.max(0, score))) };
}

/** Facts about a query once both sides have answered. */
export interface QuerySigns {
  /** Words of the query, as the keyword index counts them. */
  readonly words: number;
  /** Scores of the words' side, best first, 0 to 1. */
  readonly wordScores: readonly number[];
  /** Scores of the vector side, best first. */
  readonly vectorScores: readonly number[];
}

/** A fusion as the build recorded it. */
export type CalibratedFusion = Fusion & Pick<FusionMeta, "random" | "confidence">;

/** Spreads that count as one: the vectors' scores are measured in this unit, as the keyword scores are in their bound. */
const SPREADS = 5;
/** Leads beyond this say nothing more. */
const MAX_LEAD = 3;
const MAX_BEST = 12;

/** The keyword weight for one query, 0 to 1, of an artifact whose build recorded `confidence`: until version 0.2 all did. */
export function weightFor(
  confidence: FusionConfidence,
  { words, vectorScores }: Pick<QuerySigns, "words" | "vectorScores">,
): number {
  const { mean, spread, bias } = confidence;
  const [best = mean, second = best] = vectorScores;
  const lead = Math.min(MAX_LEAD, Math.max(0, best - second) / spread);
  const height = Math.min(MAX_BEST, Math.max(0, best - mean) / spread);
  const log =
    bias +
    confidence.words * Math.log(Math.max(1, words)) +
    confidence.lead * lead +
    confidence.best * height;
  const odds = SPREADS * spread * Math.exp(log);
  return odds / (1 + odds);
}

/** Rank of the hit by words from which the lead of the best one is measured. */
const APART = 10;
/** Lead of the words and height of the vectors, in spreads, at which a query has the weight of the corpus. */
const USUAL_LEAD = 0.22;
const USUAL_HEIGHT = 4;
/** Added to the lead: hits that are all alike say little, and not nothing. */
const SMOOTHING = 0.05;
const LEAD_POWER = 0.75;
const LEAST_HEIGHT = 1;

/**
 * The keyword weight for one query by how far the best hits of the words stand apart, and how high that of the vectors lies
 * above a random document. Fitted on judged sets (docs/relevance.md).
 *
 * @param usual weight of the corpus
 */
export function weightOfQuery(
  usual: number,
  { mean, spread }: NonNullable<FusionMeta["random"]>,
  { wordScores, vectorScores }: Pick<QuerySigns, "wordScores" | "vectorScores">,
): number {
  const lead = Math.max(0, (wordScores[0] ?? 0) - (wordScores[APART - 1] ?? 0));
  const height = Math.max(LEAST_HEIGHT, ((vectorScores[0] ?? mean) - mean) / spread);
  const factor = (((lead + SMOOTHING) / USUAL_LEAD) ** LEAD_POWER * USUAL_HEIGHT) / height;
  // w / (1 - w) times the factor, for a weight of 1, too.
  return Math.min(1, (usual * factor) / (usual * factor + 1 - usual));
}

/** The fusion for one query: with the weight that its signs ask for, where the build measured what they mean. */
export function fusionFor(fusion: CalibratedFusion, signs: QuerySigns): Fusion {
  const { method, keywordWeight, rrfK, random, confidence } = fusion;
  if (method !== "score") return { method, keywordWeight, rrfK };
  if (random) return { method, rrfK, keywordWeight: weightOfQuery(keywordWeight, random, signs) };
  return { method, rrfK, keywordWeight: confidence ? weightFor(confidence, signs) : keywordWeight };
}
