import { distanceBetween } from "../../worker/core/forest/metrics.ts";
import { TopScores } from "../../worker/core/forest/top.ts";
import type { Forest } from "../../worker/core/forest/types.ts";
import type { Metric } from "../../worker/core/format/constants.ts";
import { createRandom } from "../numeric/random.ts";
import { meanWithError } from "../numeric/statistics.ts";
import type { Progress } from "../settings/progress.ts";

export interface RecallMeasurement {
  /** Recall@k of the default searchK against brute force over the stored vectors. */
  readonly recall: number;
  readonly k: number;
  readonly queries: number;
  /** One standard error of `recall`, over the queries. */
  readonly standardError: number;
}

/** Multiply-adds spent on brute force: a few seconds. */
const BUDGET = 4e9;
const MIN_QUERIES = 20;
const MAX_QUERIES = 200;
const K = 10;
/** Queries compared with an item at once, so that a coordinate is loaded once for all of them. */
const LANES = 4;

/**
 * Measures recall@10 on queries that lie between an item and its neighbours without being one: like held-out vectors,
 * and unlike items, whose own leaf would give them away. Deterministic. Undefined with fewer than two items.
 */
export function measureRecall(
  forest: Forest,
  items: Uint32Array,
  onProgress?: (progress: Progress) => void,
): RecallMeasurement | undefined {
  const k = Math.min(K, items.length - 1);
  if (k < 1) return undefined;
  const wanted = queriesFor(items.length, forest.dimensions);
  const random = createRandom(1);
  const queries = Array.from({ length: wanted }, (_, i) => {
    const item = items[Math.floor(((i + random()) / wanted) * items.length)]!;
    return between(forest, item, random);
  });
  const nearest = bruteForce(forest, items, queries, k, onProgress);
  const recalls = queries.map((query, q) => recallOf(forest, query, nearest[q]!, k));
  return summarise(recalls, k);
}

/** Items that have a vector, ascending. */
export function liveItems(forest: Forest): Uint32Array {
  return Uint32Array.from({ length: forest.nItems }, (_, item) => item).filter((item) => forest.vector(item));
}

/** Share of a query's k nearest that a search finds, by their ascending costs. */
export function recallOf(forest: Forest, query: Float32Array, nearest: readonly number[], k: number): number {
  const worst = nearest[Math.min(k, nearest.length) - 1]!;
  // Ties at the edge are as good as each other; rounding must not decide.
  const limit = worst + Math.abs(worst) * 1e-5 + 1e-9;
  const far = costs(forest.metric, [query]);
  const { items } = forest.search(query, { k });
  return items.filter((item) => far(forest.vector(item)!)[0]! <= limit).length / k;
}

/** Returns the number of queries for a number of items. */
export function queriesFor(items: number, dimensions: number): number {
  const affordable = Math.floor(BUDGET / (items * dimensions));
  return Math.min(items, MAX_QUERIES, Math.max(MIN_QUERIES, affordable));
}

/** The mean of the queries' recalls, and how sure it is. */
export function summarise(recalls: readonly number[], k: number): RecallMeasurement {
  const { mean, error } = meanWithError(recalls, (recall) => recall);
  return { recall: mean, k, queries: recalls.length, standardError: error };
}

/** The k smallest costs of every query, ascending. O(items x queries x dimensions). */
export function bruteForce(
  forest: Forest,
  items: Uint32Array,
  queries: readonly Float32Array[],
  k: number,
  onProgress: ((progress: Progress) => void) | undefined,
): number[][] {
  const nearest = queries.map(() => new TopScores(k));
  const cost = costs(forest.metric, queries);
  for (const [i, item] of items.entries()) {
    const found = cost(forest.vector(item)!);
    for (let q = 0; q < queries.length; q++) nearest[q]!.push(-found[q]!, i);
    if (i % 1024 === 0 || i === items.length - 1)
      onProgress?.({ phase: "recall", done: i + 1, total: items.length });
  }
  return nearest.map((top) => Array.from({ length: top.size }, (_, rank) => -top.scoreAt(rank + 1)));
}

/** A function from a vector to what it costs each query: a number that orders vectors as the metric's distance does. */
export function costs(
  metric: Metric,
  queries: readonly Float32Array[],
): (vector: Float32Array) => Float64Array {
  const out = new Float64Array(queries.length);
  if (metric === "manhattan" || metric === "hamming") {
    return (vector) => {
      for (let q = 0; q < queries.length; q++) out[q] = distanceBetween(metric, queries[q]!, vector);
      return out;
    };
  }
  const products = innerProducts(queries);
  return (vector) => {
    products(vector, out);
    let square = 0;
    for (let i = 0; i < vector.length; i++) square += vector[i]! * vector[i]!;
    const scale = metric === "angular" ? (square > 0 ? 1 / Math.sqrt(square) : 0) : 1;
    for (let q = 0; q < queries.length; q++)
      out[q] = metric === "euclidean" ? square - 2 * out[q]! : -out[q]! * scale;
    return out;
  };
}

function innerProducts(queries: readonly Float32Array[]): (vector: Float32Array, out: Float64Array) => void {
  const dimensions = queries[0]!.length;
  const blocks = Math.ceil(queries.length / LANES);
  // Coordinate i of four queries side by side.
  const woven = new Float32Array(blocks * LANES * dimensions);
  for (const [q, query] of queries.entries()) {
    const start = Math.floor(q / LANES) * LANES * dimensions + (q % LANES);
    for (let i = 0; i < dimensions; i++) woven[start + i * LANES] = query[i]!;
  }
  const sums = new Float64Array(blocks * LANES);
  return (vector, out) => {
    for (let block = 0, at = 0; block < blocks; block++) {
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0;
      for (let i = 0; i < dimensions; i++, at += LANES) {
        const x = vector[i]!;
        a += x * woven[at]!;
        b += x * woven[at + 1]!;
        c += x * woven[at + 2]!;
        d += x * woven[at + 3]!;
      }
      sums[block * LANES] = a;
      sums[block * LANES + 1] = b;
      sums[block * LANES + 2] = c;
      sums[block * LANES + 3] = d;
    }
    out.set(sums.subarray(0, out.length));
  };
}

/** A vector with each coordinate from an item or from one of its ten nearest, at random. */
export function between(forest: Forest, item: number, random: () => number): Float32Array {
  const vector = forest.vector(item)!;
  const neighbours = forest.search(vector, { k: K + 1 }).items.filter((other) => other !== item);
  const other = neighbours[Math.floor(random() * neighbours.length)];
  const second = other === undefined ? vector : forest.vector(other)!;
  return vector.map((x, i) => (random() < 0.5 ? x : second[i]!));
}
