import type { Metric } from "../../worker/format/constants.ts";
import type { CertifiedRecall, CertifiedRow } from "../../worker/format/meta.ts";
import type { MeasureTask } from "./measure.ts";
import type { Pool } from "./pool.ts";

/** Held-out queries with their exact answers. */
export interface Truth {
  readonly metric: Metric;
  /** The vectors as given, row-major. */
  readonly vectors: Float32Array<SharedArrayBuffer>;
  readonly dimensions: number;
  /** Rows that serve as queries; no answer may name any of them. */
  readonly queries: Uint32Array;
  /** For every query its nearest rows, best first, at most 100. */
  readonly nearest: readonly Uint32Array[];
  /** Ascending item numbers of the rows, when there are holes. */
  readonly items: Uint32Array | undefined;
}

/** An artifact to measure: its bytes in shared memory, so that every thread opens the same ones. */
export interface Subject {
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** Changes whenever the bytes do: threads keep what they opened. */
  readonly edition: number;
}

export interface Measured {
  readonly recall: readonly number[];
  readonly candidates: number;
  readonly scored: number;
}

/** Queries for recall@100, which costs more and varies less. */
const HUNDRED_QUERIES = 200;
/** Queries that one thread measures at a time. */
const MEASURE_CHUNK = 50;
const REFINEMENTS = 3;
/** The table goes on until here even when the target is lower, so that a user sees what more would buy. */
const TABLE_RECALL = 0.99;
/** Doubling searchK for less than this is not worth measuring further, once the target is met. */
const LEAST_GAIN = 0.004;

/**
 * Recall of a forest at one searchK: the mean share of the exact k nearest that it found, for every k of `at`. An
 * answer as near as the k-th exact one counts, whichever of equally near items it is.
 */
export async function measureRecall(
  pool: Pool,
  subject: Subject,
  truth: Truth,
  searchK: number,
  at: readonly number[],
  queries: number,
): Promise<Measured> {
  const used = Math.min(queries, truth.queries.length);
  const held = Array.from(truth.queries, (row) => truth.items?.[row] ?? row);
  const tasks: MeasureTask[] = [];
  for (let from = 0; from < used; from += MEASURE_CHUNK) {
    const to = Math.min(used, from + MEASURE_CHUNK);
    const { metric, vectors, dimensions, items } = truth;
    const part = { queries: truth.queries.subarray(from, to), nearest: truth.nearest.slice(from, to) };
    tasks.push({
      kind: "measure",
      ...subject,
      metric,
      vectors,
      dimensions,
      items,
      held,
      ...part,
      searchK,
      at,
    });
  }
  const parts = await pool.run(tasks);
  const divisor = Math.max(1, used);
  const sum = (pick: (part: Measured) => number) =>
    parts.reduce((total, part) => total + pick(part), 0) / divisor;
  return {
    recall: at.map((_, j) => (used === 0 ? 1 : sum((part) => part.recall[j]!))),
    candidates: sum((part) => part.candidates),
    scored: sum((part) => part.scored),
  };
}

/**
 * Measures recall over a range of searchK and picks the smallest that meets the target as the default.
 * When none does, the default is the cheapest within a fifth of a point of the best, and the figures say so.
 */
export async function certify(
  pool: Pool,
  subject: Subject,
  truth: Truth,
  header: { readonly nSlots: number; readonly nTrees: number; readonly leafSize: number },
  target: number,
  onProgress: (share: number) => void,
): Promise<CertifiedRecall> {
  const { nSlots, leafSize } = header;
  const rows: CertifiedRow[] = [];
  const measure = async (searchK: number): Promise<CertifiedRow> => {
    const ten = await measureRecall(pool, subject, truth, searchK, [1, 10], truth.queries.length);
    const hundred = await measureRecall(pool, subject, truth, searchK, [100], HUNDRED_QUERIES);
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
  if (header.nTrees === 0) {
    await measure(nSlots);
  } else {
    let searchK = Math.max(1, Math.min(nSlots, Math.max(2 * leafSize, Math.round(nSlots / 256))));
    let before = 0;
    for (;;) {
      const { recallAt10 } = await measure(searchK);
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
      await measure(middle);
      onProgress(0.8 + (0.2 * (i + 1)) / REFINEMENTS);
    }
  }
  rows.sort((a, b) => a.searchK - b.searchK);
  const best = Math.max(...rows.map((row) => row.recallAt10));
  const chosen = rows.find((row) => row.recallAt10 >= Math.min(target, best - 0.002)) ?? rows[0]!;
  return {
    target,
    queries: truth.queries.length,
    heldOut: true,
    rows,
    defaultSearchK: chosen.searchK,
    recallAt1: chosen.recallAt1,
    recallAt10: chosen.recallAt10,
    recallAt100: chosen.recallAt100,
  };
}

function round(x: number): number {
  return Math.round(x * 1e4) / 1e4;
}
