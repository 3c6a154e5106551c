import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openArtifact } from "../../worker/core/format/artifact.ts";
import type { LoadedIndex } from "../../worker/core/search/loaded-index.ts";
import { openIndex } from "../../worker/core/search/loaded-index.ts";
import { parseSearchRequest } from "../../worker/core/search/parse.ts";
import { search } from "../../worker/core/search/search.ts";
import type { SearchInput } from "../../worker/core/search/types.ts";
import { createColdReader } from "../../worker/storage/cold.ts";
import { createRangeCache } from "../../worker/storage/range-cache.ts";
import { openLocalIndex, readWhole } from "../local/local-index.ts";
import type { LocalIndex } from "../local/types.ts";
import { createRandom } from "../numeric/random.ts";
import { build } from "./build.ts";

const COUNT = 6000;
const DIMENSIONS = 48;
const WORDS = ["river", "mountain", "forest", "harbour", "desert", "island", "glacier", "meadow"];

/** Vectors around eight words' own directions, as an embedder would give. */
function* documents() {
  const random = createRandom(5);
  for (let i = 0; i < COUNT; i++) {
    const word = i % WORDS.length;
    yield {
      id: `d${i}`,
      pageContent: `${WORDS[word]} number ${i} near the ${WORDS[(i * 5 + 1) % WORDS.length]}`,
      metadata: { word: WORDS[word]!, n: i % 10 },
      vector: Array.from({ length: DIMENSIONS }, (_, j) => random() - 0.5 + (j === word ? 1.5 : 0)),
    };
  }
}
const near = (word: number, seed: number): number[] => {
  const random = createRandom(seed);
  return Array.from({ length: DIMENSIONS }, (_, j) => random() - 0.5 + (j === word ? 1.5 : 0));
};

let dir: string;
let whole: LocalIndex;
let cold: LoadedIndex;
let reads = 0;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "annoy-edge-cold-"));
  await build({
    documents,
    out: dir,
    codec: "binary",
    rescore: "int8",
    filterable: ["word", "n"],
    targetRecall: 0.8,
    embedder: {
      identity: { provider: "words", model: "words", dimensions: DIMENSIONS, normalized: false },
      embedDocuments: async (texts) => texts.map(() => near(0, 1)),
      embedQuery: async (text) => near(Math.max(0, WORDS.indexOf(text.split(" ")[0] ?? "")), 99),
    },
  });
  const embedQuery = async (text: string) =>
    near(Math.max(0, WORDS.indexOf(text.split(" ")[0] ?? "")), text.length);
  const embedder = {
    embedQuery,
    embedDocuments: async (texts: string[]) => Promise.all(texts.map(embedQuery)),
  };
  whole = await openLocalIndex(dir, { embedder });
  const file = await readWhole(join(dir, "forest.bin"));
  const { hotBytes } = whole.artifact.header;
  const read = async (offset: number, length: number) => {
    reads++;
    return file.slice(offset, offset + length);
  };
  cold = openIndex({
    version: whole.version,
    manifest: whole.manifest,
    artifact: openArtifact(file.slice(0, hotBytes)),
    docstore: whole.docstore,
    readRanges: createColdReader({ key: "forest.bin", bytes: file.length, read }, createRangeCache(0)),
    createEmbedder: () => whole.embedder,
  });
});
afterAll(async () => {
  await whole?.close();
  await rm(dir, { recursive: true, force: true });
});

const requests: Readonly<Record<string, SearchInput>> = {
  "a vector": { vector: near(3, 17), k: 10 },
  "a vector with a filter": { vector: near(3, 17), k: 10, filter: { n: 5 } },
  "a filter that passes a few": {
    vector: near(3, 17),
    k: 5,
    filter: { and: [{ n: 5 }, { word: "harbour" }] },
  },
  "marginal relevance": { vector: near(2, 23), k: 5, mmr: { fetchK: 20, lambda: 0.4 } },
  hybrid: { query: "glacier near the river", k: 10, mode: "hybrid" },
  "hybrid with a filter, and the vectors": {
    ...{ query: "glacier", k: 5, mode: "hybrid", filter: { n: { lt: 5 } } },
    include: ["document", "vector"],
  },
  "words alone": { query: "meadow", k: 5, mode: "keyword" },
  "an item": { item: 4321, k: 5 },
};

describe("an index whose vectors are read by range answers as the one in memory", () => {
  test.each(Object.entries(requests))("%s", async (_, input) => {
    const request = parseSearchRequest(input);
    reads = 0;
    const answer = await search(cold, request);
    expect(answer.hits.length).toBe(request.k);
    expect(answer).toEqual(await search(whole, request));
    if (input.mode !== "keyword") expect(reads).toBeGreaterThan(0);
  });
});
