import { TopScores } from "../../worker/forest/top.ts";
import type { Metric } from "../../worker/format/constants.ts";
import { lengthOf } from "./codecs.ts";
import { BLOCK_ROWS, createKernel } from "./simd/kernels.ts";

/** Finds the nearest rows of a list for some queries, all of them rows too, by scoring everything. */
export interface TruthTask {
  readonly kind: "truth";
  readonly metric: Metric;
  /** Unit vectors for angular, 0 and 1 for hamming, vectors about their mean for euclidean and manhattan. */
  readonly rows: Float32Array<SharedArrayBuffer>;
  readonly width: number;
  readonly queries: Uint32Array;
  readonly list: Uint32Array;
  readonly k: number;
}

/** The nearest rows of every query, best first, of the rows that the task listed. */
export type TruthPart = Uint32Array[];

export function nearestRows({ metric, rows, width, queries, list, k }: TruthTask): TruthPart {
  const kernel = createKernel(width, metric === "manhattan" ? "taxicab" : "dot");
  const columns = new Float32Array(queries.length * width);
  for (const [c, row] of queries.entries())
    columns.set(rows.subarray(row * width, (row + 1) * width), c * width);
  kernel.setColumns(columns, queries.length);
  const tops = Array.from(queries, () => new TopScores(k));
  const thresholds = new Float64Array(queries.length).fill(Number.NEGATIVE_INFINITY);
  const halfSquares = metric === "euclidean" || metric === "hamming";
  const sign = metric === "manhattan" ? -1 : 1;
  for (let from = 0; from < list.length; from += BLOCK_ROWS) {
    const n = Math.min(BLOCK_ROWS, list.length - from);
    const scores = kernel.score(rows, list, from, n);
    for (let r = 0; r < n; r++) {
      const row = list[from + r]!;
      const at = r * kernel.width;
      const bias = halfSquares ? -0.5 * lengthOf(rows, row * width, width) ** 2 : 0;
      for (let c = 0; c < queries.length; c++) {
        const score = sign * scores[at + c]! + bias;
        if (score < thresholds[c]!) continue;
        tops[c]!.push(score, row);
        thresholds[c] = tops[c]!.threshold;
      }
    }
  }
  return tops.map((top) => top.sorted());
}
