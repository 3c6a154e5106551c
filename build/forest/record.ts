import { itemDecoder } from "../../worker/core/forest/flat.ts";
import { openForest } from "../../worker/core/forest/open.ts";
import { openSlots } from "../../worker/core/forest/slots.ts";
import { openVectors } from "../../worker/core/forest/vectors.ts";
import { type Artifact, openArtifact } from "../../worker/core/format/artifact.ts";
import { createJudge, type ExactRows, NOTHING } from "./judge.ts";
import type { Pool } from "./pool.ts";
import type { Recall, Subject, Truth } from "./recall.ts";
import { openStages, type StagedWalk } from "./stages.ts";

/** What is measured. */
export interface Recording {
  /** Ascending. */
  readonly searchKs: readonly number[];
  /** Every k of which recall is asked, ascending. */
  readonly at: readonly number[];
  /** Margins, in mean factors, of which is asked what they lose of the last k; the artifact's own must be endless. */
  readonly margins: readonly number[];
}

/** Measures a forest at many searchK with one walk a query. */
export interface RecordTask extends ExactRows, Subject, Recording {
  readonly kind: "record";
  readonly items: Uint32Array | undefined;
  readonly queries: Uint32Array;
  readonly nearest: readonly Uint32Array[];
}

/** Sums over the queries of a task: a line for every searchK. */
export interface Recorded {
  readonly recall: Float64Array;
  /** Of the squares of the queries' recalls. */
  readonly squares: Float64Array;
  readonly candidates: Float64Array;
  readonly scored: Float64Array;
  readonly lost: Float64Array;
}

/** Queries that one thread records at a time: few enough that all threads end at about the same time. */
const CHUNK = 10;

/**
 * Recall of a forest at every searchK: the mean share of the exact k nearest that a search finds, for every k of `at`. An
 * answer as near as the k-th exact one counts, whichever of equally near items it is.
 */
export async function recordRecall(
  pool: Pool,
  subject: Subject,
  truth: Truth,
  recording: Recording,
): Promise<Recall[]> {
  const { metric, vectors, dimensions, items, queries } = truth;
  const tasks: RecordTask[] = [];
  for (let from = 0; from < queries.length; from += CHUNK) {
    const to = Math.min(queries.length, from + CHUNK);
    const part = { queries: queries.slice(from, to), nearest: truth.nearest.slice(from, to) };
    tasks.push({ kind: "record", ...subject, ...recording, metric, vectors, dimensions, items, ...part });
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
      error: places.map((at, j) =>
        Math.sqrt(Math.max(0, mean("squares", at) - recall[j]! ** 2) / Math.max(1, n - 1)),
      ),
      candidates: mean("candidates", s),
      scored: mean("scored", s),
      lost: recording.margins.map((_, m) => mean("lost", s * recording.margins.length + m)),
    };
  });
}

/** An artifact as this thread has opened it. */
interface Opened {
  readonly subject: Subject;
  readonly walk: StagedWalk;
  vector(item: number): Float32Array | undefined;
}

/** What this thread opened last: tasks of one table come many at a time. */
let opened: Opened | undefined;

function openOnce(subject: Subject): Opened {
  const { bytes, edition } = subject;
  if (opened?.subject.edition === edition && opened.subject.bytes.buffer === bytes.buffer) return opened;
  const artifact = openArtifact(bytes, { trusted: true });
  opened = { subject: { bytes, edition }, walk: openStages(artifact), vector: vectorIn(artifact) };
  return opened;
}

/** Stored vectors, one at a time in the same row; of forests that have none those that their sketches stand for. */
function vectorIn(artifact: Artifact): Opened["vector"] {
  const finest = openVectors(artifact, "rescore") ?? openVectors(artifact, "vectors");
  if (!finest) return openForest(artifact).vector;
  const row = new Float32Array(artifact.header.dimensions);
  const decode = itemDecoder(openSlots(artifact), (slot, out) => finest.decode(slot, out));
  return (item) => (decode(item, row) ? row : undefined);
}

/** One task of {@link recordRecall}. */
export function record(task: RecordTask): Recorded {
  const { searchKs, at, margins, dimensions } = task;
  const { walk, vector } = openOnce(task);
  const sums = (width: number) => new Float64Array(searchKs.length * width);
  const recall = sums(at.length);
  const squares = sums(at.length);
  const candidates = sums(1);
  const scored = sums(1);
  const lost = sums(margins.length);
  for (const [i, row] of task.queries.entries()) {
    const query = task.vectors.slice(row * dimensions, (row + 1) * dimensions);
    const judge = createJudge(task, query, row, task.nearest[i]!, at, vector);
    let verdict = NOTHING;
    // Nearest to a query is the query itself, an item like any other here.
    walk(query, { k: at.at(-1)! + 1, searchKs, margins }, (stage) => {
      const { index } = stage;
      if (stage.changed) verdict = judge(stage.items());
      for (const [j, share] of verdict.shares.entries()) {
        recall[index * at.length + j]! += share;
        squares[index * at.length + j]! += share * share;
      }
      candidates[index]! += stage.candidates;
      scored[index]! += stage.scored;
      for (let m = 0; m < margins.length; m++) {
        const missed = verdict.right.filter((item) => !((stage.scoredWith(item) >>> m) & 1)).length;
        lost[index * margins.length + m]! += missed / Math.max(1, verdict.wanted);
      }
    });
  }
  return { recall, squares, candidates, scored, lost };
}
