import { parentPort, workerData } from "node:worker_threads";
import { runTask, type Shared, type Task } from "./tasks.ts";

// One thread of the pool: does tasks as they come, over memory that all threads share.
parentPort?.on("message", (task: Task) => {
  parentPort?.postMessage(runTask(workerData as Shared, task));
});
