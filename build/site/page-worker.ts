import { parentPort } from "node:worker_threads";
import { SourceError } from "../sources/errors.ts";
import type { SourceFile } from "../sources/types.ts";
import { readPageFile } from "./page-file.ts";
import type { PageMessage, ReadPage } from "./pages.ts";

// One thread of pages.ts: reads batches of files as they come.
parentPort?.on("message", async (files: readonly SourceFile[]) => {
  const say = (message: PageMessage) => parentPort?.postMessage(message);
  try {
    const pages: ReadPage[] = [];
    for (const file of files) pages.push(await readPageFile(file));
    say({ pages });
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    say({ failed: { code: error.code, message: error.message } });
  }
});
