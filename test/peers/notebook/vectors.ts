import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Embeddings } from "@langchain/core/embeddings";
import { QUERIES, QUESTION, splitSpeech, TEXTS } from "./play.ts";

/** The notebook's texts as vectors of its own model; test/fixtures/mpnet/README.md has the command that made them. */
export const VECTORS = fileURLToPath(new URL("../../fixtures/mpnet/vectors.f32", import.meta.url));
export const SPEECH = fileURLToPath(new URL("../../fixtures/texts/state_of_the_union.txt", import.meta.url));
export const DIMENSIONS = 768;

/** All that the notebook embeds, in the order of the vectors. */
export async function notebookTexts(): Promise<string[]> {
  const chunks = await splitSpeech(SPEECH);
  return [...TEXTS, ...QUERIES, QUESTION, ...chunks.map((chunk) => chunk.pageContent)];
}

/** Embeds the texts that it has the vectors of. */
export class KeptEmbeddings extends Embeddings {
  readonly #vectors: ReadonlyMap<string, Float32Array>;

  constructor(texts: readonly string[], rows: Float32Array) {
    super({});
    if (rows.length !== texts.length * DIMENSIONS) {
      throw new Error(`${rows.length / DIMENSIONS} vectors for ${texts.length} texts: make them again.`);
    }
    this.#vectors = new Map(
      texts.map((text, i) => [text, rows.subarray(i * DIMENSIONS, (i + 1) * DIMENSIONS)]),
    );
  }

  async embedQuery(text: string): Promise<number[]> {
    const vector = this.#vectors.get(text);
    if (!vector) throw new Error(`No vector is kept of ${JSON.stringify(text)}.`);
    return Array.from(vector);
  }

  async embedDocuments(texts: string[]): Promise<number[][]> {
    return Promise.all(texts.map((text) => this.embedQuery(text)));
  }
}

export async function readVectors(path = VECTORS): Promise<Float32Array> {
  const bytes = await readFile(path);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

export async function writeVectors(rows: Float32Array): Promise<void> {
  await writeFile(VECTORS, new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength));
}
