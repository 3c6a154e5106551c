import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadEncoder } from "../../build/embedding/sentence/embedder.ts";
import { embedTexts } from "../../build/embedding/texts.ts";
import { readWordNet } from "../../build/sources/wordnet.ts";
import { progressView } from "../cli/terminal.ts";
import { PACKED_VECTORS } from "./index.ts";
import { packVectors } from "./packed-vectors.ts";

/** Axes that are kept of the encoder's 384 dimensions: 128 bytes a definition, 15 MB in all. */
const AXES = 256;

/** `npm run build:demo-vectors`: encodes WordNet's definitions with the encoder that ships, in some ten minutes on two cores. */
const root = fileURLToPath(new URL("../..", import.meta.url));
const view = progressView(process.stderr);
const encoder = await loadEncoder();
try {
  const { dimensions, contentHash = "" } = encoder.identity;
  const texts: string[] = [];
  for await (const { pageContent } of readWordNet()) texts.push(pageContent);
  const vectors = await embedTexts(encoder, texts, { onProgress: view.update });
  await writeFile(join(root, PACKED_VECTORS), packVectors(vectors, dimensions, AXES, contentHash));
} finally {
  view.end();
  await encoder.close();
}
