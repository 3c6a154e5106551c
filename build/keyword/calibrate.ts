import type { FusionMeta, ItemDocument } from "../../worker/core/format/meta.ts";
import { type CalibratedFusion, DEFAULT_FUSION, fusionFor } from "../../worker/core/search/fusion.ts";
import { sharedFloats } from "../numeric/arrays.ts";
import { createRandom } from "../numeric/random.ts";
import { meanOf, round } from "../numeric/statistics.ts";
import type { Documents } from "./collect.ts";
import { QUERY_KINDS, type QueryKind } from "./queries.ts";
import { type CalibrationInput, MIN_QUERIES, runTrials, type Trial } from "./trials.ts";

/** Documents that the queries are asked of. The weights hardly depend on it, the time does. */
const SAMPLE = 2000;
/**
 * The balance by what the made queries say of both sides: w / (1 - w) = 10 spread exp(start + slope ln(keyword / vector)), of
 * the two mean reciprocal ranks. Such queries are cut out of the texts and favour the words; at a ratio of 1 the
 * vectors are by far the better side for people's questions. Fitted on judged sets (docs/relevance.md).
 */
interface Balance {
  readonly kinds: readonly QueryKind[];
  /** Queries of each kind. */
  readonly queries: number;
  readonly start: number;
  readonly slope: number;
  /** Bounds of the exponent; beyond the outer ones one side has all the say. */
  readonly least: number;
  readonly most: number;
  /** Whether each query has a weight of its own. */
  readonly byQuery: boolean;
}

/** Fit for tables of words, which know no sentence: static and model2vec. */
const TABLE: Balance = {
  kinds: QUERY_KINDS,
  queries: 200,
  start: 0.15,
  slope: 4.25,
  least: -8,
  most: 8,
  byQuery: false,
};
/**
 * Fit for encoders of sentences. They find titles and first sentences in any language by the names in them; by a few words out of
 * the middle one tells a language that the encoder does not know. The words keep some weight, however well it finds those.
 */
const ENCODER: Balance = {
  kinds: ["words"],
  queries: 150,
  start: -1.15,
  slope: 4.25,
  least: -0.25,
  most: 8,
  byQuery: true,
};
/** Added to both mean reciprocal ranks, so that a few lucky queries are no evidence. */
const SMOOTHING = 0.01;
/** Spreads of the vectors' scores that weigh as much as the whole range of the words'. */
const SPREADS = 10;
/** Vectors that are all alike have no spread to measure by. */
const LEAST_SPREAD = 1e-9;
/** A small corpus is asked several times, for other words of its documents. */
const MAX_ROUNDS = 5;

/** Weights of both sides, and vectors (row-major) of the queries that are some words of a sentence, as people type them. */
export interface Calibration {
  readonly fusion: FusionMeta;
  readonly texts: Float32Array<SharedArrayBuffer>;
}

/**
 * Chooses how keyword and vector results are weighed for this corpus. From a sample of the documents a title, a
 * sentence or some words are cut out and become a query; the document is embedded and indexed without them, and should
 * be found. How well each side finds them says how far each can be trusted: vectors of a language that the embedder does
 * not know find next to nothing. A pure function of its input and seed.
 */
export async function calibrateFusion(input: CalibrationInput): Promise<Calibration> {
  const documents = await sampleDocuments(input.documents, input.nItems, input.seed ?? 0);
  const trials: Trial[] = [];
  const { provider } = input.embedder.identity;
  const balance = provider === "static" || provider === "model2vec" ? TABLE : ENCODER;
  for (const kind of balance.kinds) {
    let wanted = input.queries ?? balance.queries;
    for (let round = 0; round < (kind === "words" ? MAX_ROUNDS : 1) && wanted > 0; round++) {
      const more = await runTrials(input, documents, kind, wanted, round);
      if (more.length === 0) break;
      trials.push(...more);
      wanted -= more.length;
    }
  }
  const texts = rowsOf(trials.filter(({ kind }) => kind === "words").map(({ asked }) => asked));
  if (trials.length < MIN_QUERIES) return { fusion: { ...DEFAULT_FUSION, queries: 0 }, texts };
  const side = (pick: (trial: Trial) => readonly number[]) =>
    meanOf(trials, (trial) => reciprocalRank(pick(trial), trial.target));
  const keyword = side((trial) => trial.keyword.items);
  const vector = side((trial) => trial.vector.items);
  const spread = Math.max(LEAST_SPREAD, Math.sqrt(meanOf(trials, (trial) => trial.variance)));
  const fusion: CalibratedFusion = {
    method: "score",
    keywordWeight: digits(weightOf(balance, spread, keyword, vector)),
    rrfK: DEFAULT_FUSION.rrfK,
    ...(balance.byQuery && {
      random: { mean: digits(meanOf(trials, ({ mean }) => mean)), spread: digits(spread) },
    }),
  };
  const measured: FusionMeta = {
    ...fusion,
    queries: trials.length,
    mrr: {
      keyword: round(keyword),
      vector: round(vector),
      hybrid: round(meanOf(trials, (trial) => fusedRank(trial, fusion))),
    },
  };
  return { fusion: measured, texts };
}

/** The weight of the words, 0 to 1, by the mean reciprocal ranks of both sides. */
function weightOf(
  { start, slope, least, most }: Balance,
  spread: number,
  keyword: number,
  vector: number,
): number {
  const evidence = start + slope * Math.log((keyword + SMOOTHING) / (vector + SMOOTHING));
  const odds = SPREADS * spread * Math.exp(Math.max(least, Math.min(most, evidence)));
  return odds / (1 + odds);
}

/** The reciprocal rank of the target in both together, from the two ends: what {@link fuse} does between them is linear. */
function fusedRank(trial: Trial, fusion: CalibratedFusion): number {
  const { target, parts } = trial;
  const { items, keyword, vector } = parts;
  const { keywordWeight } = fusionFor(fusion, {
    words: 0,
    wordScores: trial.keyword.scores,
    vectorScores: trial.vector.scores,
  });
  const at = items.indexOf(target);
  if (at < 0) return 0;
  const scoreAt = (i: number) => keywordWeight * keyword[i]! + (1 - keywordWeight) * vector[i]!;
  const own = scoreAt(at);
  let rank = 1;
  for (let i = 0; i < items.length; i++) {
    const score = scoreAt(i);
    if (score > own || (score === own && items[i]! < target)) rank++;
  }
  return rank <= 10 ? 1 / rank : 0;
}

function reciprocalRank(items: readonly number[], target: number): number {
  const at = items.indexOf(target);
  return at >= 0 && at < 10 ? 1 / (at + 1) : 0;
}

/** Four digits that count: scores of far distances are all tiny. */
function digits(value: number): number {
  return Number(value.toPrecision(4));
}

/** A random sample of the documents with text, in item order. */
async function sampleDocuments(documents: Documents, nItems: number, seed: number): Promise<ItemDocument[]> {
  const random = createRandom(seed);
  // Selection sampling: each item is taken with the chance that the sample still needs it.
  const chosen = new Uint8Array(nItems);
  let wanted = Math.min(SAMPLE, nItems);
  for (let item = 0; item < nItems; item++) {
    if (random() * (nItems - item) < wanted) {
      chosen[item] = 1;
      wanted--;
    }
  }
  const sample: ItemDocument[] = [];
  for await (const document of documents) {
    if (chosen[document.item] && document.pageContent.trim() !== "") sample.push(document);
  }
  return sample;
}

/** Vectors behind each other, in memory that threads share. */
function rowsOf(vectors: readonly Float32Array[]): Float32Array<SharedArrayBuffer> {
  const dimensions = vectors[0]?.length ?? 0;
  const rows = sharedFloats(vectors.length * dimensions);
  for (const [i, vector] of vectors.entries()) rows.set(vector, i * dimensions);
  return rows;
}
