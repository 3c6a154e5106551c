import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeRecall } from "../../scripts/cli/describe.ts";
import { build } from "./build.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-texts-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("a build certifies recall for pieces of its texts, and a list without words for none", async () => {
  const words = [
    "river",
    "engine",
    "garden",
    "winter",
    "school",
    "music",
    "bread",
    "window",
    "horse",
    "paper",
  ];
  const word = (i: number) => words[i % words.length]!;
  const documents = Array.from({ length: 300 }, (_, i) => ({
    id: `d${i}`,
    pageContent: `The ${word(i)} of the old town lies near a ${word(i * 7 + 3)}. Many people bring a ${word((i / 10) | 0)} to the ${word(i + 5)} every day. Nobody sees the ${word(i * 3)} behind it.`,
  }));
  const options = { documents, embedder: "static", trees: 1, leaf: 8, jobs: 1 } as const;
  const { manifest } = await build({ ...options, out: join(folder, "words") });
  const { texts, defaultSearchK } = manifest.certified;
  expect(texts?.queries).toBeGreaterThanOrEqual(100);
  expect(texts!.recallAt10).toBeGreaterThanOrEqual(0.95);
  expect(describeRecall(manifest.certified)).toContain(` of ${texts!.queries} texts of a few words`);
  const plain = await build({ ...options, keyword: false, out: join(folder, "plain") });
  expect(plain.manifest.certified.texts).toBeUndefined();
  expect(plain.manifest.certified.defaultSearchK).toBeLessThanOrEqual(defaultSearchK);
});
