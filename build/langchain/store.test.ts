import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Document } from "@langchain/core/documents";
import { Embeddings } from "@langchain/core/embeddings";
import { RunnableLambda, RunnableSequence } from "@langchain/core/runnables";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AnnoyIndex } from "../annoy/annoy-index.ts";
import { inspect } from "../pipeline/inspect.ts";
import { AnnoyVectorStore, loadStaticEmbedder, ReadOnlyError } from "./index.ts";

/** Vector i of a call ends in i, and queries in 0: what the tests of LangChain's Annoy for Python use. */
class NumberedEmbeddings extends Embeddings {
  calls = 0;
  constructor() {
    super({});
  }
  async embedDocuments(texts: string[]): Promise<number[][]> {
    this.calls++;
    return texts.map((_, i) => [...Array<number>(9).fill(1), i]);
  }
  async embedQuery(_: string): Promise<number[]> {
    return [...Array<number>(9).fill(1), 0];
  }
}

const TEXTS = ["foo", "bar", "baz"];
let folder: string;
const open: AnnoyVectorStore[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "langchain-"));
});
afterAll(async () => {
  for (const store of open) await store.close();
  await rm(folder, { recursive: true });
});

function keep(store: AnnoyVectorStore): AnnoyVectorStore {
  open.push(store);
  return store;
}

function texts(documents: Document[]): string[] {
  return documents.map((document) => document.pageContent);
}

it("has one listener of the process, however many stores are made", async () => {
  const counts = new Set<number>();
  for (let i = 0; i < 3; i++) {
    const store = await AnnoyVectorStore.fromTexts(["foo"], [], new NumberedEmbeddings());
    await store.close();
    counts.add(process.listenerCount("exit"));
  }
  expect(counts.size).toBe(1);
});

describe("what the tests of LangChain's Annoy for Python ask", () => {
  it("searches texts, and maps items to docstore ids", async () => {
    const store = keep(await AnnoyVectorStore.fromTexts(TEXTS, [], new NumberedEmbeddings()));
    expect(texts(await store.similaritySearch("foo", 1))).toEqual(["foo"]);
    const ids = store.indexToDocstoreId;
    expect(ids.length).toBe(3);
    for (const [item, text] of TEXTS.entries()) {
      expect((await store.docstore.search(ids[item]!)).pageContent).toBe(text);
    }
  });

  it("searches by vector and by index, with and without scores", async () => {
    const embeddings = new NumberedEmbeddings();
    const store = keep(await AnnoyVectorStore.fromTexts(TEXTS, [], embeddings));
    const query = await embeddings.embedQuery("foo");
    expect(texts(await store.similaritySearchByVector(query, 1))).toEqual(["foo"]);
    expect(texts(await store.similaritySearchByIndex(2, 1))).toEqual(["baz"]);
    for (const pairs of [
      await store.similaritySearchWithScore("foo", 3),
      await store.similaritySearchVectorWithScore(query, 3),
      await store.similaritySearchWithScoreByVector(query, 3),
      await store.similaritySearchWithScoreByIndex(0, 3),
    ]) {
      expect(pairs.map(([document]) => document.pageContent)).toEqual(TEXTS);
      expect(pairs[0]![1]).toBe(0);
      // sqrt(2 - 2 cos) between (1, ..., 1, 0) and (1, ..., 1, i).
      for (const [i, [, distance]] of pairs.entries()) {
        expect(distance).toBeCloseTo(Math.sqrt(2 - 2 * (9 / (3 * Math.sqrt(9 + i * i)))), 6);
      }
    }
  });

  it("has the euclidean and dot metrics", async () => {
    const vectors = TEXTS.map((text, i): [string, number[]] => [text, [1, i]]);
    const near = keep(await AnnoyVectorStore.fromEmbeddings(vectors, [], undefined, { metric: "euclidean" }));
    const [first, second] = await near.similaritySearchWithScoreByVector([1, 0], 2);
    expect([first![0].pageContent, first![1], second![0].pageContent, second![1]]).toEqual([
      "foo",
      0,
      "bar",
      1,
    ]);
    const dot = keep(await AnnoyVectorStore.fromEmbeddings(vectors, [], undefined, { metric: "dot" }));
    const [largest] = await dot.similaritySearchWithScoreByVector([1, 1], 1);
    expect([largest![0].pageContent, largest![1]]).toEqual(["baz", 3]);
  });

  it("keeps metadata, one a text or one for all", async () => {
    const embeddings = new NumberedEmbeddings();
    const each = TEXTS.map((_, page) => ({ page }));
    const store = keep(await AnnoyVectorStore.fromTexts(TEXTS, each, embeddings));
    expect((await store.similaritySearch("foo", 1))[0]!.metadata).toEqual({ page: 0 });
    const same = keep(await AnnoyVectorStore.fromTexts(TEXTS, { source: "s" }, embeddings));
    expect((await same.similaritySearch("foo", 3)).map((d) => d.metadata)).toEqual(
      TEXTS.map(() => ({ source: "s" })),
    );
    await expect(AnnoyVectorStore.fromTexts(TEXTS, [{}], embeddings)).rejects.toMatchObject({
      code: "BAD_OPTION",
    });
  });

  it("says which id is not found", async () => {
    const store = keep(await AnnoyVectorStore.fromTexts(TEXTS, [], new NumberedEmbeddings()));
    await expect(store.docstore.search("nobody")).rejects.toMatchObject({
      code: "ID_NOT_FOUND",
      message: "ID nobody not found.",
    });
  });

  it("cannot be added to", async () => {
    const store: AnnoyVectorStore = keep(
      await AnnoyVectorStore.fromTexts(["foo"], [], new NumberedEmbeddings()),
    );
    const attempts = [() => store.addDocuments([]), () => store.addVectors([], []), () => store.delete()];
    for (const attempt of attempts) {
      const error = await attempt().catch((e: unknown) => e);
      expect(error).toBeInstanceOf(ReadOnlyError);
      expect(error).toMatchObject({ code: "READ_ONLY", message: expect.stringMatching(/[Rr]ebuild/) });
    }
    await expect(store.asRetriever().addDocuments([])).rejects.toBeInstanceOf(ReadOnlyError);
  });

  it("saves and loads", async () => {
    const embeddings = new NumberedEmbeddings();
    const store = keep(await AnnoyVectorStore.fromTexts(TEXTS, [], embeddings));
    const path = join(folder, "saved");
    await store.save(path);
    const loaded = keep(await AnnoyVectorStore.load(path, embeddings));
    expect(loaded.indexToDocstoreId).toEqual(store.indexToDocstoreId);
    expect(await loaded.similaritySearchWithScore("foo", 3)).toEqual(
      await store.similaritySearchWithScore("foo", 3),
    );
    await expect(AnnoyVectorStore.load(join(folder, "nothing"))).rejects.toMatchObject({
      code: "NOT_AN_ARTIFACT",
    });
  });

  it("embeds documents in one call", async () => {
    const embeddings = new NumberedEmbeddings();
    const many = Array.from({ length: 600 }, (_, i) => `text ${i}`);
    const store = keep(await AnnoyVectorStore.fromTexts(many, [], embeddings));
    expect(embeddings.calls).toBe(1);
    expect(texts(await store.similaritySearchByIndex(1, 1))).toEqual(["text 1"]);
  });
});

describe("with the static embedder", () => {
  const notebook = ["pizza is great", "I love salad", "my car", "a dog"];

  it("answers the notebook's questions without being given embeddings", async () => {
    const store = keep(await AnnoyVectorStore.fromTexts(notebook, [], await loadStaticEmbedder()));
    expect(new Set(texts(await store.similaritySearch("food", 2)))).toEqual(new Set(notebook.slice(0, 2)));
    expect(texts(await store.similaritySearch("motorbike", 1))).toEqual(["my car"]);
    expect((await store.similaritySearchWithScoreByIndex(0, 1))[0]![1]).toBe(0);
    const path = join(folder, "static");
    await store.save(path);
    const loaded = keep(await AnnoyVectorStore.load(path));
    expect(await loaded.similaritySearchWithScore("food")).toEqual(
      await store.similaritySearchWithScore("food"),
    );
    const again = keep(await AnnoyVectorStore.load(path, await loadStaticEmbedder()));
    expect(await again.similaritySearchWithScore("food")).toEqual(
      await store.similaritySearchWithScore("food"),
    );
    await expect(AnnoyVectorStore.load(path, new NumberedEmbeddings())).rejects.toMatchObject({
      code: "EMBEDDER_MISMATCH",
    });
  });

  it("is a retriever in a chain, by similarity and by marginal relevance", async () => {
    const store = keep(await AnnoyVectorStore.fromTexts(notebook, [], await loadStaticEmbedder()));
    const chain = RunnableSequence.from([
      store.asRetriever(2),
      RunnableLambda.from((documents: Document[]) => texts(documents).sort().join(" and ")),
    ]);
    expect(await chain.invoke("food")).toBe("I love salad and pizza is great");
    const mmr = store.asRetriever({ k: 2, searchType: "mmr", searchKwargs: { fetchK: 4, lambda: 0 } });
    const diverse = texts(await mmr.invoke("food"));
    expect(diverse.length).toBe(2);
    expect(diverse[0]).toBe(texts(await store.similaritySearch("food", 1))[0]);
    expect(new Set(diverse)).not.toEqual(new Set(notebook.slice(0, 2)));
    const vector = await store.embeddings.embedQuery("food");
    const options = { k: 2, fetchK: 4, lambda: 0 };
    expect(texts(await store.maxMarginalRelevanceSearchByVector(vector, options))).toEqual(diverse);
  });

  it("keeps ids of documents", async () => {
    const documents = notebook.map(
      (pageContent, i) => new Document({ pageContent, id: `n${i}`, metadata: { i } }),
    );
    const store = keep(await AnnoyVectorStore.fromDocuments(documents));
    expect(store.indexToDocstoreId).toEqual(["n0", "n1", "n2", "n3"]);
    expect(await store.similaritySearch("motorbike", 1)).toEqual([documents[2]]);
    expect(await store.docstore.search("n3")).toEqual(documents[3]);
  });
});

describe("a store over an index of Annoy's", () => {
  const vectors = TEXTS.map((_, i) => [...Array<number>(9).fill(1), i]);
  async function indexOf(items: readonly number[]): Promise<AnnoyIndex> {
    const index = new AnnoyIndex(10, "angular");
    for (const [n, item] of items.entries()) index.addItem(item, vectors[n]!);
    await index.build(10);
    return index;
  }

  it("keeps its items, its answers and the ids of the documents, and leaves the index as it was", async () => {
    const index = await indexOf([0, 1, 2]);
    const documents = TEXTS.map((pageContent, item) => ({ id: `t${item}`, pageContent, metadata: { item } }));
    const store = keep(
      await AnnoyVectorStore.fromIndex(index, documents, { embeddings: new NumberedEmbeddings() }),
    );
    expect(store.indexToDocstoreId).toEqual(["t0", "t1", "t2"]);
    const [items, distances] = index.getNnsByItem(1, 3, -1, true);
    const pairs = await store.similaritySearchWithScoreByIndex(1, 3);
    expect(pairs.map(([{ metadata }, distance]) => [metadata.item, distance])).toEqual(
      items.map((item, n) => [item, distances[n]]),
    );
    expect(texts(await store.similaritySearch("anything", 1))).toEqual(["foo"]);
    index.unbuild();
    index.addItem(3, vectors[0]!);
  });

  it("takes one with holes that was loaded, and none that is not built", async () => {
    const path = join(folder, "holes.ann");
    (await indexOf([1, 4, 5])).save(path);
    const index = new AnnoyIndex(10, "angular");
    index.load(path);
    const documents = [1, 4, 5].map((item, n) => ({ item, pageContent: TEXTS[n]! }));
    const directory = join(folder, "holes");
    const store = keep(await AnnoyVectorStore.fromIndex(index, documents, { directory }));
    expect(store.indexToDocstoreId).toEqual([undefined, "1", undefined, undefined, "4", "5"]);
    expect(texts(await store.similaritySearchByIndex(5, 1))).toEqual(["baz"]);
    expect(existsSync(join(directory, "manifest.json"))).toBe(true);
    await expect(AnnoyVectorStore.fromIndex(new AnnoyIndex(10, "angular"), [])).rejects.toMatchObject({
      code: "INDEX_NOT_BUILT",
    });
  });
});

describe("odd input", () => {
  it("takes Annoy's names of settings, vectors of any kind of array, texts of any length and any k", async () => {
    const many = Array.from({ length: 1200 }, (_, i): [string, Float32Array] => [
      `text ${i}`,
      Float32Array.of(1, i),
    ]);
    const settings = { metric: "euclidean", nTrees: 3, nJobs: 1, directory: join(folder, "names") } as const;
    const embeddings = { embedDocuments: async () => [], embedQuery: async () => [1, 7] };
    const store = keep(await AnnoyVectorStore.fromEmbeddings(many, embeddings, settings));
    expect((await inspect(settings.directory)).manifest.forest.trees).toBe(3);
    expect((await store.similaritySearchByVector(Float32Array.of(1, 7), 1200, 1e6)).length).toBe(1200);
    expect(texts(await store.similaritySearch("a whole conversation. ".repeat(1000), 1))).toEqual(["text 7"]);
    const mmr = await store.maxMarginalRelevanceSearch("text", { k: 2, fetchK: 1100, lambda: 1 });
    expect(texts(mmr)[0]).toBe("text 7");
  });

  it("takes pairs of text and vector in the order of either language, and needs embeddings for texts only", async () => {
    const pairs = TEXTS.map((text, i): [string, number[]] => [text, [...Array<number>(9).fill(1), i]]);
    const embeddings = new NumberedEmbeddings();
    const metadatas = TEXTS.map((_, page) => ({ page }));
    for (const store of [
      keep(await AnnoyVectorStore.fromEmbeddings(pairs, metadatas, embeddings)),
      keep(await AnnoyVectorStore.fromEmbeddings(pairs, embeddings, metadatas)),
    ]) {
      expect((await store.similaritySearch("foo", 1))[0]!.metadata).toEqual({ page: 0 });
    }
    const settings = keep(await AnnoyVectorStore.fromEmbeddings(pairs, embeddings, { metric: "euclidean" }));
    expect((await settings.similaritySearchWithScore("foo", 2)).map(([d, x]) => [d.metadata, x])).toEqual([
      [{}, 0],
      [{}, 1],
    ]);
    const bare = keep(await AnnoyVectorStore.fromEmbeddings(pairs));
    expect(texts(await bare.similaritySearchByIndex(1, 1))).toEqual(["bar"]);
    await expect(bare.similaritySearch("foo")).rejects.toMatchObject({ code: "NO_EMBEDDER" });
    await expect(bare.embeddings.embedQuery("foo")).rejects.toMatchObject({ code: "NO_EMBEDDER" });
  });

  it("refuses vectors that do not fit, items that are not there and k out of range", async () => {
    const store = keep(await AnnoyVectorStore.fromTexts(TEXTS, [], new NumberedEmbeddings()));
    await expect(store.similaritySearchByVector([1, 2])).rejects.toMatchObject({
      code: "DIMENSION_MISMATCH",
    });
    await expect(store.similaritySearchByVector([Number.NaN])).rejects.toMatchObject({
      code: "OUT_OF_RANGE",
    });
    await expect(store.similaritySearchByIndex(3)).rejects.toMatchObject({ code: "ITEM_NOT_FOUND" });
    await expect(store.similaritySearch("foo", 0)).rejects.toMatchObject({ code: "OUT_OF_RANGE" });
    await expect(AnnoyVectorStore.fromTexts([], [], new NumberedEmbeddings())).rejects.toMatchObject({
      code: "NO_DOCUMENTS",
    });
  });

  it("takes embeddings of an unknown class at their word, and compares those whose provider is known", async () => {
    /** Stands in for LangChain's class of this name: what counts is its name and its model. */
    class OpenAIEmbeddings extends NumberedEmbeddings {
      readonly model: string;
      constructor(model: string) {
        super();
        this.model = model;
      }
    }
    const directory = join(folder, "openai");
    keep(await AnnoyVectorStore.fromTexts(TEXTS, [], new OpenAIEmbeddings("small"), { directory }));
    const same = keep(await AnnoyVectorStore.load(directory, new OpenAIEmbeddings("small")));
    expect(texts(await same.similaritySearch("foo", 1))).toEqual(["foo"]);
    const unknown = keep(await AnnoyVectorStore.load(directory, new NumberedEmbeddings()));
    expect(texts(await unknown.similaritySearch("foo", 1))).toEqual(["foo"]);
    await expect(AnnoyVectorStore.load(directory, new OpenAIEmbeddings("large"))).rejects.toMatchObject({
      code: "EMBEDDER_MISMATCH",
      message: expect.stringMatching(/openai \(small\).*openai \(large\)/),
    });
    expect((await inspect(directory)).manifest.embedder).toMatchObject({
      provider: "openai",
      model: "small",
    });
  });

  it("removes its temporary folder when closed, and keeps one that it was given", async () => {
    const directory = join(folder, "kept");
    const store = await AnnoyVectorStore.fromTexts(TEXTS, [], new NumberedEmbeddings(), { directory });
    await store.close();
    expect(existsSync(join(directory, "forest.bin"))).toBe(true);
  });

  it("says that it is closed, and may be closed twice", async () => {
    const store = await AnnoyVectorStore.fromTexts(TEXTS, [], new NumberedEmbeddings());
    await store.close();
    await store.close();
    const closed = { code: "CLOSED" };
    await expect(store.similaritySearch("anything")).rejects.toMatchObject(closed);
    await expect(store.docstore.search("anything")).rejects.toMatchObject(closed);
    await expect(store.save(join(folder, "late"))).rejects.toMatchObject(closed);
    expect(() => store.indexToDocstoreId).toThrow(expect.objectContaining(closed));
  });
});
