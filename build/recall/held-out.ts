import type { Metric } from "../../worker/core/format/constants.ts";

const DEEP_QUERIES = 150;

/** Held-out queries with their exact answers. */
export interface Truth {
  readonly metric: Metric;
  /** The vectors as given, row-major. */
  readonly vectors: Float32Array<SharedArrayBuffer>;
  readonly dimensions: number;
  /** Rows that serve as queries. */
  readonly queries: Uint32Array;
  /** For every query its nearest rows but itself, best first: 100 of those that {@link deepQueries} picks, 10 of others. */
  readonly nearest: readonly Uint32Array[];
  /** Ascending item numbers of the rows, when there are holes. */
  readonly items: Uint32Array | undefined;
  /** Vectors of queries that are no rows, row-major: `queries` then numbers these. */
  readonly texts?: Float32Array<SharedArrayBuffer>;
}

/** An artifact to measure: its bytes in shared memory, so that every thread opens the same ones. */
export interface MeasuredArtifact {
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** Changes whenever the bytes do: threads keep what they opened. */
  readonly edition: number;
}

/** Means over queries at one searchK. */
export interface Recall {
  /** For every k that was asked. */
  readonly recall: readonly number[];
  /** Their standard errors. */
  readonly error: readonly number[];
  readonly candidates: number;
  readonly scored: number;
  /** For every margin that was asked about, the recall it loses at the last k. */
  readonly lost: readonly number[];
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

/** Queries for recall@100, which costs more and varies less: of those that certify. */
export function deepQueries(certifying: Truth): Truth {
  return spread(certifying, DEEP_QUERIES);
}

function pick(truth: Truth, accept: (row: number, index: number) => boolean): Truth {
  return {
    ...truth,
    queries: truth.queries.filter(accept),
    nearest: truth.nearest.filter((_, i) => accept(truth.queries[i]!, i)),
  };
}
