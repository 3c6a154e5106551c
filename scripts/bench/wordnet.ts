import { join } from "node:path";
import { readManifest } from "../../build/artifact/folder.ts";
import { build } from "../../build/index.ts";
import { readWordNet } from "../../build/sources/wordnet.ts";
import { progressView } from "../cli/terminal.ts";
import { CACHE } from "./tool.ts";

/** Builds WordNet's 117,791 entries with words, unless they are there. Returns the folder. */
export async function buildWordNet(name: string, embedder?: "static"): Promise<string> {
  const out = join(CACHE, name);
  if (await readManifest(out).catch(() => undefined)) return out;
  const { update: onProgress, end } = progressView(process.stderr);
  const documents = () => readWordNet();
  await build({ name, documents, rescore: "none", out, onProgress, ...(embedder && { embedder }) });
  end();
  return out;
}

/** WordNet's definitions, in their order. */
export async function wordNetTexts(): Promise<string[]> {
  const texts: string[] = [];
  for await (const { pageContent } of readWordNet()) texts.push(pageContent);
  return texts;
}
