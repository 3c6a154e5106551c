import type { FusionConfidence } from "../format/meta.ts";
import type { Fusion } from "./fusion.ts";

/** Facts about a query once both sides have answered. */
export interface QuerySigns {
  /** Words of the query, as the keyword index counts them. */
  readonly words: number;
  /** Scores of the vector side, best first. */
  readonly vectorScores: readonly number[];
}

/** A fusion as the build recorded it. */
export type CalibratedFusion = Fusion & { readonly confidence?: FusionConfidence };

/** Spreads that count as one: the vectors' scores are measured in this unit, as the keyword scores are in their bound. */
const SPREADS = 5;
/** Leads beyond this say nothing more. */
const MAX_LEAD = 3;
const MAX_BEST = 12;

/** The keyword weight for one query, 0 to 1, of an artifact whose build recorded `confidence`: until version 0.2 all did. */
export function weightFor(confidence: FusionConfidence, { words, vectorScores }: QuerySigns): number {
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

/** The fusion for one query: with the weight that its signs ask for, where the build measured what they mean. */
export function fusionFor(fusion: CalibratedFusion, signs: QuerySigns): Fusion {
  const { method, keywordWeight, rrfK, confidence } = fusion;
  if (!confidence || method !== "score") return { method, keywordWeight, rrfK };
  return { method, rrfK, keywordWeight: weightFor(confidence, signs) };
}
