import { distanceBetween, smallerIsNearer } from "../../worker/forest/metrics.ts";
import type { Forest } from "../../worker/forest/types.ts";
import { seededRandom } from "./random.ts";

export interface RecallMeasurement {
  /** Recall@k of the default searchK against brute force over the stored vectors. */
  readonly recall: number;
  readonly k: number;
  readonly queries: number;
  /** One standard error of `recall`, over the queries. */
  readonly standardError: number;
}

/** Multiply-adds spent on brute force: about ten seconds. */
const BUDGET = 6e9;
const MIN_QUERIES = 20;
const MAX_QUERIES = 200;
const K = 10;

/**
 * Measures recall@10 on queries that lie between an item and its neighbours without being one: like held-out vectors,
 * and unlike items, whose own leaf would give them away. Deterministic. Undefined with fewer than two items.
 */
export function measureRecall(forest: Forest, items: Uint32Array): RecallMeasurement | undefined {
  const { metric, dimensions } = forest;
  const k = Math.min(K, items.length - 1);
  if (k < 1) return undefined;
  const affordable = Math.floor(BUDGET / (items.length * dimensions));
  const count = Math.min(items.length, MAX_QUERIES, Math.max(MIN_QUERIES, affordable));
  const random = seededRandom(1);
  const queries = Array.from({ length: count }, (_, i) => {
    const item = items[Math.floor(((i + random()) / count) * items.length)]!;
    return between(forest, item, random);
  });
  // Worst of the k nearest distances so far, for every query.
  const nearest = queries.map(() => [] as number[]);
  const sign = smallerIsNearer(metric) ? 1 : -1;
  for (const item of items) {
    const vector = forest.vector(item)!;
    for (let q = 0; q < count; q++) {
      insert(nearest[q]!, sign * distanceBetween(metric, queries[q]!, vector), k);
    }
  }
  const recalls = queries.map((query, q) => {
    const worst = nearest[q]!.at(-1)!;
    // Ties at the edge are as good as each other; float32 rounding must not decide.
    const limit = worst + Math.abs(worst) * 1e-6 + 1e-9;
    const found = forest.search(query, { k }).items;
    const good = found.filter(
      (item) => sign * distanceBetween(metric, query, forest.vector(item)!) <= limit,
    ).length;
    return good / k;
  });
  const mean = recalls.reduce((sum, r) => sum + r, 0) / count;
  const variance = recalls.reduce((sum, r) => sum + (r - mean) ** 2, 0) / Math.max(1, count - 1);
  return { recall: mean, k, queries: count, standardError: Math.sqrt(variance / count) };
}

/** A vector with each coordinate from an item or from one of its ten nearest, at random. */
function between(forest: Forest, item: number, random: () => number): Float32Array {
  const vector = forest.vector(item)!;
  const neighbours = forest.search(vector, { k: K + 1 }).items.filter((other) => other !== item);
  const other = neighbours[Math.floor(random() * neighbours.length)];
  const second = other === undefined ? vector : forest.vector(other)!;
  return vector.map((x, i) => (random() < 0.5 ? x : second[i]!));
}

/** Keeps the `k` smallest in ascending order. */
function insert(list: number[], value: number, k: number): void {
  if (list.length === k && value >= list[k - 1]!) return;
  let at = list.length === k ? k - 1 : list.length;
  if (list.length < k) list.push(value);
  for (; at > 0 && list[at - 1]! > value; at--) list[at] = list[at - 1]!;
  list[at] = value;
}
