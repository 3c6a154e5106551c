import type { Metric } from "../../worker/core/format/constants.ts";
import { geometryOf } from "../numeric/geometry.ts";
import type { Pool } from "../threads/pool.ts";
import { exactScore } from "./exact-score.ts";
import { type NearestRowsTask, SPARE_ROWS } from "./nearest-rows.ts";

const K = 100;
const CHUNK = 16_384;

/** The exact answers of the whole, shard by shard. */
export interface ExactAnswers {
  /** Takes in one shard's rows, `held` of which are queries themselves, with all queries behind them. */
  add(vectors: Float32Array<SharedArrayBuffer>, held: readonly number[]): Promise<void>;
  /** The score of a query's k-th exact answer (of the last, where there are fewer), less what rounding may do. */
  limit(query: number, k: number): number;
  /** Returns the number of exact answers of a query, at most k. */
  wanted(query: number, k: number): number;
}

export function createExactAnswers(
  pool: Pool,
  shape: { readonly metric: Metric; readonly dimensions: number; readonly queries: number },
): ExactAnswers {
  const { metric, dimensions, queries } = shape;
  const best = Array.from({ length: queries }, () => new Float64Array(0));
  return {
    async add(vectors, held) {
      const count = vectors.length / dimensions - queries;
      const isHeld = new Set(held);
      const list = Uint32Array.from({ length: count }, (_, row) => row).filter((row) => !isHeld.has(row));
      // Inner products are those of the vectors themselves.
      const rows = metric === "dot" ? vectors : geometryOf(metric, vectors, dimensions).rows;
      const asked = Uint32Array.from({ length: queries }, (_, q) => count + q);
      const tasks: NearestRowsTask[] = [];
      for (let from = 0; from < list.length; from += CHUNK) {
        const part = list.slice(from, from + CHUNK);
        tasks.push({
          kind: "truth",
          metric,
          rows,
          width: dimensions,
          queries: asked,
          list: part,
          k: K + SPARE_ROWS,
        });
      }
      for (const part of await pool.run(tasks)) {
        for (const [q, nearest] of part.entries()) {
          const scores = Array.from(nearest.rows, (row) =>
            exactScore({ metric, vectors, dimensions }, count + q, row),
          );
          best[q] = Float64Array.from([...best[q]!, ...scores].sort((a, b) => b - a).slice(0, K));
        }
      }
    },
    limit(query, k) {
      const scores = best[query]!;
      const last = scores[Math.min(k, scores.length) - 1] ?? Number.NEGATIVE_INFINITY;
      return last - 1e-6 * Math.max(1, Math.abs(last));
    },
    wanted: (query, k) => Math.min(k, best[query]!.length),
  };
}
