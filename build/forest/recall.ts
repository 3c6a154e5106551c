import type { Metric } from "../../worker/format/constants.ts";
import type { MeasureTask } from "./measure.ts";
import type { Pool } from "./pool.ts";

/** Held-out queries with their exact answers. */
export interface Truth {
  readonly metric: Metric;
  /** The vectors as given, row-major. */
  readonly vectors: Float32Array<SharedArrayBuffer>;
  readonly dimensions: number;
  /** Rows that serve as queries. */
  readonly queries: Uint32Array;
  /** For every query its nearest rows but itself, best first, at most 100. */
  readonly nearest: readonly Uint32Array[];
  /** Ascending item numbers of the rows, when there are holes. */
  readonly items: Uint32Array | undefined;
}

/** An artifact to measure: its bytes in shared memory, so that every thread opens the same ones. */
export interface Subject {
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** Changes whenever the bytes do: threads keep what they opened. */
  readonly edition: number;
}

/** Sums over queries. */
export interface Measured {
  readonly recall: readonly number[];
  /** Of the squares of the queries' recalls. */
  readonly squares: readonly number[];
  readonly candidates: number;
  readonly scored: number;
}

/** Means over queries. */
export interface Recall {
  /** For every k that was asked. */
  readonly recall: readonly number[];
  /** Their standard errors. */
  readonly error: readonly number[];
  readonly candidates: number;
  readonly scored: number;
}

/** Queries that one thread measures at a time. */
const MEASURE_CHUNK = 25;

/**
 * Recall of a forest at one searchK: the mean share of the exact k nearest that it found, for every k of `at`. An
 * answer as near as the k-th exact one counts, whichever of equally near items it is.
 */
export async function measureRecall(
  pool: Pool,
  subject: Subject,
  truth: Truth,
  searchK: number,
  at: readonly number[],
): Promise<Recall> {
  const { metric, vectors, dimensions, items, queries } = truth;
  const tasks: MeasureTask[] = [];
  for (let from = 0; from < queries.length; from += MEASURE_CHUNK) {
    const to = Math.min(queries.length, from + MEASURE_CHUNK);
    tasks.push({
      kind: "measure",
      ...subject,
      metric,
      vectors,
      dimensions,
      items,
      queries: queries.slice(from, to),
      nearest: truth.nearest.slice(from, to),
      searchK,
      at,
    });
  }
  const parts = await pool.run(tasks);
  const n = Math.max(1, queries.length);
  const mean = (pick: (part: Measured) => number) => parts.reduce((total, part) => total + pick(part), 0) / n;
  const recall = at.map((_, j) => (queries.length === 0 ? 1 : mean((part) => part.recall[j]!)));
  return {
    recall,
    error: recall.map((r, j) =>
      Math.sqrt(Math.max(0, mean((part) => part.squares[j]!) - r * r) / Math.max(1, n - 1)),
    ),
    candidates: mean((part) => part.candidates),
    scored: mean((part) => part.scored),
  };
}

/** At most `count` of the queries, evenly spread: rows that came together are often about the same. */
export function spread(truth: Truth, count: number): Truth {
  const have = truth.queries.length;
  return have <= count
    ? truth
    : pick(truth, (_, i) => Math.floor(((i + 1) * count) / have) > Math.floor((i * count) / have));
}

/** Every other query to choose by, and the rest to certify with. */
export function halves(truth: Truth): { readonly choosing: Truth; readonly certifying: Truth } {
  return { choosing: pick(truth, (_, i) => i % 2 === 1), certifying: pick(truth, (_, i) => i % 2 === 0) };
}

function pick(truth: Truth, accept: (row: number, index: number) => boolean): Truth {
  return {
    ...truth,
    queries: truth.queries.filter(accept),
    nearest: truth.nearest.filter((_, i) => accept(truth.queries[i]!, i)),
  };
}
