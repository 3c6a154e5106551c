import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { build } from "../../../build/index.ts";
import { measureFilters } from "./filters.ts";
import { measureTypos } from "./typos.ts";

let folder: string;
const dir = () => join(folder, "artifact");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-bench-"));
  const nouns = ["garden", "harbour", "mountain", "library", "kitchen", "station", "village", "theatre"];
  const verbs = ["opens", "closes", "shines", "echoes", "trembles", "sleeps"];
  const documents = Array.from({ length: 400 }, (_, i) => ({
    pageContent: `The ${nouns[i % 8]} ${verbs[i % 6]} beside the ${nouns[(i >> 3) % 8]} on evening ${i}.`,
  }));
  await build({ documents: () => documents, out: dir(), name: "bench" });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test("filtered recall is measured for every share, and an exact scan of few items finds them all", async () => {
  const results = await measureFilters(dir(), 20);
  expect(results.map(({ share }) => share)).toEqual([1, 0.5, 0.1, 0.01, 0.001]);
  for (const { recall, milliseconds } of results) {
    expect(recall).toBeGreaterThan(0.8);
    expect(recall).toBeLessThanOrEqual(1);
    expect(milliseconds).toBeGreaterThan(0);
  }
  expect(results[3]!.recall).toBe(1);
});

test("misspelled words of the index are asked for, and most find a document with the word", async () => {
  const { words, found } = await measureTypos(dir(), 60);
  expect(words).toBeGreaterThan(20);
  expect(found).toBeGreaterThan(0.5);
  expect(found).toBeLessThanOrEqual(1);
});
