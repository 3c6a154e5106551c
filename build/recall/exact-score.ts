import { distanceFrom, smallerIsNearer, squaredLength } from "../../worker/core/forest/metrics.ts";
import type { Metric } from "../../worker/core/format/constants.ts";

export interface ExactRows {
  readonly metric: Metric;
  readonly vectors: Float32Array;
  readonly dimensions: number;
  /** Vectors of queries that are no rows, row-major. */
  readonly texts?: Float32Array | undefined;
}

/** Grade of one answer. */
export interface Grade {
  /** For every k the share of the exact k nearest among the first k. */
  readonly shares: readonly number[];
  /** Items of the first k, for the last k, that are as near as the exact ones. */
  readonly right: readonly number[];
  /** Most items that could be right. */
  readonly wanted: number;
}

export const NOTHING: Grade = { shares: [], right: [], wanted: 0 };

interface Judged {
  readonly item: number;
  /** Smaller is nearer. */
  readonly rank: number;
  /** Larger is nearer; NaN until it is computed. */
  exact: number;
}

/** A query with its exact answer. */
interface GradedQuery {
  readonly query: Float32Array;
  /** Row of the query, which is no answer to itself; number of a text. */
  readonly row: number;
  /** Best first. */
  readonly nearest: Uint32Array;
}

/**
 * Judges the answers of one query: items are put in order as every search does, by Annoy's distance of the stored vectors,
 * and counted by the exact scores of the given ones. What was computed for an item is kept: the next answer has mostly
 * the same ones.
 *
 * @param at ascending
 * @param vector the stored vector of an item; the next call may overwrite it
 */
export function createGrader(
  rows: ExactRows & { readonly items: Uint32Array | undefined },
  { query, row, nearest }: GradedQuery,
  at: readonly number[],
  vector: (item: number) => Float32Array | undefined,
): (items: readonly number[]) => Grade {
  const { metric } = rows;
  const sign = smallerIsNearer(metric) ? 1 : -1;
  const squares = squaredLength(query);
  const own = rows.texts ? undefined : (rows.items?.[row] ?? row);
  const known = new Map<number, Judged>();
  const judged = (item: number): Judged => {
    let found = known.get(item);
    if (!found) {
      const stored = vector(item);
      const rank = stored ? sign * distanceFrom(metric, query, squares, stored) : Number.POSITIVE_INFINITY;
      found = { item, rank, exact: Number.NaN };
      known.set(item, found);
    }
    return found;
  };
  const exactOf = (found: Judged): number => {
    if (Number.isNaN(found.exact)) found.exact = exactScore(rows, row, rowOfItem(rows.items, found.item));
    return found.exact;
  };
  const wanted = at.map((k) => Math.min(k, nearest.length));
  const limits = wanted.map((count) => {
    if (count === 0) return Number.NEGATIVE_INFINITY;
    const last = exactScore(rows, row, nearest[count - 1]!);
    return last - 1e-6 * Math.max(1, Math.abs(last));
  });
  return (items) => {
    const found: Judged[] = [];
    for (const item of items) if (item !== own) found.push(judged(item));
    found.sort((a, b) => a.rank - b.rank || a.item - b.item);
    let right: number[] = [];
    const shares = at.map((k, j) => {
      right = [];
      for (let i = 0; i < k && i < found.length; i++)
        if (exactOf(found[i]!) >= limits[j]!) right.push(found[i]!.item);
      return wanted[j] === 0 ? 1 : Math.min(right.length, wanted[j]!) / wanted[j]!;
    });
    return { shares, right, wanted: wanted.at(-1)! };
  };
}

/** The row of an item, by binary search when rows skip holes. */
export function rowOfItem(items: Uint32Array | undefined, item: number): number {
  if (!items) return item;
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (items[middle]! < item) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Larger is nearer, in double precision over the vectors as given. Of a query and a row; the query may be a text. */
export function exactScore(
  { metric, vectors, dimensions, texts: queries = vectors }: ExactRows,
  a: number,
  b: number,
): number {
  const p = a * dimensions;
  const q = b * dimensions;
  let sum = 0;
  switch (metric) {
    case "angular": {
      let aa = 0;
      let bb = 0;
      for (let i = 0; i < dimensions; i++) {
        const x = queries[p + i]!;
        const y = vectors[q + i]!;
        sum += x * y;
        aa += x * x;
        bb += y * y;
      }
      return aa * bb > 0 ? sum / Math.sqrt(aa * bb) : 0;
    }
    case "dot":
      for (let i = 0; i < dimensions; i++) sum += queries[p + i]! * vectors[q + i]!;
      return sum;
    case "euclidean":
      for (let i = 0; i < dimensions; i++) sum -= (queries[p + i]! - vectors[q + i]!) ** 2;
      return sum;
    case "manhattan":
      for (let i = 0; i < dimensions; i++) sum -= Math.abs(queries[p + i]! - vectors[q + i]!);
      return sum;
    case "hamming":
      for (let i = 0; i < dimensions; i++) sum -= queries[p + i]! > 0.5 === vectors[q + i]! > 0.5 ? 0 : 1;
      return sum;
  }
}
