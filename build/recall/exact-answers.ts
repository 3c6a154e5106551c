import { TopScores } from "../../worker/core/forest/top.ts";
import type { Metric } from "../../worker/core/format/constants.ts";
import { type Geometry, geometryOf } from "../numeric/geometry.ts";
import type { Pool } from "../threads/pool.ts";
import { type ExactRows, exactScore } from "./exact-score.ts";
import { deepQueries, halves, type Truth } from "./held-out.ts";
import { type Nearest, type NearestRowsTask, SPARE_ROWS } from "./nearest-rows.ts";

const TRUTH_K = 100;
/** Most queries are only asked for ten. */
const SHALLOW_K = 10;
/** Rows of a task that finds exact answers, at least; and parts that rows are cut into at most. */
const TRUTH_CHUNK = 10_000;
const TRUTH_PARTS = 8;

type RowsToAsk = Pick<Truth, "metric" | "vectors" | "dimensions"> & { readonly items?: Uint32Array };

/**
 * The exact answers of held-out queries, by threads that would have nothing else to do.
 *
 * @param asked.flat whether all queries certify, as those of a scan do
 */
export async function exactAnswers(
  input: RowsToAsk,
  geometry: Geometry,
  pool: Pool,
  asked: { readonly queries: Uint32Array; readonly flat: boolean },
  onProgress: (share: number) => void,
): Promise<Truth> {
  const { metric, vectors, dimensions, items } = input;
  const { queries, flat } = asked;
  // For dot the augmented coordinate would spoil inner products with rows as queries.
  const rows = metric === "dot" ? vectors : geometry.rows;
  const truth = {
    metric,
    vectors,
    dimensions,
    queries,
    items,
  };
  const deep = deepOnes(truth, flat);
  const groups = [
    { list: queries.filter((row) => deep.has(row)), k: TRUTH_K },
    { list: queries.filter((row) => !deep.has(row)), k: SHALLOW_K },
  ].filter(({ list }) => list.length > 0);
  const tasks: NearestRowsTask[] = [];
  for (const { list, k } of groups) {
    for (const part of partsOf(vectors.length / dimensions)) {
      const task = { metric, rows, width: dimensions, queries: list, list: part, k: k + SPARE_ROWS };
      tasks.push({ kind: "truth", ...task });
    }
  }
  const parts = await pool.run(tasks, {
    background: true,
    onDone: (done) => onProgress(done / tasks.length),
  });
  const nearest = new Map<number, Uint32Array>();
  for (const { list, k } of groups) {
    const own = parts.filter((_, i) => tasks[i]!.queries === list);
    for (const [q, row] of list.entries()) {
      const lists = own.map((part) => part[q]!);
      nearest.set(row, mergeNearest(truth, row, lists, k));
    }
  }
  return { ...truth, nearest: Array.from(queries, (row) => nearest.get(row)!) };
}

/**
 * The exact answers of texts, whose vectors are no rows. Undefined without any, and for metric hamming, which embeds none.
 */
export async function textAnswers(
  input: RowsToAsk & Pick<Truth, "texts">,
  geometry: Geometry,
  pool: Pool,
): Promise<Truth | undefined> {
  const { metric, vectors, dimensions, items, texts } = input;
  if (!texts || texts.length === 0 || metric === "hamming") return undefined;
  const queries = Uint32Array.from({ length: texts.length / dimensions }, (_, i) => i);
  const truth = { metric, vectors, dimensions, queries, items, texts };
  const { translation } = geometry;
  const moved = geometryRows(metric, texts, dimensions, translation);
  const rows = metric === "dot" ? vectors : geometry.rows;
  const task = { kind: "truth", metric, rows, width: dimensions, queries, texts: moved } as const;
  const parts = await pool.run(
    partsOf(vectors.length / dimensions).map(
      (list): NearestRowsTask => ({ ...task, list, k: SHALLOW_K + SPARE_ROWS }),
    ),
    { background: true },
  );
  const nearest = Array.from(queries, (query) =>
    mergeNearest(
      truth,
      query,
      parts.map((part) => part[query]!),
      SHALLOW_K,
    ),
  );
  return { ...truth, nearest };
}

/** Vectors of texts in the space of the rows that they are compared with. */
function geometryRows(
  metric: Metric,
  texts: Float32Array<SharedArrayBuffer>,
  dimensions: number,
  translation: Float32Array | undefined,
): Float32Array {
  if (metric === "angular") return geometryOf(metric, texts, dimensions).rows;
  return translation ? texts.map((x, i) => x - translation[i % dimensions]!) : texts;
}

/** Numbers of the rows, in parts that threads score at a time. */
function partsOf(count: number): Uint32Array[] {
  const chunk = Math.max(TRUTH_CHUNK, Math.ceil(count / TRUTH_PARTS));
  return Array.from({ length: Math.ceil(count / chunk) }, (_, part) =>
    Uint32Array.from({ length: Math.min(chunk, count - part * chunk) }, (_, i) => part * chunk + i),
  );
}

/** The queries of which recall@100 will be asked. */
function deepOnes(truth: Omit<Truth, "nearest">, flat: boolean): ReadonlySet<number> {
  const all = { ...truth, nearest: Array.from(truth.queries, () => new Uint32Array(0)) };
  return new Set(deepQueries(flat ? all : halves(all).certifying).queries);
}

/** The nearest by scores in double precision, of those that lists in single precision suggest. */
function mergeNearest(rows: ExactRows, query: number, lists: readonly Nearest[], k: number): Uint32Array {
  const top = new TopScores(k + SPARE_ROWS);
  for (const list of lists) for (const [i, row] of list.rows.entries()) top.push(list.scores[i]!, row);
  const others = top.sorted().filter((row) => rows.texts !== undefined || row !== query);
  const scored = Array.from(others, (row) => ({ row, score: exactScore(rows, query, row) }));
  scored.sort((a, b) => b.score - a.score || a.row - b.row);
  return Uint32Array.from(scored.slice(0, k), (entry) => entry.row);
}
