import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { SourceError, type SourceErrorCode } from "../sources/errors.ts";
import type { SourceFile } from "../sources/types.ts";
import { moduleBeside } from "../threads/pool.ts";
import type { Page, Skipped } from "./page.ts";
import { readPageFile } from "./page-file.ts";

/** Files handed to a thread at a time. */
const BATCH = 16;
/** From so many files on threads are worth their start. */
const MANY = 128;
const MOST_THREADS = 4;

export type ReadPage = Page | Skipped;
export type PageMessage =
  | { readonly pages: readonly ReadPage[] }
  | { readonly failed: { readonly code: SourceErrorCode; readonly message: string } };

/**
 * Reads files of HTML, Markdown and MDX as pages, in their order. Parsing HTML is most of the time that reading a site
 * takes, so many files are read on threads.
 *
 * @throws SourceError naming the file that cannot be read
 */
export async function* readPageFiles(files: readonly SourceFile[]): AsyncGenerator<ReadPage> {
  const threads = Math.min(availableParallelism(), MOST_THREADS);
  if (files.length < MANY || threads < 2) {
    for (const file of files) yield await readPageFile(file);
    return;
  }
  const batches: SourceFile[][] = [];
  for (let at = 0; at < files.length; at += BATCH) batches.push(files.slice(at, at + BATCH));
  const readers = Array.from({ length: threads }, createReader);
  try {
    // Each reader is a batch ahead of what is asked for: the order stays, and no thread waits for another.
    const under = readers.map((reader, i) => batches[i] && reader.read(batches[i]));
    for (const i of batches.keys()) {
      const slot = i % threads;
      yield* await under[slot]!;
      const next = batches[i + threads];
      under[slot] = next && readers[slot]!.read(next);
    }
  } finally {
    await Promise.all(readers.map((reader) => reader.close()));
  }
}

function createReader() {
  const worker = new Worker(moduleBeside(import.meta.url, "page-worker"));
  return {
    read(files: readonly SourceFile[]): Promise<readonly ReadPage[]> {
      const pages = new Promise<readonly ReadPage[]>((resolve, reject) => {
        worker.removeAllListeners("message").removeAllListeners("error");
        worker.once("error", reject);
        worker.once("message", (message: PageMessage) => {
          if ("pages" in message) resolve(message.pages);
          else reject(new SourceError(message.failed.code, message.failed.message));
        });
      });
      // Whoever stops early leaves batches that nobody awaits.
      pages.catch(() => {});
      worker.postMessage(files);
      return pages;
    },
    close: () => worker.terminate(),
  };
}
