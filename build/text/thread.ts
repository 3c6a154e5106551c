import { Worker } from "node:worker_threads";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { Progress } from "../settings/progress.ts";
import { moduleBeside } from "../threads/pool.ts";
import type { TextOptions, TextPlan } from "./options.ts";
import { indexTexts, type TextInput, type TextSections } from "./sections.ts";
import type { TextJob, TextMessage } from "./thread-main.ts";

/** Runs {@link indexTexts} on a thread of its own. */
function onThread(job: TextJob, onProgress?: (progress: Progress) => void): Promise<TextSections> {
  const worker = new Worker(moduleBeside(import.meta.url, "thread-main"), { workerData: job });
  const answer = new Promise<TextSections>((resolve, reject) => {
    worker.on("error", reject);
    worker.on("exit", (code) => reject(new Error(`The thread that indexes texts ended with ${code}.`)));
    worker.on("message", (message: TextMessage) => {
      if ("progress" in message) onProgress?.(message.progress);
      else if ("done" in message) resolve(message.done);
      else reject(new AnnoyEdgeError(message.failed.code, message.failed.message));
    });
  });
  return answer.finally(() => worker.terminate());
}

/** From so many documents on a thread of its own is worth its start. */
const MANY = 2000;

/**
 * The sections that come from `documents.jsonl` at `path`, which is read once for each. Those of many documents are
 * made on another thread: work with the vectors can go on meanwhile.
 *
 * @param options with the languages of the documents (see languages.ts); nothing that cannot be sent to a thread
 */
export async function buildTextSections(
  path: string,
  input: TextInput,
  options: TextOptions & { readonly plan?: TextPlan },
  onProgress?: (progress: Progress) => void,
): Promise<TextSections> {
  return input.nItems < MANY
    ? indexTexts(path, input, options, onProgress)
    : onThread({ path, options, ...input }, onProgress);
}
