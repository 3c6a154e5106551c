import { parentPort, workerData } from "node:worker_threads";
import { type EncoderShared, type EncodeTask, runEncodeTask } from "./work.ts";

// One thread of a build's encoder: embeds texts as they come.
parentPort?.on("message", (task: EncodeTask) => {
  const vectors = runEncodeTask(workerData as EncoderShared, task); // what createPool was given
  parentPort?.postMessage(vectors, [vectors.buffer as ArrayBuffer]);
});
