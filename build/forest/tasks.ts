import { createKernel, type KernelKind, type ScoreKernel } from "../numeric/kernels.ts";
import { type NearestRowsTask, nearestRows, truthKernel } from "../recall/nearest-rows.ts";
import { type RecordTask, record } from "../recall/record.ts";
import { answer, type ShardAnswersTask } from "../recall/shard-answers.ts";
import type { Task } from "../threads/pool.ts";
import { type EncodeTask, encodePart } from "./encode-rows.ts";
import { assign, type Clustering, type ClusterSettings, cluster } from "./kmeans.ts";
import type { Shared } from "./shared.ts";
import { encodeSketches, type SketchTask } from "./sketch.ts";

/** Finds the nearest of given clusters for a list of rows. */
export interface AssignTask extends Task<Uint32Array> {
  readonly kind: "assign";
  readonly list: Uint32Array;
  readonly clustering: Clustering;
}

/** Clusters some rows and assigns all of a list. */
export interface SplitTask extends Task<SplitResult> {
  readonly kind: "split";
  readonly list: Uint32Array;
  readonly training: Uint32Array;
  readonly settings: ClusterSettings;
}

export interface SplitResult extends Clustering {
  readonly labels: Uint32Array;
}

export type ForestTask =
  | AssignTask
  | SplitTask
  | NearestRowsTask
  | SketchTask
  | RecordTask
  | ShardAnswersTask
  | EncodeTask;

let kernel: { readonly width: number; readonly kind: KernelKind; readonly kernel: ScoreKernel } | undefined;

/** This thread's kernel: tasks come one after another, and what V8 has compiled for one instance serves no other. */
function kernelOf(width: number, kind: KernelKind): ScoreKernel {
  if (kernel?.width !== width || kernel.kind !== kind)
    kernel = { width, kind, kernel: createKernel(width, kind) };
  return kernel.kernel;
}

/** Does one task; pure but for the shared memory that sketch tasks write their own part of. */
export function runTask(shared: Shared, task: ForestTask): unknown {
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
