import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { loadEncoder } from "../../build/embedding/sentence/embedder.ts";
import { openPackedVectors, packVectors } from "./packed-vectors.ts";

const DIMENSIONS = 32;

/** Unit vectors whose variance falls from axis to axis, as an encoder's does. */
function vectorsOf(rows: number): Float32Array {
  const vectors = new Float32Array(rows * DIMENSIONS);
  let state = 7;
  const next = () => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647 - 0.5;
  };
  for (let row = 0; row < rows; row++) {
    const vector = vectors.subarray(row * DIMENSIONS, (row + 1) * DIMENSIONS);
    for (let d = 0; d < DIMENSIONS; d++) vector[d] = (next() + next() + next()) / (1 + d);
    const length = Math.hypot(...vector);
    for (let d = 0; d < DIMENSIONS; d++) vector[d]! /= length;
  }
  return vectors;
}

test("packed vectors come back nearly as they were", () => {
  const rows = 500;
  const vectors = vectorsOf(rows);
  const packed = packVectors(vectors, DIMENSIONS, 16, "0123456789abcdef");
  expect(packed.byteLength).toBe(32 + 4 * (32 + 16 + 16 * 32) + rows * 8);
  const opened = openPackedVectors(packed);
  expect(opened).toMatchObject({ rows, dimensions: DIMENSIONS, contentHash: "0123456789abcdef" });
  const unpacked = opened.unpack();
  let sum = 0;
  for (const [i, value] of unpacked.entries()) sum += value * vectors[i]!;
  expect(sum / rows).toBeGreaterThan(0.98);
});

test("a file that is cut or foreign is refused", () => {
  const packed = packVectors(vectorsOf(50), DIMENSIONS, 16, "0123456789abcdef");
  for (const bytes of [packed.subarray(0, -1), packed.subarray(0, 10), new Uint8Array(100)]) {
    expect(() => openPackedVectors(bytes)).toThrow("damaged");
  }
});

test("the demo's vectors are of the encoder that ships", async () => {
  const { contentHash } = openPackedVectors(await readFile("artifacts/encoder-en/wordnet.bin"));
  expect((await loadEncoder()).identity.contentHash).toBe(contentHash);
});
