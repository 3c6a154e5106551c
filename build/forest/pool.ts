import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Shared, Task, TaskResult } from "./tasks.ts";
import { runTask } from "./tasks.ts";

/** Runs tasks over the same shared memory on worker threads, or on this thread when there is just one job. */
export interface Pool {
  /** Results in the order of the tasks, whatever thread did which. */
  run<T extends Task>(tasks: readonly T[], onDone?: (done: number) => void): Promise<TaskResult<T>[]>;
  close(): Promise<void>;
}

/** @param jobs threads; -1: one a core */
export function createPool(shared: Shared, jobs: number, small: boolean): Pool {
  const threads = jobs > 0 ? jobs : availableParallelism();
  if (threads === 1 || small) {
    return {
      async run(tasks, onDone) {
        const results = [];
        for (const [i, task] of tasks.entries()) {
          results.push(runTask(shared, task));
          onDone?.(i + 1);
          // Lets progress and interrupts through between tasks.
          await new Promise((resolve) => setImmediate(resolve));
        }
        return results;
      },
      async close() {},
    };
  }
  // Compiled for npm the file ends in .js; in the checkout Node runs the TypeScript itself.
  const file = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url);
  const workers = Array.from({ length: threads }, () => new Worker(file, { workerData: shared }));
  return {
    run(tasks, onDone) {
      return new Promise((resolve, reject) => {
        const results = new Array(tasks.length);
        let next = 0;
        let done = 0;
        if (tasks.length === 0) return resolve(results);
        for (const worker of workers) {
          let current = -1;
          const give = () => {
            if (next >= tasks.length) return;
            current = next++;
            worker.postMessage(tasks[current]);
          };
          worker.removeAllListeners("message").removeAllListeners("error");
          worker.on("error", reject);
          worker.on("message", (result) => {
            results[current] = result;
            done++;
            onDone?.(done);
            if (done === tasks.length) resolve(results);
            else give();
          });
          give();
        }
      });
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
