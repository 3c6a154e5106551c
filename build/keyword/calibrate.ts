import { distanceBetween } from "../../worker/forest/metrics.ts";
import type { Metric } from "../../worker/format/constants.ts";
import type { FusionMeta, ItemDocument } from "../../worker/format/meta.ts";
import {
  DEFAULT_FUSION,
  FUSION_DEPTH,
  type Fusion,
  fuse,
  type RankedItems,
} from "../../worker/search/fusion.ts";
import { type KeywordIndex, openKeywordSections } from "../../worker/search/keyword/open.ts";
import { keywordSearch } from "../../worker/search/keyword/search.ts";
import { scoreOf } from "../../worker/search/score.ts";
import type { Embedder } from "../embedding/index.ts";
import { encodeDocuments, type KeywordOptions } from "./build.ts";
import type { Documents } from "./collect.ts";
import { createRandom, type MadeQuery, makeQuery, QUERY_KINDS, type QueryKind } from "./queries.ts";

export interface CalibrationInput {
  /** All documents of the index, ascending; a sample of them is kept. */
  readonly documents: Documents;
  readonly nItems: number;
  readonly metric: Metric;
  /** As the index will embed queries, whitening included. */
  readonly embedder: Embedder;
  /** The document's vector in the index; undefined for a hole. */
  readonly vectorOf: (item: number) => Float32Array | undefined;
  readonly keyword?: Pick<KeywordOptions, "language" | "k1" | "b">;
  readonly seed?: number;
  /** Queries of each kind; default 200 with an embedder in this process, 50 with one that is asked over the network. */
  readonly queries?: number;
}

/** Documents that the queries are asked of. The weights hardly depend on it, the time does. */
const SAMPLE = 2000;
/** Fewer queries than this tell nothing. */
const MIN_QUERIES = 16;
/**
 * Weights that are tried. Never quite 0 or 1: made queries say nothing of the rare word that a person types because it
 * must be there, nor of the paraphrase that shares no word at all.
 */
const WEIGHTS = [0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95];
/** Where the weight goes when the queries do not care, as a share of the score scale of an angular index. */
const PRIOR = 0.3;
const PRIOR_STRENGTH = 0.3;
/** Points of mean reciprocal rank that both together may lose against the better side. */
const MOST_LOST = 0.005;
/** Ranks must beat scores by so much (relative), for scores tell rare words from frequent ones. */
const RANKS_HANDICAP = 0.05;
/** A small corpus is asked several times, for other words of its documents. */
const MAX_ROUNDS = 5;

/** One made query with what both sides answer. */
interface Trial {
  readonly kind: QueryKind;
  readonly target: number;
  readonly keyword: RankedItems;
  readonly vector: RankedItems;
  readonly parts: Readonly<Record<Fusion["method"], Parts>>;
}

interface Parts {
  readonly items: readonly number[];
  readonly keyword: readonly number[];
  readonly vector: readonly number[];
}

/**
 * Chooses how keyword and vector results are weighed for this corpus. From a sample of the documents a title, a
 * sentence or some words are cut out and become a query; the document is embedded and indexed without them, and should
 * be found. The weight with the best mean reciprocal rank wins. A pure function of its input and seed.
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
    mean(trials, (trial) => reciprocalRank(pick(trial), trial.target));
  const keyword = side((trial) => trial.keyword.items);
  const vector = side((trial) => trial.vector.items);
  const choices = (["score", "rrf"] as const)
    .flatMap((method) =>
      WEIGHTS.map((keywordWeight): Fusion => ({ method, keywordWeight, rrfK: DEFAULT_FUSION.rrfK })),
    )
    .map((fusion) => {
      const ranks = byKind.map((list) => list.map((trial) => fusedRank(trial, fusion)));
      return {
        fusion,
        byKind: ranks.map((list) => mean(list, (rank) => rank)),
        hybrid: mean(ranks.flat(), (rank) => rank),
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
    const { method, keywordWeight } = choice.fusion;
    const value = mean([...choice.byKind.entries()], ([k, x]) => x / tops[k]!);
    const prior = method === "score" ? PRIOR : DEFAULT_FUSION.keywordWeight;
    const pull = (PRIOR_STRENGTH / Math.sqrt(trials.length)) * (keywordWeight - prior) ** 2;
    const fit = value - pull - (method === "rrf" ? RANKS_HANDICAP : 0);
    if (fit > most) {
      most = fit;
      best = choice;
    }
  }
  return {
    ...best.fusion,
    queries: trials.length,
    mrr: { keyword: round(keyword), vector: round(vector), hybrid: round(best.hybrid) },
  };
}

/** The reciprocal rank of the target at a weight, from the two ends: what {@link fuse} does between them is linear. */
function fusedRank({ target, parts }: Trial, { method, keywordWeight }: Fusion): number {
  const { items, keyword, vector } = parts[method];
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

/** What each side alone would give every item of a trial. */
function partsOf(
  method: Fusion["method"],
  keyword: RankedItems,
  vector: RankedItems,
  vectorScoreOf: (item: number) => number | undefined,
): Parts {
  const end = (keywordWeight: number) => {
    const fused = fuse(keyword, vector, { method, keywordWeight, rrfK: DEFAULT_FUSION.rrfK }, vectorScoreOf);
    return new Map(fused.items.map((item, i) => [item, fused.scores[i]!]));
  };
  const words = end(1);
  const vectors = end(0);
  const items = [...words.keys()];
  return {
    items,
    keyword: items.map((item) => words.get(item)!),
    vector: items.map((item) => vectors.get(item)!),
  };
}

function reciprocalRank(items: readonly number[], target: number): number {
  const at = items.indexOf(target);
  return at >= 0 && at < 10 ? 1 / (at + 1) : 0;
}

function mean<T>(list: readonly T[], value: (one: T) => number): number {
  return list.reduce((sum, one) => sum + value(one), 0) / list.length;
}

function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
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

/** Cuts queries out of some documents and asks both sides for them. Items of the trials are rows of the sample. */
async function runTrials(
  input: CalibrationInput,
  documents: readonly ItemDocument[],
  kind: QueryKind,
  limit: number,
  round: number,
): Promise<Trial[]> {
  const { embedder, metric, nItems } = input;
  const language = input.keyword?.language ?? "en";
  const random = createRandom((input.seed ?? 0) + 1 + QUERY_KINDS.indexOf(kind) + QUERY_KINDS.length * round);
  const made = new Map<number, MadeQuery>();
  for (const row of shuffled(documents.length, random)) {
    if (made.size >= limit) break;
    const query = makeQuery(kind, documents[row]!, language, random);
    if (query) made.set(row, query);
  }
  if (made.size < MIN_QUERIES / 2) return [];

  const index = await indexOf(documents, made, input);
  const rows = [...made.keys()];
  const rests = await embedder.embedDocuments(rows.map((row) => made.get(row)!.rest));
  const cut = new Map(rows.map((row, i) => [row, Float32Array.from(rests[i]!)]));
  const vectors = documents.map(
    ({ item }, row) => cut.get(row) ?? (item < nItems ? input.vectorOf(item) : undefined),
  );
  const trials: Trial[] = [];
  for (const row of rows) {
    const { query } = made.get(row)!;
    const vector = Float32Array.from(await embedder.embedQuery(query));
    const scores = new Float32Array(documents.length);
    for (const [r, other] of vectors.entries()) {
      scores[r] = other ? scoreOf(metric, distanceBetween(metric, vector, other), vector.length) : 0;
    }
    const nearest = [...scores.keys()]
      .sort((a, b) => scores[b]! - scores[a]! || a - b)
      .slice(0, FUSION_DEPTH);
    const { items, scores: counts, bound } = keywordSearch(index, query, { k: FUSION_DEPTH });
    const words = {
      items,
      scores: counts.map((score) => (bound > 0 ? Math.min(1, score / bound) : 0)),
    };
    const vectorSide = { items: nearest, scores: nearest.map((r) => scores[r]!) };
    const scoreOfRow = (r: number) => scores[r];
    trials.push({
      kind,
      target: row,
      keyword: words,
      vector: vectorSide,
      parts: {
        score: partsOf("score", words, vectorSide, scoreOfRow),
        rrf: partsOf("rrf", words, vectorSide, scoreOfRow),
      },
    });
  }
  return trials;
}

/** A keyword index of the sample's texts, without what was cut out. Metadata is left out: titles would give it away. */
async function indexOf(
  documents: readonly ItemDocument[],
  made: ReadonlyMap<number, MadeQuery>,
  { keyword }: CalibrationInput,
): Promise<KeywordIndex> {
  const texts = documents.map(
    ({ id, pageContent }, row): ItemDocument => ({
      item: row,
      id,
      pageContent: made.get(row)?.rest ?? pageContent,
      metadata: {},
    }),
  );
  const { language, k1, b } = keyword ?? {};
  const { encoded } = await encodeDocuments(texts, {
    nItems: texts.length,
    fields: { pageContent: 1 },
    positions: false,
    ...(language !== undefined && { language }),
    ...(k1 !== undefined && { k1 }),
    ...(b !== undefined && { b }),
  });
  return openKeywordSections(encoded, texts.length);
}

function shuffled(length: number, random: () => number): number[] {
  const rows = Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [rows[i], rows[j]] = [rows[j]!, rows[i]!];
  }
  return rows;
}
