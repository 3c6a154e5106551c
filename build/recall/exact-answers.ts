import { TopScores } from "../../worker/core/forest/top.ts";
import type { Geometry } from "../numeric/geometry.ts";
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

/**
 * The exact answers of held-out queries, by threads that would have nothing else to do.
 *
 * @param asked.flat whether all queries certify, as those of a scan do
 */
export async function exactAnswers(
  input: Pick<Truth, "metric" | "vectors" | "dimensions"> & { readonly items?: Uint32Array },
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
  const count = vectors.length / dimensions;
  const chunk = Math.max(TRUTH_CHUNK, Math.ceil(count / TRUTH_PARTS));
  for (const { list, k } of groups) {
    for (let from = 0; from < count; from += chunk) {
      const part = Uint32Array.from({ length: Math.min(chunk, count - from) }, (_, i) => from + i);
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

/** The queries of which recall@100 will be asked. */
function deepOnes(truth: Omit<Truth, "nearest">, flat: boolean): ReadonlySet<number> {
  const all = { ...truth, nearest: Array.from(truth.queries, () => new Uint32Array(0)) };
  return new Set(deepQueries(flat ? all : halves(all).certifying).queries);
}

/** The nearest by scores in double precision, of those that lists in single precision suggest. */
function mergeNearest(rows: ExactRows, query: number, lists: readonly Nearest[], k: number): Uint32Array {
  const top = new TopScores(k + SPARE_ROWS);
  for (const list of lists) for (const [i, row] of list.rows.entries()) top.push(list.scores[i]!, row);
  const others = top.sorted().filter((row) => row !== query);
  const scored = Array.from(others, (row) => ({ row, score: exactScore(rows, query, row) }));
  scored.sort((a, b) => b.score - a.score || a.row - b.row);
  return Uint32Array.from(scored.slice(0, k), (entry) => entry.row);
}
