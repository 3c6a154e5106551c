import { standardError } from "../numeric/statistics.ts";
import type { Pool } from "../threads/pool.ts";
import type { MeasuredArtifact, Recall, Truth } from "./held-out.ts";
import type { Recorded, Recording, RecordTask } from "./record.ts";

/** Queries that one thread records at a time: few enough that all threads end at about the same time. */
const CHUNK = 10;

/**
 * Recall of a forest at every searchK: the mean share of the exact k nearest that a search finds, for every k of `at`. An
 * answer as near as the k-th exact one counts, whichever of equally near items it is.
 */
export async function recordRecall(
  pool: Pool,
  measured: MeasuredArtifact,
  truth: Truth,
  recording: Recording,
): Promise<Recall[]> {
  const { metric, vectors, dimensions, items, texts, queries } = truth;
  const tasks: RecordTask[] = [];
  for (let from = 0; from < queries.length; from += CHUNK) {
    const to = Math.min(queries.length, from + CHUNK);
    const part = { queries: queries.slice(from, to), nearest: truth.nearest.slice(from, to) };
    const rows = { metric, vectors, dimensions, items, texts };
    tasks.push({ kind: "record", ...measured, ...recording, ...rows, ...part });
  }
  const parts = await pool.run(tasks);
  const n = Math.max(1, queries.length);
  const mean = (name: keyof Recorded, at: number) =>
    parts.reduce((total, part) => total + part[name][at]!, 0) / n;
  return recording.searchKs.map((_, s) => {
    const places = recording.at.map((_, j) => s * recording.at.length + j);
    const recall = places.map((at) => (queries.length === 0 ? 1 : mean("recall", at)));
    return {
      recall,
      error: places.map((at, j) => standardError(recall[j]!, mean("squares", at), n)),
      candidates: mean("candidates", s),
      scored: mean("scored", s),
      lost: recording.margins.map((_, m) => mean("lost", s * recording.margins.length + m)),
    };
  });
}
