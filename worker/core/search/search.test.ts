import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { maximalMarginalRelevance as langchain } from "@langchain/core/utils/math";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BuildOptions, build, type LocalIndex, openLocalIndex } from "../../../build/index.ts";
import { textCorpus } from "../../../test/seed/corpus.ts";
import type { Embedder } from "../embedding/types.ts";
import { AnnoyEdgeError } from "../format/errors.ts";
import type { LoadedIndex } from "./loaded-index.ts";
import { parseBatchRequest, parseSearchRequest } from "./parse.ts";
import { search, searchBatch } from "./search.ts";
import type { SearchInput } from "./types.ts";

let folder: string;
let index: LocalIndex;
const opened: LocalIndex[] = [];

async function buildIndex(name: string, options: Partial<BuildOptions> = {}): Promise<LocalIndex> {
  const out = join(folder, name);
  await build({ documents: textCorpus(), name, out, jobs: 1, ...options });
  const local = await openLocalIndex(out);
  opened.push(local);
  return local;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-search-"));
  index = await buildIndex("texts");
});

afterAll(async () => {
  for (const local of opened) await local.close();
  await rm(folder, { recursive: true, force: true });
});

const ask = (target: LoadedIndex, input: SearchInput) => search(target, parseSearchRequest(input));

async function texts(target: LoadedIndex, input: SearchInput): Promise<(string | undefined)[]> {
  return (await ask(target, input)).hits.map((hit) => hit.document?.pageContent);
}

describe("search", () => {
  test("chooses by marginal relevance what LangChain chooses from the same vectors", async () => {
    const fetchK = 25;
    const wide = await ask(index, { query: "a ship", k: fetchK, mode: "vector", include: ["vector"] });
    const vectors = wide.hits.map((hit) => [...(hit.vector ?? [])]);
    const query = Float32Array.from(await (index.embedder?.embedQuery("a ship") ?? []));
    for (const lambda of [0, 0.3, 0.5, 1]) {
      const { hits } = await ask(index, { query: "a ship", k: 10, mode: "vector", mmr: { fetchK, lambda } });
      const expected = langchain([...query], vectors, lambda, 10).map((i) => wide.hits[i]?.item);
      expect(hits.map((hit) => hit.item)).toEqual(expected);
    }
  });

  test("looks into the documents for phrases when the index has no positions", async () => {
    const bare = await buildIndex("bare", { keyword: { positions: false } });
    for (const mode of ["keyword", "hybrid"] as const) {
      expect(await texts(bare, { query: '"the sofa"', k: 10, mode })).toEqual(["the cat sleeps on the sofa"]);
      const loose = await ask(bare, { query: '"sofa the"', k: 10, mode });
      expect(loose.warnings).toMatchObject([{ code: "PHRASE_NOT_FOUND" }]);
      expect(await texts(bare, { query: 'the -"the sofa"', k: 40, mode })).not.toContain(
        "the cat sleeps on the sofa",
      );
      expect(await texts(bare, { query: '"the sofa"', k: 10, mode })).toEqual(
        await texts(index, { query: '"the sofa"', k: 10, mode }),
      );
    }
  });

  test("gives what the words find when a phrase leaves nothing, and says so", async () => {
    for (const mode of ["keyword", "hybrid"] as const) {
      const strict = await ask(index, { query: '"sleeps on the sofa"', k: 3, mode });
      expect(strict.warnings).toBeUndefined();
      expect(strict.hits).toHaveLength(1);
      const loose = await ask(index, { query: 'why "the sofa sleep"?', k: 3, mode });
      expect(loose.hits[0]?.document?.pageContent).toBe("the cat sleeps on the sofa");
      expect(loose.warnings).toEqual([
        { code: "PHRASE_NOT_FOUND", message: expect.stringContaining('"the sofa sleep"') },
      ]);
      // What is excluded stays so.
      const without = await ask(index, { query: '"the sofa sleep" -cat', k: 40, mode });
      expect(without.hits.map((hit) => hit.document?.pageContent)).not.toContain(
        "the cat sleeps on the sofa",
      );
      const [first, second] = [0, 1].map((offset) => ({ query: '"the sofa sleep"', k: 1, mode, offset }));
      const both = await ask(index, { ...first!, k: 2 });
      expect([
        ...(await ask(index, first!)).hits.map(({ item }) => item),
        ...(await ask(index, second!)).hits.map(({ item }) => item),
      ]).toEqual(both.hits.map(({ item }) => item));
    }
  });

  test("does without the parts that an index lacks, and says which they are", async () => {
    const plain = await buildIndex("plain", { keyword: false, filterable: [] });
    expect(await ask(plain, { query: "a dog", k: 1 })).toMatchObject({ mode: "vector" });
    await expect(ask(plain, { query: "a dog", mode: "hybrid" })).rejects.toMatchObject({
      code: "NO_KEYWORD_INDEX",
    });
    await expect(ask(plain, { query: "a dog", filter: { topic: "food" } })).rejects.toMatchObject({
      code: "NO_FILTERABLE_COLUMNS",
    });
    await expect(ask(plain, { query: "a dog", facets: ["topic"] })).rejects.toMatchObject({
      code: "NO_FILTERABLE_COLUMNS",
    });
  });

  test("searches text by words when there are words but no embedder", async () => {
    const { embedder: _, ...wordsOnly } = index;
    expect(await ask(wordsOnly, { query: "dog", k: 1 })).toMatchObject({
      mode: "keyword",
      hits: [{ distance: null }],
    });
    await expect(ask(wordsOnly, { query: "dog", mode: "vector" })).rejects.toMatchObject({
      code: "NO_EMBEDDER",
    });
  });

  test.each<[string, Embedder["embedQuery"]]>([
    ["fails", () => Promise.reject(new Error("secret"))],
    ["answers with too few numbers", async () => [1, 2]],
    ["answers with NaN", async () => Array.from({ length: 256 }, () => Number.NaN)],
  ])("names the embedder when it %s", async (_, embedQuery) => {
    const identity = { provider: "openai", model: "m", dimensions: 256, normalized: true };
    const broken = { ...index, embedder: { identity, embedQuery, embedDocuments: async () => [] } };
    const error: unknown = await ask(broken, { query: "a", mode: "vector" }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: "EMBEDDING_FAILED" });
    expect(String(error)).toContain("openai/m");
    expect(String(error)).not.toContain("secret");
  });

  test("goes on with the words alone when the embedder fails, and says so", async () => {
    const identity = { provider: "openai", model: "m", dimensions: 256, normalized: true };
    const embedQuery = () => Promise.reject(new Error("down"));
    const broken = { ...index, embedder: { identity, embedQuery, embedDocuments: async () => [] } };
    expect(await ask(broken, { query: "dog" })).toMatchObject({
      hits: [{ distance: null, document: { pageContent: "a dog" } }],
      warnings: [{ code: "EMBEDDER_UNAVAILABLE" }],
    });
  });

  test("fails a batch as a whole by what may be there the next time, and a search of it by what never fits", async () => {
    const ask = (target: LoadedIndex, searches: readonly SearchInput[]) =>
      searchBatch(target, parseBatchRequest({ searches }));
    const { results } = await ask(index, [{ item: 99_999 }, { query: "dog" }]);
    expect(results).toMatchObject([{ error: { code: "ITEM_NOT_FOUND" } }, { hits: expect.any(Array) }]);
    const busy = new AnnoyEdgeError("ISOLATE_BUSY", "Try again.");
    await expect(ask({ ...index, inTurn: () => Promise.reject(busy) }, [{ query: "dog" }])).rejects.toBe(
      busy,
    );
    const identity = { provider: "openai", model: "m", dimensions: 256, normalized: true };
    const embedQuery = () => Promise.reject(new Error("down"));
    const broken = { ...index, embedder: { identity, embedQuery, embedDocuments: async () => [] } };
    await expect(ask(broken, [{ query: "dog", mode: "vector" }, { item: 1 }])).rejects.toMatchObject({
      code: "EMBEDDING_FAILED",
    });
  });

  test("tells how long its parts took", async () => {
    const phases: string[] = [];
    await search(index, parseSearchRequest({ query: "a dog" }), { onPhase: (phase) => phases.push(phase) });
    expect(phases).toEqual(["embed", "keyword", "forest", "docstore"]);
  });
});

describe("rare words", () => {
  test("put what holds them among the first ten, whatever the vectors and inflections say", async () => {
    const filler = Array.from({ length: 60 }, (_, i) => ({
      id: `target-${i}`,
      pageContent: `The target ${"target ".repeat(i % 4)}of search is near: recall and targets, number ${i}.`,
    }));
    const autumn = Array.from({ length: 5 }, (_, i) => `autumn-${i}`);
    const documents = [
      ...filler,
      ...autumn.map((id) => ({ id, pageContent: `${"Other words follow here. ".repeat(30)} autumn` })),
      { id: "plain", pageContent: `Nothing else here. ${"Some other words follow. ".repeat(30)} targeting` },
      { id: "code", pageContent: `${"A page about the weather in autumn. ".repeat(20)} E_RARE_CODE` },
    ];
    const local = await buildIndex("rare", { documents });
    for (const [query, id] of [
      ["targeting", "plain"],
      ["targeting recall of search targets", "plain"],
      ["E_RARE_CODE", "code"],
      ["target search recall e_rare_code", "code"],
    ] as const) {
      const { hits } = await ask(local, { query, k: 10, include: ["explanation"] });
      const found = hits.find((hit) => hit.id === id);
      expect(found, query).toBeDefined();
      const scores = hits.map(({ score }) => score);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
    }
    const { hits } = await ask(local, {
      query: "targeting recall of search targets",
      k: 10,
      include: ["explanation"],
      weights: { vector: 1 },
    });
    expect(hits.at(-1)).toMatchObject({ id: "plain", explanation: { rules: [{ rule: "rareWord" }] } });
    // Alone, a word may be in some more documents, as a part of their names.
    const alone = await ask(local, { query: "autumn", k: 10, include: [], weights: { vector: 1 } });
    expect(alone.hits.map(({ id }) => id)).toEqual(expect.arrayContaining(autumn));
    const beside = await ask(local, { query: "autumn target", k: 10, include: [], weights: { vector: 1 } });
    expect(beside.hits.map(({ id }) => id)).not.toEqual(expect.arrayContaining(autumn));
    // Of a question any plain word may be rare; a code is none.
    const question = { k: 10, weights: { vector: 1 }, include: [] } as const;
    const plain = "what is the targeting recall of search targets near number three";
    expect((await ask(local, { ...question, query: plain })).hits.map(({ id }) => id)).not.toContain("plain");
    const code = "what is the E_RARE_CODE recall of search targets near number three";
    expect((await ask(local, { ...question, query: code })).hits.map(({ id }) => id)).toContain("code");
    expect((await ask(local, { query: "target -targeting", k: 62 })).hits.map(({ id }) => id)).not.toContain(
      "plain",
    );
  });

  test("put what holds them into the hits of its group", async () => {
    const documents = Array.from({ length: 12 }, (_, i) => ({
      id: `d${i}`,
      pageContent: i === 5 ? `${"Other words follow here. ".repeat(30)} targeting` : "The target is near.",
      metadata: { page: "one" },
    }));
    const local = await buildIndex("rare-group", { documents, filterable: ["page"] });
    const grouped = {
      k: 10,
      include: [],
      weights: { vector: 1 },
      groupBy: { field: "page", hits: 3 },
    } as const;
    const { hits } = await ask(local, { query: "targeting", ...grouped });
    expect(hits.map(({ id }) => id)).toEqual(["d0", "d1", "d5"]);
    // A word that is not rare changes nothing.
    const { hits: others } = await ask(local, { query: "target", ...grouped });
    expect(others.map(({ id }) => id)).toEqual(["d0", "d1", "d2"]);
  });

  test("of pages of one search the first ten are the same, and no hit comes twice", async () => {
    const ids = async (input: SearchInput) =>
      (await ask(index, { query: "violin the dog", ...input })).hits.map(({ id }) => id);
    const whole = await ids({ k: 30, offset: 0 });
    const pages = [
      await ids({ k: 10, offset: 0 }),
      await ids({ k: 10, offset: 10 }),
      await ids({ k: 10, offset: 20 }),
    ];
    expect(pages.flat()).toEqual(whole);
  });
});

describe("long texts", () => {
  test("are searched by their most telling words, wherever they stand", async () => {
    const common = (i: number) => `word${i % 150}`;
    const noise = Array.from({ length: 300 }, (_, i) => `${common(i)} the a dog`).join(" ");
    const documents = [
      ...textCorpus(),
      ...Array.from({ length: 150 }, (_, i) => ({
        id: `n${i}`,
        pageContent: Array.from({ length: 12 }, (_, j) => common(i + j * 7)).join(" "),
      })),
    ];
    const local = await buildIndex("long", { documents });
    for (const query of [`${noise} violin concerto`, `violin concerto ${noise}`]) {
      const { hits } = await ask(local, { query, k: 10, mode: "keyword" });
      expect(hits.map(({ document }) => document?.pageContent)).toContain("a violin concerto");
    }
  });
});
