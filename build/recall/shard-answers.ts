import { openForest } from "../../worker/core/forest/open-forest.ts";
import type { Metric } from "../../worker/core/format/constants.ts";
import type { Task } from "../threads/pool.ts";
import { exactScore, rowOfItem } from "./exact-score.ts";
import type { MeasuredArtifact } from "./held-out.ts";
import { openerOf } from "./opened.ts";

/** Searches one shard for the queries of the whole, as it is searched when the index is asked. */
export interface ShardAnswersTask extends Task<ShardAnswers>, MeasuredArtifact {
  readonly kind: "answers";
  readonly metric: Metric;
  /** The shard's vectors as given, row-major, and the queries behind them. */
  readonly vectors: Float32Array<SharedArrayBuffer>;
  readonly dimensions: number;
  /** Ascending item numbers of the rows, when there are holes. */
  readonly items: Uint32Array | undefined;
  /** Items of this shard that are queries: no answer may name them. */
  readonly held: readonly number[];
  /** Rows that hold the queries. */
  readonly queries: Uint32Array;
  readonly k: number;
  /** Factor of the shard's default searchK. */
  readonly effort: number;
}

/** Answers of one shard; a line of `k` a query, filled up with NaN. */
export interface ShardAnswers {
  /** As the shard tells them. */
  readonly distances: Float64Array;
  /** Larger is nearer, from the vectors as given. */
  readonly scores: Float64Array;
  /** One number a query. */
  readonly candidates: Float64Array;
  readonly scored: Float64Array;
  /** The searchK that the effort stands for in this shard. */
  readonly searchK: number;
}

const openOnce = openerOf(openForest);

export function answer(task: ShardAnswersTask): ShardAnswers {
  const forest = openOnce(task);
  const { queries, k, dimensions, items } = task;
  const held = new Set(task.held);
  const accept = (item: number) => !held.has(item);
  // As worker/core/search/memory.ts does.
  const searchK = Math.ceil(forest.defaultSearchK(k) * task.effort);
  const distances = new Float64Array(queries.length * k).fill(Number.NaN);
  const scores = new Float64Array(queries.length * k).fill(Number.NaN);
  const candidates = new Float64Array(queries.length);
  const scored = new Float64Array(queries.length);
  for (const [q, row] of queries.entries()) {
    const query = task.vectors.slice(row * dimensions, (row + 1) * dimensions);
    // Queries are few among the items: a search without a filter, as those that are measured for, does mostly.
    let found = forest.search(query, { k: k + 1, searchK });
    if (found.items.some((item) => held.has(item))) {
      const { candidates, scored } = found;
      const rest = found.items.filter(accept);
      // One too many was asked for: one query among the answers is no loss.
      found =
        rest.length >= Math.min(k, found.items.length - 1)
          ? { ...found, items: rest, distances: found.distances.filter((_, i) => accept(found.items[i]!)) }
          : { ...forest.search(query, { k, searchK, accept }), candidates, scored };
    }
    candidates[q] = found.candidates;
    scored[q] = found.scored;
    for (const [i, item] of found.items.slice(0, k).entries()) {
      distances[q * k + i] = found.distances[i]!;
      scores[q * k + i] = exactScore(task, row, rowOfItem(items, item));
    }
  }
  return { distances, scores, candidates, scored, searchK };
}
