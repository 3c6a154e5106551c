import { parentPort, workerData } from "node:worker_threads";
import type { Shared } from "./shared.ts";
import { type ForestTask, runTask } from "./tasks.ts";

// One thread of the pool: does tasks as they come, over memory that all threads share.
parentPort?.on("message", (task: ForestTask) => {
  const result = runTask(workerData as Shared, task);
  parentPort?.postMessage(result, [...buffersOf(result)]);
});

/** The buffers of typed arrays in a result: they move to the other thread instead of being copied. */
function buffersOf(value: unknown, found = new Set<ArrayBuffer>()): Set<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (typeof value === "object" && value !== null) {
    for (const part of Object.values(value)) buffersOf(part, found);
  }
  return found;
}
