import type { Metric } from "../../worker/core/format/constants.ts";
import type { ShardAnswers } from "./shard-answers.ts";

/**
 * The merged answers of all shards at one effort: of every query the best by the distances that shards tell, each with
 * the shard it is from. Enough of them that what some shards answer differs from what all do.
 */
export interface Tally {
  readonly effort: number;
  readonly k: number;
  readonly queries: number;
  /** Mean searchK of each shard. */
  readonly searchK: Float64Array;
  /** Query q in shard s lies at q x shards + s. */
  readonly candidates: Float32Array;
  readonly scored: Float32Array;
  add(shard: number, answers: ShardAnswers, first: number): void;
  /** Counts the answers that reach `limit` among the nearest `k` of a query from the shards that are asked. */
  hits(query: number, asked: (shard: number) => boolean, k: number, limit: number): number;
}

/** Multiple of k that is kept. Answers beyond it are as good as lost. */
const KEPT = 3;

export function createTally(
  metric: Metric,
  shape: { readonly effort: number; readonly k: number; readonly queries: number; readonly shards: number },
): Tally {
  const { k, queries, shards } = shape;
  const kept = KEPT * k;
  // Of inner products the larger are the nearer.
  const sign = metric === "dot" ? -1 : 1;
  const costs = new Float64Array(queries * kept).fill(Number.POSITIVE_INFINITY);
  const scores = new Float64Array(queries * kept);
  const owners = new Uint16Array(queries * kept);
  const searchK = new Float64Array(shards);
  const candidates = new Float32Array(queries * shards);
  const scored = new Float32Array(queries * shards);
  const insert = (query: number, cost: number, score: number, shard: number) => {
    const start = query * kept;
    let at = start + kept - 1;
    if (cost >= costs[at]!) return;
    for (; at > start && costs[at - 1]! > cost; at--) {
      costs[at] = costs[at - 1]!;
      scores[at] = scores[at - 1]!;
      owners[at] = owners[at - 1]!;
    }
    costs[at] = cost;
    scores[at] = score;
    owners[at] = shard;
  };
  return {
    ...shape,
    searchK,
    candidates,
    scored,
    add(shard, answers, first) {
      searchK[shard] = answers.searchK;
      for (let q = 0; q < answers.candidates.length; q++) {
        const query = first + q;
        if (query >= queries) break;
        candidates[query * shards + shard] = answers.candidates[q]!;
        scored[query * shards + shard] = answers.scored[q]!;
        for (let i = q * k; i < (q + 1) * k && !Number.isNaN(answers.distances[i]); i++)
          insert(query, sign * answers.distances[i]!, answers.scores[i]!, shard);
      }
    },
    hits(query, asked, wanted, limit) {
      let seen = 0;
      let found = 0;
      for (let at = query * kept; seen < wanted && at < (query + 1) * kept; at++) {
        if (costs[at] === Number.POSITIVE_INFINITY) break;
        if (!asked(owners[at]!)) continue;
        seen++;
        if (scores[at]! >= limit) found++;
      }
      return found;
    },
  };
}
