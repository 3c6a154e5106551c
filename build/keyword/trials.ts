import { distanceBetween, scoreOf } from "../../worker/core/forest/metrics.ts";
import type { Metric } from "../../worker/core/format/constants.ts";
import type { ItemDocument } from "../../worker/core/format/meta.ts";
import { type KeywordIndex, openKeywordSections } from "../../worker/core/keyword/keyword-index.ts";
import { keywordSearch } from "../../worker/core/keyword/search.ts";
import { DEFAULT_FUSION, FUSION_DEPTH, fuse } from "../../worker/core/search/fusion.ts";
import type { Ranking } from "../../worker/core/search/ranking.ts";
import type { Embedder } from "../embedding/index.ts";
import { createRandom } from "../numeric/random.ts";
import type { Documents } from "./collect.ts";
import { encodeDocuments } from "./keyword-sections.ts";
import type { KeywordOptions } from "./options.ts";
import { type MadeQuery, makeQuery, QUERY_KINDS, type QueryKind } from "./queries.ts";

/** Fewer queries than this tell nothing. */
export const MIN_QUERIES = 16;

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
  /** Queries of each kind; default 200 with a table of words, 150 of one kind with any other embedder. */
  readonly queries?: number;
}

/** One made query with what both sides answer. */
export interface Trial {
  readonly kind: QueryKind;
  readonly target: number;
  /** Vector of the query. */
  readonly asked: Float32Array;
  readonly keyword: Ranking;
  readonly vector: Ranking;
  readonly parts: Parts;
  /** Mean and variance of the vector scores of all documents. */
  readonly mean: number;
  readonly variance: number;
}

interface Parts {
  readonly items: readonly number[];
  readonly keyword: readonly number[];
  readonly vector: readonly number[];
}

/** Cuts queries out of some documents and asks both sides for them. Items of the trials are rows of the sample. */
export async function runTrials(
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
    const spread = createSpread();
    for (const [r, other] of vectors.entries()) {
      if (!other) continue;
      scores[r] = scoreOf(metric, distanceBetween(metric, vector, other), vector.length);
      spread.add(scores[r]);
    }
    const nearest = [...scores.keys()]
      .sort((a, b) => scores[b]! - scores[a]! || a - b)
      .slice(0, FUSION_DEPTH);
    const { items, scores: counts, bound } = keywordSearch(index, query, { k: FUSION_DEPTH });
    const keyword = {
      items,
      scores: counts.map((score) => (bound > 0 ? Math.min(1, score / bound) : 0)),
    };
    const side = { items: nearest, scores: nearest.map((r) => scores[r]!) };
    trials.push({
      kind,
      target: row,
      asked: vector,
      keyword,
      vector: side,
      parts: partsOf(keyword, side, (r) => scores[r]),
      ...spread.read(),
    });
  }
  return trials;
}

/** Variance of numbers as they come. */
function createSpread() {
  let count = 0;
  let sum = 0;
  let squares = 0;
  return {
    add(value: number): void {
      count++;
      sum += value;
      squares += value * value;
    },
    read(): Pick<Trial, "mean" | "variance"> {
      const middle = sum / Math.max(1, count);
      return { mean: middle, variance: Math.max(0, squares / Math.max(1, count) - middle * middle) };
    },
  };
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

/** Scores of every item of a trial from each side alone. */
function partsOf(
  keyword: Ranking,
  vector: Ranking,
  vectorScoreOf: (item: number) => number | undefined,
): Parts {
  const end = (keywordWeight: number) => {
    const fused = fuse(keyword, vector, { ...DEFAULT_FUSION, method: "score", keywordWeight }, vectorScoreOf);
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
