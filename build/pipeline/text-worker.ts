import { parentPort, workerData } from "node:worker_threads";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { indexTexts } from "./text.ts";
import type { TextJob, TextMessage } from "./text-thread.ts";

// The thread of text-thread.ts. Sections are handed over, not copied.
const { path, options, ...input } = workerData as TextJob;
const say = (message: TextMessage, handed: ArrayBuffer[] = []) => parentPort?.postMessage(message, handed);
try {
  const done = await indexTexts(path, input, options, (progress) => say({ progress }));
  const buffers = new Set(done.sections.map(({ bytes }) => bytes.buffer));
  say(
    { done },
    [...buffers].filter((buffer) => buffer instanceof ArrayBuffer),
  );
} catch (error) {
  if (!(error instanceof AnnoyEdgeError)) throw error;
  say({ failed: { code: error.code, message: error.message } });
}
