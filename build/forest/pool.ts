import { createPool, moduleBeside, type Pool } from "../threads/pool.ts";
import type { Shared } from "./shared.ts";
import { runTask } from "./tasks.ts";

/**
 * Creates a pool whose threads do the tasks of building and certifying forests.
 *
 * @param jobs threads; -1: one a core
 * @param small whether the work is too small to start threads for
 */
export function createForestPool(shared: Shared, jobs: number, small: boolean): Pool {
  return createPool({ jobs, small, shared, thread: moduleBeside(import.meta.url, "thread"), runTask });
}
