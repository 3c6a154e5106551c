import { TopScores } from "../../worker/core/forest/top.ts";
import type { Metric } from "../../worker/core/format/constants.ts";
import { lengthOf } from "../numeric/arrays.ts";
import { BLOCK_ROWS, type KernelKind, type ScoreKernel, type Selected } from "../numeric/kernels.ts";
import type { Task } from "../threads/pool.ts";

/** Finds the nearest rows of a list for some queries by scoring everything. */
export interface NearestRowsTask extends Task<Nearest[]> {
  readonly kind: "truth";
  readonly metric: Metric;
  /** Unit vectors for angular, 0 and 1 for hamming, vectors about their mean for euclidean and manhattan. */
  readonly rows: Float32Array<SharedArrayBuffer>;
  readonly width: number;
  readonly queries: Uint32Array;
  /** Rows that the queries number; default: `rows`. */
  readonly texts?: Float32Array;
  readonly list: Uint32Array;
  readonly k: number;
}

/** The nearest rows of one query, best first, with their scores in single precision: larger is nearer. */
export interface Nearest {
  readonly rows: Uint32Array;
  readonly scores: Float32Array;
}

/**
 * Number of rows to ask for beyond those wanted: scores are of single precision, those of unit vectors of 16-bit
 * coordinates (standard error 0.00001), and the query itself may be among them.
 */
export const SPARE_ROWS = 16;

const KERNELS: Readonly<Record<Metric, KernelKind>> = {
  angular: "unit",
  dot: "dot",
  euclidean: "dot",
  hamming: "dot",
  manhattan: "taxicab",
};

export function truthKernel(metric: Metric): KernelKind {
  return KERNELS[metric];
}

/**
 * Returns for every query the nearest of the rows that the task lists.
 *
 * @param kernel of {@link truthKernel}
 */
export function nearestRows(
  { metric, rows, width, queries, texts = rows, list, k }: NearestRowsTask,
  kernel: ScoreKernel,
): Nearest[] {
  const columns = new Float32Array(queries.length * width);
  for (const [c, row] of queries.entries())
    columns.set(texts.subarray(row * width, (row + 1) * width), c * width);
  kernel.setColumns(columns, queries.length);
  const tops = Array.from(queries, () => new TopScores(k));
  const halfSquares = metric === "euclidean" || metric === "hamming";
  const sign = metric === "manhattan" ? -1 : 1;
  const biases = new Float32Array(BLOCK_ROWS);
  for (let from = 0; from < list.length; from += BLOCK_ROWS) {
    const n = Math.min(BLOCK_ROWS, list.length - from);
    for (let r = 0; r < n && halfSquares; r++)
      biases[r] = -0.5 * lengthOf(rows, list[from + r]! * width, width) ** 2;
    offer(kernel, kernel.select(rows, list, from, n, sign, biases), list, from, tops);
  }
  return tops.map(bestOf);
}

/** Offers what was found to the best of each column. */
function offer(
  kernel: ScoreKernel,
  { count, places, scores }: Selected,
  list: Uint32Array,
  from: number,
  tops: readonly TopScores[],
): void {
  for (let i = 0; i < 2 * count; i += 2) {
    const place = places[i]!;
    const r = Math.floor(place / kernel.width);
    const column = place - r * kernel.width;
    const top = tops[column]!;
    top.push(scores[i + 1]!, list[from + r]!);
    kernel.setThreshold(column, top.threshold);
  }
}

/** Returns the kept rows, best first. */
function bestOf(top: TopScores): Nearest {
  const rows = top.sorted().slice();
  return { rows, scores: Float32Array.from(rows, (_, rank) => top.scoreAt(rank + 1)) };
}
