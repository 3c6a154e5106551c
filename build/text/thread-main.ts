import { parentPort, workerData } from "node:worker_threads";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { Progress } from "../settings/progress.ts";
import type { TextOptions, TextPlan } from "./options.ts";
import { indexTexts, type TextInput, type TextSections } from "./sections.ts";

/** Work of the thread that thread.ts starts, and its answers. */
export interface TextJob extends TextInput {
  readonly path: string;
  readonly options: TextOptions & { readonly plan?: TextPlan };
}
export type TextMessage =
  | { readonly progress: Progress }
  | { readonly done: TextSections }
  | { readonly failed: { readonly code: string; readonly message: string } };

// Sections are moved to the other thread, not copied.
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
