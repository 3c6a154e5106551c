import { parentPort, workerData } from "node:worker_threads";
import type { RunTask } from "./pool.ts";

/** Makes this thread one of a pool: it does tasks as they come, over memory that all threads share. */
export function serveTasks(runTask: RunTask): void {
  parentPort?.on("message", (task) => {
    const result = runTask(workerData as never, task as never); // what the pool was made with
    parentPort?.postMessage(result, [...buffersOf(result)]);
  });
}

/** The buffers of typed arrays in a result: they move to the other thread instead of being copied. */
function buffersOf(value: unknown, found = new Set<ArrayBuffer>()): Set<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (typeof value === "object" && value !== null) {
    for (const part of Object.values(value)) buffersOf(part, found);
  }
  return found;
}
