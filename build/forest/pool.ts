import { createPool, type Pool, type Task } from "../threads/pool.ts";
import type { Shared } from "./shared.ts";
import { type ForestTask, runTask } from "./tasks.ts";

/**
 * Creates a pool whose threads do the tasks of building and certifying forests.
 *
 * @param jobs threads; -1: one a core
 * @param small whether the work is too small to start threads for
 */
export function createForestPool(shared: Shared, jobs: number, small: boolean): Pool {
  // Compiled for npm the file ends in .js; in the checkout Node runs the TypeScript itself.
  const file = import.meta.url.endsWith(".ts") ? "./thread.ts" : "./thread.js";
  const run = (task: Task) => runTask(shared, task as ForestTask); // only such tasks are given to this pool
  return createPool({ jobs, small, shared, thread: new URL(file, import.meta.url), runTask: run });
}
