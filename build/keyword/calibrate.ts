import type { FusionConfidence, FusionMeta, ItemDocument } from "../../worker/core/format/meta.ts";
import { NEUTRAL_BIAS, SIGNS, weightFor } from "../../worker/core/search/confidence.ts";
import { DEFAULT_FUSION } from "../../worker/core/search/fusion.ts";
import { createRandom } from "../numeric/random.ts";
import { meanOf, round } from "../numeric/statistics.ts";
import type { Documents } from "./collect.ts";
import { QUERY_KINDS } from "./queries.ts";
import { type CalibrationInput, MIN_QUERIES, runTrials, type Trial } from "./trials.ts";

/** Documents that the queries are asked of. The weights hardly depend on it, the time does. */
const SAMPLE = 2000;
/** How far the bias may go either way from the neutral one, and in which steps: a factor of 150 for the words' share. */
const MAX_SHIFT = 5;
const STEP = 0.25;
/**
 * What a shift costs, times its square, against a relative gain on the made queries. They are cut out of texts and so
 * favour the words; on sets with real queries, weaker evidence than this moved the weight the wrong way.
 */
const SHIFT_COST = 0.5;
/** Points of mean reciprocal rank that both together may lose against the better side, on the made queries. */
const MOST_LOST = 0.01;
/** Vectors that are all alike have no spread to measure by. */
const LEAST_SPREAD = 1e-9;
/** A small corpus is asked several times, for other words of its documents. */
const MAX_ROUNDS = 5;

/**
 * Chooses how keyword and vector results are weighed for this corpus. From a sample of the documents a title, a
 * sentence or some words are cut out and become a query; the document is embedded and indexed without them, and should
 * be found. The bias with the best mean reciprocal rank wins, unless it is hardly better than the neutral one. A pure
 * function of its input and seed.
 */
export async function calibrateFusion(input: CalibrationInput): Promise<FusionMeta> {
  const documents = await sampleDocuments(input.documents, input.nItems, input.seed ?? 0);
  const trials: Trial[] = [];
  for (const kind of QUERY_KINDS) {
    let wanted = input.queries ?? (input.embedder.identity.provider === "static" ? 200 : 50);
    for (let round = 0; round < (kind === "words" ? MAX_ROUNDS : 1) && wanted > 0; round++) {
      const more = await runTrials(input, documents, kind, wanted, round);
      if (more.length === 0) break;
      trials.push(...more);
      wanted -= more.length;
    }
  }
  if (trials.length < MIN_QUERIES) return { ...DEFAULT_FUSION, queries: 0 };
  const kinds = QUERY_KINDS.filter((kind) => trials.some((trial) => trial.kind === kind));
  const byKind = kinds.map((kind) => trials.filter((trial) => trial.kind === kind));

  const side = (pick: (trial: Trial) => readonly number[]) =>
    meanOf(trials, (trial) => reciprocalRank(pick(trial), trial.target));
  const keyword = side((trial) => trial.keyword.items);
  const vector = side((trial) => trial.vector.items);
  const spread = Math.max(LEAST_SPREAD, Math.sqrt(meanOf(trials, (trial) => trial.variance)));
  const measured = { mean: digits(meanOf(trials, (trial) => trial.mean)), spread: digits(spread), ...SIGNS };
  const choices = shifts().map((shift) => {
    const confidence: FusionConfidence = { ...measured, bias: round(NEUTRAL_BIAS + shift) };
    const weight = (trial: Trial) => weightFor(confidence, trial.signs);
    const ranks = byKind.map((list) => list.map((trial) => fusedRank(trial, weight(trial))));
    return {
      shift,
      confidence,
      keywordWeight: meanOf(trials, weight),
      byKind: ranks.map((list) => meanOf(list, (rank) => rank)),
      hybrid: meanOf(ranks.flat(), (rank) => rank),
    };
  });
  // Each kind counts the same, whatever its queries' difficulty.
  const tops = byKind.map((_, k) => Math.max(1e-9, ...choices.map((choice) => choice.byKind[k]!)));
  // First of all, together must not be worse than the better side alone.
  const enough = Math.min(Math.max(keyword, vector) - MOST_LOST, Math.max(...choices.map((c) => c.hybrid)));
  let best = choices[0]!;
  let most = Number.NEGATIVE_INFINITY;
  for (const choice of choices) {
    if (choice.hybrid < enough) continue;
    const fit =
      meanOf([...choice.byKind.entries()], ([k, x]) => x / tops[k]!) - SHIFT_COST * choice.shift ** 2;
    if (fit > most) {
      most = fit;
      best = choice;
    }
  }
  return {
    method: "score",
    keywordWeight: digits(best.keywordWeight),
    confidence: best.confidence,
    rrfK: DEFAULT_FUSION.rrfK,
    queries: trials.length,
    mrr: { keyword: round(keyword), vector: round(vector), hybrid: round(best.hybrid) },
  };
}

/** The shifts that are tried, nearest to none first. */
function shifts(): number[] {
  const steps = Array.from({ length: (2 * MAX_SHIFT) / STEP + 1 }, (_, i) => i * STEP - MAX_SHIFT);
  return steps.sort((a, b) => Math.abs(a) - Math.abs(b) || a - b);
}

/** The reciprocal rank of the target at a weight, from the two ends: what {@link fuse} does between them is linear. */
function fusedRank({ target, parts }: Trial, keywordWeight: number): number {
  const { items, keyword, vector } = parts;
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
