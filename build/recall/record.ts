import { itemVectors } from "../../worker/core/forest/item-vectors.ts";
import { openForest } from "../../worker/core/forest/open-forest.ts";
import { openSlots } from "../../worker/core/forest/slots.ts";
import { openVectors } from "../../worker/core/forest/vectors.ts";
import type { Artifact } from "../../worker/core/format/artifact.ts";
import type { Task } from "../threads/pool.ts";
import { createGrader, type ExactRows, NOTHING } from "./exact-score.ts";
import type { MeasuredArtifact } from "./held-out.ts";
import { openerOf } from "./opened.ts";
import { openStages } from "./stages.ts";

/** Points to measure. */
export interface Recording {
  /** Ascending. */
  readonly searchKs: readonly number[];
  /** Every k of which recall is asked, ascending. */
  readonly at: readonly number[];
  /** Margins, in mean factors, of which is asked what they lose of the last k; the artifact's own must be endless. */
  readonly margins: readonly number[];
}

/** Measures a forest at many searchK with one walk a query. */
export interface RecordTask extends Task<Recorded>, ExactRows, MeasuredArtifact, Recording {
  readonly kind: "record";
  readonly items: Uint32Array | undefined;
  readonly queries: Uint32Array;
  readonly nearest: readonly Uint32Array[];
}

/** Sums over the queries of a task: a line for every searchK. */
export interface Recorded {
  readonly recall: Float64Array;
  /** Sums of the squares of the queries' recalls. */
  readonly squares: Float64Array;
  readonly candidates: Float64Array;
  readonly scored: Float64Array;
  readonly lost: Float64Array;
}

type VectorOf = (item: number) => Float32Array | undefined;

const openOnce = openerOf((artifact) => ({ walk: openStages(artifact), vector: vectorIn(artifact) }));

/** Stored vectors, one at a time in the same row; of forests that have none those that their sketches stand for. */
function vectorIn(artifact: Artifact): VectorOf {
  const stored = openVectors(artifact, "rescore") ?? openVectors(artifact, "vectors");
  if (!stored) return openForest(artifact).vector;
  const row = new Float32Array(artifact.header.dimensions);
  const { decode } = itemVectors(artifact.header, openSlots(artifact), stored.decode);
  return (item) => (decode(item, row) ? row : undefined);
}

/** One task of `recordRecall`. */
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
    const query = (task.texts ?? task.vectors).slice(row * dimensions, (row + 1) * dimensions);
    const judge = createGrader(task, { query, row, nearest: task.nearest[i]! }, at, vector);
    let grade = NOTHING;
    // Nearest to a query is the query itself, an item like any other here.
    walk(query, { k: at.at(-1)! + 1, searchKs, margins }, (stage) => {
      const { index } = stage;
      if (stage.changed) grade = judge(stage.items());
      for (const [j, share] of grade.shares.entries()) {
        recall[index * at.length + j]! += share;
        squares[index * at.length + j]! += share * share;
      }
      candidates[index]! += stage.candidates;
      scored[index]! += stage.scored;
      for (let m = 0; m < margins.length; m++) {
        const missed = grade.right.filter((item) => !((stage.scoredWith(item) >>> m) & 1)).length;
        lost[index * margins.length + m]! += missed / Math.max(1, grade.wanted);
      }
    });
  }
  return { recall, squares, candidates, scored, lost };
}
