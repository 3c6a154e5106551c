import type { FusionConfidence, FusionMeta } from "../format/meta.ts";
import type { Fusion } from "./fusion.ts";

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

/** Hits of the words from the best of which the lead of the best one is measured. */
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
