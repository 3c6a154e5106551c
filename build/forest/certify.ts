import type { Forest } from "../../worker/forest/types.ts";
import type { Metric } from "../../worker/format/constants.ts";
import type { CertifiedRecall, CertifiedRow } from "../../worker/format/meta.ts";

/** Held-out queries with their exact answers. */
export interface Truth {
  readonly metric: Metric;
  /** The vectors as given, row-major. */
  readonly vectors: Float32Array;
  readonly dimensions: number;
  /** Rows that serve as queries; no answer may name any of them. */
  readonly queries: Uint32Array;
  /** For every query its nearest rows, best first, at most 100. */
  readonly nearest: readonly Uint32Array[];
  /** Item number of a row, and back. */
  readonly itemOf: (row: number) => number;
  readonly rowOf: (item: number) => number;
  /** Whether the forest never saw the queries while it was trained. */
  readonly heldOut: boolean;
}

interface Measured {
  readonly recall: readonly number[];
  readonly candidates: number;
  readonly scored: number;
}

/** Queries for recall@100, which costs more and varies less. */
const HUNDRED_QUERIES = 200;
const REFINEMENTS = 4;
/** The table goes on until here even when the target is lower, so that a user sees what more would buy. */
const TABLE_RECALL = 0.99;
/** Doubling searchK for less than this is not worth measuring further, once the target is met. */
const LEAST_GAIN = 0.004;

/**
 * Recall of a forest at one searchK: the mean share of the exact k nearest that it found, for every k of `at`. An
 * answer as near as the k-th exact one counts, whichever of equally near items it is.
 */
export function measureRecall(
  forest: Forest,
  truth: Truth,
  searchK: number,
  at: readonly number[],
  queries: number,
): Measured {
  const held = new Set(Array.from(truth.queries, truth.itemOf));
  const accept = (item: number) => !held.has(item);
  const most = Math.max(...at);
  const sums = at.map(() => 0);
  const used = Math.min(queries, truth.queries.length);
  let candidates = 0;
  let scored = 0;
  for (let i = 0; i < used; i++) {
    const row = truth.queries[i]!;
    const nearest = truth.nearest[i]!;
    const query = truth.vectors.slice(row * truth.dimensions, (row + 1) * truth.dimensions);
    const found = forest.search(query, { k: most, searchK, accept });
    candidates += found.candidates;
    scored += found.scored;
    const scores = found.items.map((item) => exactScore(truth, row, truth.rowOf(item)));
    for (const [j, k] of at.entries()) {
      const wanted = Math.min(k, nearest.length);
      if (wanted === 0) {
        sums[j]! += 1;
        continue;
      }
      const last = exactScore(truth, row, nearest[wanted - 1]!);
      const limit = last - 1e-6 * Math.max(1, Math.abs(last));
      const hits = scores.slice(0, k).filter((score) => score >= limit).length;
      sums[j]! += Math.min(hits, wanted) / wanted;
    }
  }
  const divisor = Math.max(1, used);
  return {
    recall: sums.map((s) => (used === 0 ? 1 : s / divisor)),
    candidates: candidates / divisor,
    scored: scored / divisor,
  };
}

/**
 * Measures recall over a range of searchK and picks the smallest that meets the target as the default.
 * When none does, the default is the cheapest within a fifth of a point of the best, and the figures say so.
 */
export function certify(
  forest: Forest,
  truth: Truth,
  target: number,
  onProgress: (share: number) => void,
): CertifiedRecall {
  const { nSlots, leafSize } = forest.artifact.header;
  const rows: CertifiedRow[] = [];
  const measure = (searchK: number): CertifiedRow => {
    const ten = measureRecall(forest, truth, searchK, [1, 10], truth.queries.length);
    const hundred = measureRecall(forest, truth, searchK, [100], HUNDRED_QUERIES);
    const row = {
      searchK,
      recallAt1: round(ten.recall[0]!),
      recallAt10: round(ten.recall[1]!),
      recallAt100: round(hundred.recall[0]!),
      candidates: Math.round(ten.candidates),
      scored: Math.round(ten.scored),
    };
    rows.push(row);
    return row;
  };
  if (forest.nTrees === 0) {
    measure(nSlots);
  } else {
    let searchK = Math.max(1, Math.min(nSlots, Math.max(2 * leafSize, Math.round(nSlots / 256))));
    let before = 0;
    for (;;) {
      const { recallAt10 } = measure(searchK);
      onProgress(Math.min(0.8, recallAt10 * 0.8));
      // Where the codec, not the walk, sets the limit, more candidates buy nothing; so the walk ends there too.
      const met = recallAt10 >= target;
      const stalled = recallAt10 - before < LEAST_GAIN && (met || searchK > nSlots / 4);
      const enough = recallAt10 >= Math.max(target, TABLE_RECALL) || (met && searchK > nSlots / 8);
      if (searchK >= nSlots || enough || stalled) break;
      before = recallAt10;
      searchK = Math.min(nSlots, searchK * 2);
    }
    for (let i = 0; i < REFINEMENTS; i++) {
      rows.sort((a, b) => a.searchK - b.searchK);
      const enough = rows.findIndex((row) => row.recallAt10 >= target);
      if (enough <= 0) break;
      const middle = Math.round(Math.sqrt(rows[enough - 1]!.searchK * rows[enough]!.searchK));
      if (rows.some((row) => row.searchK === middle)) break;
      measure(middle);
      onProgress(0.8 + (0.2 * (i + 1)) / REFINEMENTS);
    }
  }
  rows.sort((a, b) => a.searchK - b.searchK);
  const best = Math.max(...rows.map((row) => row.recallAt10));
  const chosen = rows.find((row) => row.recallAt10 >= Math.min(target, best - 0.002)) ?? rows[0]!;
  return {
    target,
    queries: truth.queries.length,
    heldOut: truth.heldOut,
    rows,
    defaultSearchK: chosen.searchK,
    recallAt1: chosen.recallAt1,
    recallAt10: chosen.recallAt10,
    recallAt100: chosen.recallAt100,
  };
}

/** Larger is nearer, in double precision over the vectors as given. */
export function exactScore({ metric, vectors, dimensions }: Truth, a: number, b: number): number {
  let sum = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < dimensions; i++) {
    const x = vectors[a * dimensions + i]!;
    const y = vectors[b * dimensions + i]!;
    switch (metric) {
      case "angular":
        sum += x * y;
        aa += x * x;
        bb += y * y;
        break;
      case "dot":
        sum += x * y;
        break;
      case "euclidean":
        sum -= (x - y) ** 2;
        break;
      case "manhattan":
        sum -= Math.abs(x - y);
        break;
      case "hamming":
        sum -= x > 0.5 === y > 0.5 ? 0 : 1;
        break;
    }
  }
  if (metric === "angular") return aa * bb > 0 ? sum / Math.sqrt(aa * bb) : 0;
  return sum;
}

function round(x: number): number {
  return Math.round(x * 1e4) / 1e4;
}
