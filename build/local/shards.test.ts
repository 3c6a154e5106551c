import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { letters, letterVector, textCorpus } from "../../test/seed/corpus.ts";
import { buildShardedFolder } from "../../test/support/sharded-folder.ts";
import type { LoadedIndex } from "../../worker/core/search/loaded-index.ts";
import { openSearcher } from "../../worker/core/search/open-searcher.ts";
import { parseSearchRequest } from "../../worker/core/search/parse.ts";
import { search, searchBatch } from "../../worker/core/search/search.ts";
import type { SearchInput } from "../../worker/core/search/types.ts";
import { AnnoyVectorStore } from "../langchain/index.ts";
import { build } from "../pipeline/build.ts";
import { openLocalIndex } from "./local-index.ts";
import type { LocalIndex } from "./types.ts";

const documents = textCorpus();
const options = {
  embedder: letters,
  codec: "float32",
  filterable: ["topic", "year", "tags"],
  language: "en",
} as const;

let dir: string;
let whole: LocalIndex;
let parts: LocalIndex;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "annoy-edge-shards-"));
  await build({ ...options, documents, out: join(dir, "whole") });
  await buildShardedFolder(join(dir, "parts"), documents, (item) => (item * 7) % 3, options);
  whole = await openLocalIndex(join(dir, "whole"), { embedder: letters });
  parts = await openLocalIndex(join(dir, "parts"), { embedder: letters });
});
afterAll(async () => {
  await Promise.all([whole?.close(), parts?.close()]);
  await rm(dir, { recursive: true, force: true });
});

const ask = (index: LoadedIndex, input: SearchInput) => search(index, parseSearchRequest(input));

async function both(input: SearchInput) {
  const [one, many] = [await ask(whole, input), await ask(parts, input)];
  return [one, many].map(({ version: _, ...answer }) => answer);
}

describe("an index in shards answers as the same index in one piece", () => {
  const vector = letterVector("the orchestra in the hall");
  const cases: Record<string, SearchInput> = {
    "by vector": { vector, k: 12 },
    "by item, the item itself first": { item: 11, k: 5 },
    "by id, however awkward": { id: "grüße/日本/🐕", k: 5, include: ["document", "vector"] },
    "with a filter that few pass": { vector, k: 20, filter: { topic: "music", year: { gte: 2023 } } },
    "with facets of everything": { vector, k: 2, facets: ["topic", "year"] },
    "with facets of what passes a filter": { vector, k: 2, filter: { topic: "food" }, facets: ["tags"] },
    "by marginal relevance": { vector, k: 6, mmr: { fetchK: 20, lambda: 0.3 } },
    "page by page": { vector, k: 5, offset: 10 },
    "without documents": { vector, k: 5, include: [] },
    "down to a least score": { vector, k: 30, minScore: 0.6 },
  };
  for (const [name, input] of Object.entries(cases)) {
    test(name, async () => {
      const [one, many] = await both(input);
      expect(many).toEqual(one);
      expect(one?.hits.length).toBeGreaterThan(0);
    });
  }

  test("by words: the same documents, whose weights are each shard's own", async () => {
    const input: SearchInput = {
      query: "the orchestra tunes",
      mode: "keyword",
      k: 40,
      include: ["highlights"],
    };
    const [one, many] = await both(input);
    expect(many?.hits[0]?.id).toBe(one?.hits[0]?.id);
    const [highlight] = many?.hits[0]?.highlights ?? [];
    expect(highlight?.ranges).toContainEqual({ start: 4, end: 13 });
    const ids = (answer: typeof one) => new Set(answer?.hits.map(({ id }) => id));
    // A shard with few hits looks for near words as well.
    expect([...ids(many)]).toEqual(expect.arrayContaining([...ids(one)]));
  });

  test("with facets of what holds a word", async () => {
    const [one, many] = await both({ query: "orchestra dog", k: 2, facets: ["topic"], facetsOf: "matches" });
    expect(one?.facets?.topic?.some(({ count }) => count > 0)).toBe(true);
    expect(many?.facets).toEqual(one?.facets);
  });

  test("by words and vectors together, with every distance", async () => {
    const [one, many] = await both({ query: "a violin in the choir", k: 5 });
    expect(many?.mode).toBe("hybrid");
    expect(many?.hits[0]?.id).toBe(one?.hits[0]?.id);
    for (const { item, distance } of many?.hits ?? []) {
      expect(distance).toBeCloseTo(distanceOf(whole, "a violin in the choir", item), 6);
    }
  });

  test("with explanations of the same words, ranks and rules", async () => {
    const [one, many] = await both({ query: "violin", k: 10, include: ["explanation"] });
    const explained = (answer: typeof one) =>
      answer?.hits.map(({ id, explanation }) => [
        id,
        explanation?.words,
        explanation?.rules,
        explanation?.keyword?.rank,
      ]);
    expect(explained(many)).toEqual(explained(one));
    expect(one?.hits[0]?.explanation?.words).toMatchObject([{ word: "violin" }]);
  });

  test("many searches at once, and a wrong one among them", async () => {
    const searches = [{ vector, k: 3 }, { id: "nobody" }, { item: 0, k: 2 }].map((input) =>
      parseSearchRequest(input),
    );
    const [one, many] = [await searchBatch(whole, searches), await searchBatch(parts, searches)];
    expect(many.results).toEqual(one.results);
  });
});

function distanceOf(index: LocalIndex, text: string, item: number): number {
  const query = letterVector(text);
  const vector = index.forest.vector(item)!;
  const length = Math.hypot(...vector);
  return Math.sqrt(2 - 2 * vector.reduce((sum, x, i) => sum + (x / length) * query[i]!, 0));
}

describe("what a request can do wrong is wrong in shards, too", () => {
  test.each<[string, SearchInput]>([
    ["ITEM_NOT_FOUND", { item: 10_000 }],
    ["ID_NOT_FOUND", { id: "nobody" }],
    ["DIMENSION_MISMATCH", { vector: [1, 2, 3] }],
    ["UNKNOWN_FILTER_FIELD", { item: 1, filter: { color: "red" } }],
    ["FILTER_TYPE_MISMATCH", { item: 1, filter: { year: "soon" } }],
  ])("%s", async (code, input) => {
    await expect(ask(whole, input)).rejects.toMatchObject({ code });
    await expect(ask(parts, input)).rejects.toMatchObject({ code });
  });
});

test("LangChain's store stands on shards, too: search, documents by id, a copy that answers alike", async () => {
  const store = await AnnoyVectorStore.load(join(dir, "parts"), letters);
  const [found] = await store.similaritySearchWithScore("a dog", 1);
  expect(found?.[0].pageContent).toBe("a dog");
  expect(found?.[1]).toBeCloseTo(0, 3);
  expect(await store.docstore.search("animals-0")).toMatchObject({ pageContent: "a dog" });
  expect(() => store.indexToDocstoreId).toThrow(expect.objectContaining({ code: "IDS_IN_SHARDS" }));
  await store.save(join(dir, "copy"));
  const copy = await AnnoyVectorStore.load(join(dir, "copy"), letters);
  expect(await copy.similaritySearch("a horse", 3)).toEqual(await store.similaritySearch("a horse", 3));
  await Promise.all([store.close(), copy.close()]);
});

test("a text is embedded once, by the table that the router carries", async () => {
  const out = join(dir, "static");
  await build({ documents, out, shards: 2 });
  const index = await openLocalIndex(out);
  try {
    const { mode, hits, partial } = await ask(index, { query: "puppies", mode: "vector", k: 1 });
    expect([mode, hits[0]?.id, partial]).toEqual(["vector", "animals-0", undefined]);
  } finally {
    await index.close();
  }
});

describe("a shard that fails", () => {
  test("costs its hits and not the answer, which says so", async () => {
    const folder = join(dir, "parts", "shards", "0001");
    await rename(folder, `${folder}-away`);
    const index = await openLocalIndex(join(dir, "parts"), { embedder: letters });
    try {
      const answer = await ask(index, { vector: letterVector("a dog"), k: 40 });
      expect(answer.partial).toBe(true);
      expect(answer.warnings).toMatchObject([
        { code: "SHARDS_MISSING", message: expect.stringMatching(/1 of the 3 shards/) },
      ]);
      const expected = (await ask(whole, { vector: letterVector("a dog"), k: 40 })).hits.filter(
        ({ item }) => (item * 7) % 3 !== 1,
      );
      expect(answer.hits.slice(0, expected.length)).toEqual(expected);
      // The item may be the missing shard's: nobody can say that it is not there.
      await expect(ask(index, { id: "nobody" })).rejects.toMatchObject({ code: "SHARDS_UNAVAILABLE" });
    } finally {
      await index.close();
      await rename(`${folder}-away`, folder);
    }
  });

  test("is one of another version, too", async () => {
    const [a, b] = ["0000", "0002"].map((name) => join(dir, "parts", "shards", name));
    await rename(a!, `${a}-away`);
    await rename(b!, a!);
    const index = await openLocalIndex(join(dir, "parts"), { embedder: letters });
    try {
      const searcher = openSearcher(index);
      const vector = Float32Array.from(letterVector("a dog"));
      const shown = { among: 3, documents: false, vectors: false };
      await searcher.rank({ mode: "vector", vector, searchK: -1 }, 3, shown);
      expect(searcher.shards?.missing.get(0)).toMatchObject({ code: "SHARD_MISMATCH" });
    } finally {
      await index.close();
      await rename(a!, b!);
      await rename(`${a}-away`, a!);
    }
  });

  test("fails the answer when it is the only one, or all are", async () => {
    const manifest = join(dir, "parts", "shards");
    await rename(manifest, `${manifest}-away`);
    await writeFile(manifest, "");
    const index = await openLocalIndex(join(dir, "parts"), { embedder: letters });
    try {
      await expect(ask(index, { vector: letterVector("a dog") })).rejects.toMatchObject({
        code: "SHARDS_UNAVAILABLE",
      });
    } finally {
      await index.close();
      await rm(manifest);
      await rename(`${manifest}-away`, manifest);
    }
  });
});
