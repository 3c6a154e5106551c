import { mkdtemp, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Document, type DocumentInterface } from "@langchain/core/documents";
import { Embeddings } from "@langchain/core/embeddings";
import { SyntheticEmbeddings } from "@langchain/core/utils/testing";
import type { VectorStore } from "@langchain/core/vectorstores";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalIndex, openLocalIndex } from "../../build/index.ts";
import {
  type AnnoyLibConfig,
  AnnoyVectorStore,
  connect,
  ReadOnlyError,
} from "../../build/langchain/index.ts";
import { serve } from "./serve.ts";

/**
 * LangChain's tests of every vector store, carried over by meaning: `VectorStoreIntegrationTests` and
 * `RetrieversIntegrationTests` of langchain-tests, the tests of LangChain.js's own store in memory, and `test_annoy.py` of
 * langchain-community. Each test is named for what it carries. Theirs begin with an empty store and add to it; this one
 * is built from its documents, and what adds or deletes must be refused and change nothing. Every method is a promise, so
 * their synchronous and asynchronous halves are one.
 */

/** Vector i of a call ends in i, and queries in 0: the embeddings that `test_annoy.py` uses. */
class NumberedEmbeddings extends Embeddings {
  constructor() {
    super({});
  }
  async embedDocuments(texts: string[]): Promise<number[][]> {
    return texts.map((_, i) => [...Array<number>(9).fill(1), i]);
  }
  async embedQuery(): Promise<number[]> {
    return [...Array<number>(9).fill(1), 0];
  }
}

let folder: string;
let made = 0;
const closing: (() => Promise<void>)[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "standard-"));
});
afterAll(async () => {
  for (const close of closing) await close();
  await rm(folder, { recursive: true });
});

function keep<T extends { close(): Promise<void> }>(opened: T): T {
  closing.push(() => opened.close());
  return opened;
}

type Make = (
  documents: DocumentInterface[],
  embeddings: Embeddings,
  config?: AnnoyLibConfig,
) => Promise<AnnoyVectorStore>;

/** The same store in the three ways to have one. */
const KINDS: readonly [name: string, make: Make][] = [
  [
    "built from documents",
    async (documents, embeddings, config) =>
      keep(await AnnoyVectorStore.fromDocuments(documents, embeddings, config)),
  ],
  [
    "saved and loaded",
    async (documents, embeddings, config) => {
      const store = await AnnoyVectorStore.fromDocuments(documents, embeddings, config);
      const directory = join(folder, `saved-${made++}`);
      await store.save(directory);
      await store.close();
      return keep(await AnnoyVectorStore.load(directory, embeddings));
    },
  ],
  [
    "over a Worker",
    async (documents, embeddings, config) => {
      const directory = join(folder, `served-${made++}`);
      await (await AnnoyVectorStore.fromDocuments(documents, embeddings, { ...config, directory })).close();
      const index: LocalIndex = keep(await openLocalIndex(directory, { embedder: embeddings }));
      return connect("https://search.example.com", { fetch: serve(index) });
    },
  ],
];

const document = (pageContent: string, id: number, fields: object = {}) =>
  new Document({ pageContent, metadata: { id }, ...fields });
const texts = (documents: readonly DocumentInterface[]) => documents.map(({ pageContent }) => pageContent);
const synthetic = () => new SyntheticEmbeddings({ vectorSize: 6 });

describe.each(KINDS)("VectorStoreIntegrationTests of langchain-tests, %s", (_, make) => {
  const pair = () => [document("foo", 1), document("bar", 2)];
  const named = () => [document("foo", 1, { id: "1" }), document("bar", 2, { id: "2" })];

  it("test_vectorstore_is_empty, test_vectorstore_still_empty: one without documents cannot be made", async () => {
    await expect(make([], synthetic())).rejects.toMatchObject({ code: "NO_DOCUMENTS" });
  });

  it("test_add_documents: the nearest comes first, ids are given, and the documents themselves stay as they were", async () => {
    const documents = pair();
    const store = await make(documents, synthetic());
    const found = await store.similaritySearch("bar", 2);
    expect(found.map(({ pageContent, metadata }) => [pageContent, metadata])).toEqual([
      ["bar", { id: 2 }],
      ["foo", { id: 1 }],
    ]);
    expect(found.every(({ id }) => typeof id === "string" && id !== "")).toBe(true);
    expect(documents).toEqual(pair());
  });

  it.each([
    ["test_deleting_documents", (store: VectorStore) => store.delete({ ids: ["1"] })],
    ["test_deleting_bulk_documents", (store: VectorStore) => store.delete({ ids: ["1", "2"] })],
    ["test_delete_missing_content", (store: VectorStore) => store.delete({ ids: ["7", "8", "9"] })],
    ["test_add_documents_with_ids_is_idempotent", (store: VectorStore) => store.addDocuments(named())],
    [
      "test_add_documents_by_id_with_mutation",
      (store: VectorStore) => store.addDocuments([document("new foo", 1)], { ids: ["1"] }),
    ],
    ["the vectors of add_texts", (store: VectorStore) => store.addVectors([[1, 2, 3, 4, 5, 6]], [])],
  ])("%s: refused, and nothing changes", async (_name, change) => {
    const store = await make(named(), synthetic());
    const before = await store.similaritySearchWithScore("foo", 2);
    await expect(change(store)).rejects.toBeInstanceOf(ReadOnlyError);
    expect(await store.similaritySearchWithScore("foo", 2)).toEqual(before);
    expect(await store.getByIds(["1", "2"])).toEqual(named());
  });

  it("test_get_by_ids: in the order of the ids", async () => {
    const store = await make(named(), synthetic());
    expect(await store.getByIds(["1", "2"])).toEqual(named());
    expect(await store.getByIds(["2", "1"])).toEqual(named().reverse());
  });

  it("test_get_by_ids_missing: nothing, and no error", async () => {
    const store = await make(pair(), synthetic());
    expect(await store.getByIds(["1", "2", "3"])).toEqual([]);
    expect(await store.getByIds([])).toEqual([]);
  });

  it("test_add_documents_documents: the ids that hits have find their documents", async () => {
    const store = await make(pair(), synthetic());
    const found = await store.similaritySearch("foo", 2);
    expect(await store.getByIds(found.map(({ id }) => id!))).toEqual(found);
  });

  it("test_add_documents_with_existing_ids: documents with ids keep them, the others get one", async () => {
    const store = await make([document("foo", 1, { id: "foo" }), document("bar", 2)], synthetic());
    const [bar, foo] = await store.similaritySearch("bar", 2);
    expect(foo).toEqual(document("foo", 1, { id: "foo" }));
    expect(bar).toEqual(document("bar", 2, { id: bar!.id }));
    expect(await store.getByIds(["foo", bar!.id!])).toEqual([foo, bar]);
  });
});

describe.each(KINDS)("RetrieversIntegrationTests of langchain-tests, %s", (_, make) => {
  const documents = () => ["apple", "sea", "mountain", "a", "violin"].map(document);

  it("test_k_constructor_param, test_invoke_with_k_kwarg: as many documents as k says", async () => {
    const store = await make(documents(), synthetic());
    for (const k of [1, 3]) {
      for (const retriever of [store.asRetriever(k), store.asRetriever({ k })]) {
        const found = await retriever.invoke("mountain");
        expect(found.length).toBe(k);
        expect(found.every((each) => each instanceof Document)).toBe(true);
      }
    }
  });

  it("test_invoke_returns_documents, test_ainvoke_returns_documents: four, unless told", async () => {
    const found = await (await make(documents(), synthetic())).asRetriever().invoke("mountain");
    expect(found.length).toBe(4);
    expect(found[0]).toMatchObject({ pageContent: "mountain", metadata: { id: 2 } });
  });
});

describe.each(KINDS)("the tests of LangChain.js's MemoryVectorStore and its retriever, %s", (_, make) => {
  const greetings = (fields: (i: number) => object = () => ({})) =>
    ["hello", "hi", "bye", "what's this"].map(
      (pageContent, i) => new Document({ pageContent, metadata: { a: 1 }, ...fields(i) }),
    );

  it("external ids: the text itself is found", async () => {
    const [found] = await (await make(greetings(), synthetic())).similaritySearch("hello", 1);
    expect(found).toMatchObject({ pageContent: "hello", metadata: { a: 1 } });
  });

  it("stores and retrieves ids; as retriever can filter metadata, of equal texts too", async () => {
    const same = [1, 2, 3, 4].map(
      (namespace) => new Document({ pageContent: "hello", metadata: { namespace }, id: `${namespace}` }),
    );
    const store = await make(same, synthetic());
    const retriever = store.asRetriever({ k: 2, filter: { namespace: { lte: 2 } } });
    const found = await retriever.invoke("hello");
    expect(found.sort((a, b) => a.id!.localeCompare(b.id!))).toEqual(same.slice(0, 2));
    const withoutIds = await make(
      same.map(({ pageContent, metadata }) => new Document({ pageContent, metadata })),
      synthetic(),
    );
    const all = await withoutIds.similaritySearch("hello", 4);
    expect(new Set(all.map(({ id }) => id)).size).toBe(4);
    expect(await withoutIds.similaritySearch("hello", 4, { namespace: 3 })).toMatchObject([
      { metadata: { namespace: 3 } },
    ]);
  });

  it("max marginal relevance: k of them, from the store and from a retriever", async () => {
    const store = await make(greetings(), synthetic());
    expect((await store.maxMarginalRelevanceSearch("hello", { k: 3 })).length).toBe(3);
    const retriever = store.asRetriever({ searchType: "mmr", k: 3, filter: { a: 1 } });
    const found = await retriever.invoke("hello");
    expect(found.length).toBe(3);
    expect(found[0]?.pageContent).toBe("hello");
    expect(await store.asRetriever({ searchType: "mmr", filter: { a: 2 } }).invoke("hello")).toEqual([]);
  });

  it("sorts by similarity whatever the order of the documents", async () => {
    const byText: Readonly<Record<string, number[]>> = { A: [1, 0.1], B: [1, 2], C: [1, 1], D: [1, 0] };
    class Given extends Embeddings {
      embedDocuments = async (all: string[]) => all.map((text) => byText[text]!);
      embedQuery = async (text: string) => byText[text]!;
    }
    for (const order of ["ABC", "ACB", "BAC", "BCA", "CAB", "CBA"]) {
      const documents = [...order].map((pageContent) => new Document({ pageContent, metadata: {} }));
      const store = await make(documents, new Given({}));
      const found = await store.similaritySearchWithScore("D", 3);
      expect(texts(found.map(([each]) => each))).toEqual(["A", "C", "B"]);
      const distances = found.map(([, distance]) => distance);
      expect(distances).toEqual([...distances].sort((a, b) => a - b));
      const relevant = await store.similaritySearchWithRelevanceScores("D", 3);
      expect(texts(relevant.map(([each]) => each))).toEqual(["A", "C", "B"]);
      for (const [i, [, score]] of relevant.entries()) {
        expect(score).toBeCloseTo(1 - distances[i]! ** 2 / 4, 6);
      }
      const [, second] = relevant;
      const above = await store.similaritySearchWithRelevanceScores("D", 3, undefined, {
        scoreThreshold: second![1],
      });
      expect(texts(above.map(([each]) => each))).toEqual(["A", "C"]);
    }
  });

  it("a retriever tells its callbacks of its start and its end", async () => {
    const told: string[] = [];
    const retriever = (await make(greetings(), synthetic())).asRetriever({
      k: 1,
      callbacks: [
        {
          handleRetrieverStart: async (_serialized, query) => void told.push(query),
          handleRetrieverEnd: async (documents) => void told.push(...texts(documents)),
        },
      ],
    });
    await retriever.invoke("bye");
    expect(told).toEqual(["bye", "bye"]);
  });
});

describe.each(KINDS)("test_annoy.py of langchain-community, %s", (_, make) => {
  const TEXTS = ["foo", "bar", "baz"];
  const build = (metadata: (i: number) => object = () => ({})) =>
    make(
      TEXTS.map((pageContent, i) => new Document({ pageContent, metadata: { ...metadata(i) } })),
      new NumberedEmbeddings(),
    );
  const query = () => new NumberedEmbeddings().embedQuery();

  it("test_annoy", async () => {
    const [found, ...others] = await (await build()).similaritySearch("foo", 1);
    expect([found?.pageContent, found?.metadata, others]).toEqual(["foo", {}, []]);
  });

  it("test_annoy_vector_sim, with a k beyond what there is", async () => {
    const store = await build();
    expect(texts(await store.similaritySearchByVector(await query(), 1))).toEqual(["foo"]);
    const diverse = await store.maxMarginalRelevanceSearchByVector(await query(), { k: 10 });
    expect(texts(diverse).sort()).toEqual([...TEXTS].sort());
    expect(texts(await store.similaritySearchByVector(await query(), 10))).toEqual(TEXTS);
    expect(texts(await store.similaritySearchByVector(await query(), 2, 100))).toEqual(["foo", "bar"]);
  });

  it("test_annoy_vector_sim_by_index", async () => {
    expect(texts(await (await build()).similaritySearchByIndex(2, 1))).toEqual(["baz"]);
  });

  it("test_annoy_with_metadatas", async () => {
    const store = await build((page) => ({ page }));
    expect((await store.similaritySearch("foo", 1))[0]).toMatchObject({
      pageContent: "foo",
      metadata: { page: 0 },
    });
  });

  it("test_annoy_add_texts", async () => {
    const store = await build();
    await expect(store.asRetriever().addDocuments([document("foo", 0)])).rejects.toMatchObject({
      code: "READ_ONLY",
    });
  });
});

describe("test_annoy.py of langchain-community, what needs the files", () => {
  const TEXTS = ["foo", "bar", "baz"];

  it("test_annoy, test_annoy_vector_sim, ...: the docstore has the document of every item", async () => {
    const metadatas = TEXTS.map((_, page) => ({ page }));
    const store = keep(await AnnoyVectorStore.fromTexts(TEXTS, metadatas, new NumberedEmbeddings()));
    expect(store.indexToDocstoreId.length).toBe(3);
    for (const [item, id] of store.indexToDocstoreId.entries()) {
      expect(await store.docstore.search(id!)).toMatchObject({
        pageContent: TEXTS[item],
        metadata: { page: item },
      });
    }
  });

  it("test_annoy_search_not_found: a store that has lost its documents is not opened", async () => {
    const directory = join(folder, "lost");
    await (await AnnoyVectorStore.fromTexts(TEXTS, [], new NumberedEmbeddings(), { directory })).close();
    await truncate(join(directory, "documents.jsonl"));
    await expect(AnnoyVectorStore.load(directory, new NumberedEmbeddings())).rejects.toMatchObject({
      code: "CORRUPT_DOCUMENTS",
    });
  });

  it("test_annoy_local_save_load", async () => {
    const store = keep(await AnnoyVectorStore.fromTexts(TEXTS, [], new NumberedEmbeddings()));
    const directory = join(folder, "local");
    await store.save(directory);
    const loaded = keep(await AnnoyVectorStore.load(directory, new NumberedEmbeddings()));
    expect(loaded.indexToDocstoreId).toEqual(store.indexToDocstoreId);
    const ids = store.indexToDocstoreId.map((id) => id!);
    expect(await loaded.getByIds(ids)).toEqual(await store.getByIds(ids));
    expect(await loaded.similaritySearchWithScore("foo")).toEqual(
      await store.similaritySearchWithScore("foo"),
    );
  });
});
