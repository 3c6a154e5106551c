import { openForest } from "../../worker/forest/open.ts";
import type { Forest } from "../../worker/forest/types.ts";
import { openArtifact } from "../../worker/format/artifact.ts";
import type { Metric } from "../../worker/format/constants.ts";
import type { Measured, Subject } from "./recall.ts";

export interface ExactRows {
  readonly metric: Metric;
  readonly vectors: Float32Array;
  readonly dimensions: number;
}

/** Queries with their exact answers, and how to search for them. */
export interface Measurement extends ExactRows {
  readonly items: Uint32Array | undefined;
  readonly queries: Uint32Array;
  readonly nearest: readonly Uint32Array[];
  readonly searchK: number;
  readonly at: readonly number[];
}

/** A measurement of an artifact in shared memory. */
export interface MeasureTask extends Measurement, Subject {
  readonly kind: "measure";
}

/** What this thread opened last: tasks of one table come many at a time. */
let opened: { readonly edition: number; readonly bytes: Uint8Array; readonly forest: Forest } | undefined;

export function measure(task: MeasureTask): Measured {
  return measureForest(openSubject(task), task);
}

/** The forest of a subject, opened once by each thread. */
export function openSubject({ bytes, edition }: Subject): Forest {
  if (opened?.edition !== edition || opened.bytes.buffer !== bytes.buffer) {
    opened = { edition, bytes, forest: openForest(openArtifact(bytes, { trusted: true })) };
  }
  return opened.forest;
}

/** Sums, not means, over the queries of the task. */
export function measureForest(forest: Forest, task: Measurement): Measured {
  const most = Math.max(...task.at);
  const recall = task.at.map(() => 0);
  const squares = task.at.map(() => 0);
  const count = (j: number, share: number) => {
    recall[j]! += share;
    squares[j]! += share * share;
  };
  let candidates = 0;
  let scored = 0;
  for (const [i, row] of task.queries.entries()) {
    const nearest = task.nearest[i]!;
    const query = task.vectors.slice(row * task.dimensions, (row + 1) * task.dimensions);
    // Nearest to a query is the query itself, an item like any other here.
    const own = task.items?.[row] ?? row;
    const found = forest.search(query, { k: most + 1, searchK: task.searchK });
    const items = found.items.filter((item) => item !== own).slice(0, most);
    candidates += found.candidates;
    scored += found.scored;
    const scores = items.map((item) => exactScore(task, row, rowOfItem(task.items, item)));
    for (const [j, k] of task.at.entries()) {
      const wanted = Math.min(k, nearest.length);
      if (wanted === 0) {
        count(j, 1);
        continue;
      }
      const last = exactScore(task, row, nearest[wanted - 1]!);
      const limit = last - 1e-6 * Math.max(1, Math.abs(last));
      count(j, Math.min(scores.slice(0, k).filter((score) => score >= limit).length, wanted) / wanted);
    }
  }
  return { recall, squares, candidates, scored };
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

/** Larger is nearer, in double precision over the vectors as given. */
export function exactScore({ metric, vectors, dimensions }: ExactRows, a: number, b: number): number {
  const p = a * dimensions;
  const q = b * dimensions;
  let sum = 0;
  switch (metric) {
    case "angular": {
      let aa = 0;
      let bb = 0;
      for (let i = 0; i < dimensions; i++) {
        const x = vectors[p + i]!;
        const y = vectors[q + i]!;
        sum += x * y;
        aa += x * x;
        bb += y * y;
      }
      return aa * bb > 0 ? sum / Math.sqrt(aa * bb) : 0;
    }
    case "dot":
      for (let i = 0; i < dimensions; i++) sum += vectors[p + i]! * vectors[q + i]!;
      return sum;
    case "euclidean":
      for (let i = 0; i < dimensions; i++) sum -= (vectors[p + i]! - vectors[q + i]!) ** 2;
      return sum;
    case "manhattan":
      for (let i = 0; i < dimensions; i++) sum -= Math.abs(vectors[p + i]! - vectors[q + i]!);
      return sum;
    case "hamming":
      for (let i = 0; i < dimensions; i++) sum -= vectors[p + i]! > 0.5 === vectors[q + i]! > 0.5 ? 0 : 1;
      return sum;
  }
}
