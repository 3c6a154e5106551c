import { type AnswersTask, answer, type ShardAnswers } from "./answers.ts";
import { assign, type Clustering, type ClusterSettings, cluster } from "./kmeans.ts";
import { type Recorded, type RecordTask, record } from "./record.ts";
import { createKernel, type KernelKind, type ScoreKernel } from "./simd/kernels.ts";
import { encodeSketches, type SketchPart, type SketchTask } from "./sketch.ts";
import { nearestRows, type TruthPart, type TruthTask, truthKernel } from "./truth.ts";
import { type EncodedPart, type EncodeTask, encodePart } from "./vector-sections.ts";

/** Memory that every thread reads. */
export interface Shared {
  readonly rows: Float32Array<SharedArrayBuffer>;
  readonly width: number;
  readonly spherical: boolean;
  /** Whether no row is longer than 1. */
  readonly unit?: boolean;
}

/** Finds the nearest of given clusters for a list of rows. */
export interface AssignTask {
  readonly kind: "assign";
  readonly list: Uint32Array;
  readonly clustering: Clustering;
}

/** Clusters some rows and assigns all of a list. */
export interface SplitTask {
  readonly kind: "split";
  readonly list: Uint32Array;
  readonly training: Uint32Array;
  readonly settings: ClusterSettings;
}

export interface SplitResult extends Clustering {
  readonly labels: Uint32Array;
}

export type Task = AssignTask | SplitTask | TruthTask | SketchTask | RecordTask | AnswersTask | EncodeTask;
export type TaskResult<T extends Task> = T extends AssignTask
  ? Uint32Array
  : T extends SplitTask
    ? SplitResult
    : T extends TruthTask
      ? TruthPart
      : T extends RecordTask
        ? Recorded
        : T extends AnswersTask
          ? ShardAnswers
          : T extends EncodeTask
            ? EncodedPart
            : SketchPart;

let kernel: { readonly width: number; readonly kind: KernelKind; readonly kernel: ScoreKernel } | undefined;

/** This thread's kernel: tasks come one after another, and what V8 has compiled for one instance serves no other. */
function kernelOf(width: number, kind: KernelKind): ScoreKernel {
  if (kernel?.width !== width || kernel.kind !== kind)
    kernel = { width, kind, kernel: createKernel(width, kind) };
  return kernel.kernel;
}

/** Does one task; pure but for the shared memory that sketch tasks write their own part of. */
export function runTask<T extends Task>(shared: Shared, task: T): TaskResult<T>;
export function runTask(
  shared: Shared,
  task: Task,
): Uint32Array | SplitResult | TruthPart | SketchPart | Recorded | ShardAnswers | EncodedPart {
  const { rows, width, spherical } = shared;
  const kind = shared.unit ? "unit" : "dot";
  switch (task.kind) {
    case "assign": {
      const labels = new Uint32Array(task.list.length);
      assign(kernelOf(width, kind), rows, task.list, task.clustering, spherical, labels);
      return labels;
    }
    case "split": {
      const clustering = cluster(rows, width, kernelOf(width, kind), task.training, task.settings);
      const labels = new Uint32Array(task.list.length);
      assign(kernelOf(width, kind), rows, task.list, clustering, spherical, labels);
      return { ...clustering, labels };
    }
    case "truth":
      return nearestRows(task, kernelOf(task.width, truthKernel(task.metric)));
    case "record":
      return record(task);
    case "answers":
      return answer(task);
    case "encode":
      return encodePart(task);
    case "sketch":
      return encodeSketches(shared, task);
  }
}
