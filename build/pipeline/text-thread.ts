import { Worker } from "node:worker_threads";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { Progress } from "../forest/types.ts";
import type { TextInput, TextOptions, TextPlan, TextSections } from "./text.ts";

/** What the thread is given, and what it says. */
export interface TextJob extends TextInput {
  readonly path: string;
  readonly options: TextOptions & { readonly plan?: TextPlan };
}
export type TextMessage =
  | { readonly progress: Progress }
  | { readonly done: TextSections }
  | { readonly failed: { readonly code: string; readonly message: string } };

/** Does the work of `buildTextSections` on a thread of its own. */
export function onThread(job: TextJob, onProgress?: (progress: Progress) => void): Promise<TextSections> {
  // Compiled for npm the file ends in .js; in the checkout Node runs the TypeScript itself.
  const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const worker = new Worker(new URL(`./text-worker.${ending}`, import.meta.url), { workerData: job });
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
