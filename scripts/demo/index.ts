import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "../../build/pipeline/build.ts";
import { openLocalStore } from "../../build/publish/local.ts";
import { publish } from "../../build/publish/publish.ts";
import type { PublishResult } from "../../build/publish/result.ts";
import { withStore } from "../../build/publish/store.ts";
import type { Progress } from "../../build/settings/progress.ts";
import { readWordNet, type WordNetDocument, wordNetFiles } from "../../build/sources/wordnet.ts";
import type { Manifest } from "../../worker/core/format/meta.ts";
import { fingerprint } from "./fingerprint.ts";
import { openPackedVectors } from "./packed-vectors.ts";

export { assertPortFree, freePort, portOf } from "./port.ts";
export { type LocalServer, serve } from "./serve.ts";

export interface DemoOptions {
  /** Root of the project: holds wrangler.toml and artifacts/. */
  readonly root: string;
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * The reverse dictionary; the Worker's page knows it by its kind. It is searched by meaning, so it does without the
 * keyword index (5 MB) and without a cold copy of the vectors (180 MB): 52 MB in all, every byte of it resident.
 */
const SETTINGS = {
  name: "demo",
  embedder: "encoder",
  keyword: false,
  rescore: "none",
  notes: { kind: "wordnet", title: "WordNet" },
} as const;

/** Vectors of the definitions, made by `npm run build:demo-vectors`. */
export const PACKED_VECTORS = "artifacts/encoder-en/wordnet.bin";

/** File beside the artifact: the fingerprint that its bytes were built from, and its version. */
const STAMP = "demo.stamp";

/**
 * Builds the demo's artifact at `artifacts/demo`, unless the one that is there comes from the same documents, settings
 * and code.
 */
export async function buildDemo({ root, onProgress }: DemoOptions): Promise<{ dir: string; built: boolean }> {
  const artifacts = join(root, "artifacts");
  const dir = join(artifacts, "demo");
  const encoder = join(artifacts, "encoder-en", "encoder.bin");
  const packed = join(root, PACKED_VECTORS);
  const unpacking = join(root, "scripts", "demo", "packed-vectors.ts");
  const print = await fingerprint(root, SETTINGS, [encoder, packed, unpacking, ...wordNetFiles()]);
  const stampPath = join(artifacts, STAMP);
  if (await isFresh(dir, stampPath, print)) return { dir, built: false };
  await rm(stampPath, { force: true });
  await mkdir(artifacts, { recursive: true });
  const { manifest } = await build({
    ...SETTINGS,
    documents: () => withVectors(readWordNet(), packed),
    out: dir,
    ...(onProgress && { onProgress }),
  });
  await writeFile(stampPath, `${print} ${manifest.version}\n`);
  return { dir, built: true };
}

/** WordNet's documents with their vectors, which were computed beforehand. */
async function* withVectors(documents: AsyncIterable<WordNetDocument>, path: string) {
  const { rows, dimensions, unpack } = openPackedVectors(await readFile(path));
  const vectors = unpack();
  let row = 0;
  for await (const document of documents) {
    yield { ...document, vector: vectors.subarray(row * dimensions, (row + 1) * dimensions) };
    row++;
  }
  if (row === rows) return;
  throw new Error(`${path} has ${rows} vectors; WordNet has ${row} synsets. Run npm run build:demo-vectors.`);
}

/** Whether the artifact is whole and comes from this fingerprint. Contents are checked by publishing. */
async function isFresh(dir: string, stampPath: string, print: string): Promise<boolean> {
  try {
    const manifest = JSON.parse(await readFile(join(dir, "manifest.json"), "utf8")) as Manifest;
    if ((await readFile(stampPath, "utf8")) !== `${print} ${manifest.version}\n`) return false;
    for (const [file, { bytes }] of Object.entries(manifest.files)) {
      if ((await stat(join(dir, file))).size !== bytes) return false;
    }
    return true;
  } catch {
    return false;
  }
}

/** Publishes an artifact folder to the local R2 and KV that {@link serve} reads. Nothing is written when it is there. */
export async function publishLocally(
  dir: string,
  { root, onProgress, persistTo }: DemoOptions & { readonly persistTo?: string },
): Promise<PublishResult> {
  const open = () => openLocalStore({ root, ...(persistTo !== undefined && { persistTo }) });
  // Forced: what was published here before, with other code or settings, sets no standard for a demo.
  return withStore(open, (store) =>
    publish(store, dir, { by: "npm start", force: true, ...(onProgress && { onProgress }) }),
  );
}
