import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { importEncoder } from "../../build/embedding/encoder/import.ts";
import { loadKernel } from "../../build/embedding/encoder/kernel/load.ts";
import { openEncoder } from "../../worker/core/embedding/encoder/encoder.ts";
import { tinyFolder, writeTiny } from "../support/tiny-encoder.ts";

const TEXTS = ["the quick brown fox", "unaffable, running!", "", "東京 and a house", "fox ".repeat(40)];

/** Imports a tiny model and embeds texts by it in Node, with plain SIMD: workerd has to give the same numbers. */
export async function setupEncoder(project: TestProject, folder: string): Promise<void> {
  const path = await writeTiny(join(folder, "tiny-encoder"), tinyFolder("bert"));
  const { out } = await importEncoder(path, { out: join(path, "encoder.bin"), tokenTable: "int4" });
  const bytes = await readFile(out);
  const encoder = openEncoder(bytes, await loadKernel("plain"));
  const vectors = new Float32Array(TEXTS.length * encoder.identity.dimensions);
  encoder.embedPassagesInto(TEXTS, vectors);
  project.provide("encoder", {
    base64: bytes.toString("base64"),
    texts: TEXTS,
    vectors: Array.from(vectors),
  });
}
