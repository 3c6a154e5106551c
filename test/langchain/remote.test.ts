import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AnnoyVectorStore, connect, loadStaticEmbedder } from "../../build/langchain/index.ts";
import { openLocalIndex } from "../../build/local/local-index.ts";
import type { LocalIndex } from "../../build/local/types.ts";
import { createClient } from "../../worker/client/index.ts";
import { SearchRetriever } from "../../worker/client/langchain.ts";
import { serve } from "./serve.ts";

const TEXTS = ["pizza is great", "I love salad", "my car", "a dog"];
const VECTOR = [0.3, -0.2, 0.9];

let folder: string;
let local: AnnoyVectorStore;
let index: LocalIndex;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "remote-"));
  const directory = join(folder, "static");
  local = await AnnoyVectorStore.fromTexts(
    TEXTS,
    TEXTS.map((_, n) => ({ n })),
    undefined,
    { directory },
  );
  index = await openLocalIndex(directory);
});
afterAll(async () => {
  await local.close();
  await index.close();
  await rm(folder, { recursive: true });
});

describe("a store over a Worker", () => {
  const remote = () => connect("https://search.example.com/", { fetch: serve(index) });

  it("gives what the store over the artifact gives: documents, ids and distances", async () => {
    const store = remote();
    expect(await store.similaritySearchWithScore("food", 4)).toEqual(
      await local.similaritySearchWithScore("food", 4),
    );
    expect(await store.similaritySearch("motorbike", 1)).toEqual(
      await local.similaritySearch("motorbike", 1),
    );
    expect(await store.similaritySearchWithScoreByIndex(3, 4)).toEqual(
      await local.similaritySearchWithScoreByIndex(3, 4),
    );
    const vector = await local.embeddings.embedQuery("an animal");
    expect(await store.similaritySearchVectorWithScore(vector, 4)).toEqual(
      await local.similaritySearchVectorWithScore(vector, 4),
    );
    const options = { k: 2, fetchK: 4, lambda: 0.1 };
    expect(await store.maxMarginalRelevanceSearch("food", options)).toEqual(
      await local.maxMarginalRelevanceSearch("food", options),
    );
    expect(await store.asRetriever(1).invoke("motorbike")).toEqual(
      await local.asRetriever(1).invoke("motorbike"),
    );
  });

  it("reads documents by id", async () => {
    const id = local.indexToDocstoreId[2]!;
    expect(await remote().docstore.search(id)).toEqual(await local.docstore.search(id));
    await expect(remote().docstore.search("nobody")).rejects.toMatchObject({ code: "ID_NOT_FOUND" });
    const elsewhere = connect("https://example.com/", {
      fetch: async () => new Response("<h1>Not Found</h1>", { status: 404 }),
    });
    await expect(elsewhere.docstore.search(id)).rejects.toMatchObject({ code: "BAD_RESPONSE" });
  });

  it("embeds queries itself when it is given the index's embedder, and refuses another", async () => {
    const fetch = serve(index);
    const embeddings = index.embedder!;
    const store = connect("https://search.example.com", { fetch, embeddings });
    expect(await store.similaritySearchWithScore("food")).toEqual(
      await local.similaritySearchWithScore("food"),
    );
    const other = { ...(await loadStaticEmbedder()), identity: { ...embeddings.identity, model: "other" } };
    const wrong = connect("https://search.example.com", { fetch, embeddings: other });
    await expect(wrong.similaritySearch("food")).rejects.toMatchObject({ code: "EMBEDDER_MISMATCH" });
  });

  it("says what needs the artifact at hand", async () => {
    const store = remote();
    expect(() => store.indexToDocstoreId).toThrow(expect.objectContaining({ code: "NOT_OVER_HTTP" }));
    await expect(store.save(join(folder, "x"))).rejects.toMatchObject({ code: "NOT_OVER_HTTP" });
    await expect(store.embeddings.embedQuery("food")).rejects.toMatchObject({ code: "NO_EMBEDDER" });
    await expect(store.addDocuments([])).rejects.toMatchObject({ code: "READ_ONLY" });
    await store.close();
  });

  it("passes on the Worker's problems", async () => {
    const bare = await AnnoyVectorStore.fromEmbeddings([["a", VECTOR]], [], undefined, {
      directory: join(folder, "bare"),
    });
    await bare.close();
    const vectors = await openLocalIndex(join(folder, "bare"));
    try {
      const store = connect("https://search.example.com", { fetch: serve(vectors) });
      expect((await store.similaritySearchByVector(VECTOR, 1))[0]?.pageContent).toBe("a");
      await expect(store.similaritySearch("text")).rejects.toMatchObject({ code: "NO_EMBEDDER" });
      await expect(store.similaritySearchByVector([1])).rejects.toMatchObject({ code: "DIMENSION_MISMATCH" });
    } finally {
      await vectors.close();
    }
  });
});

describe("the retriever of the client", () => {
  it("searches the Worker and needs nothing of Node", async () => {
    const fetch = serve(index);
    const url = "https://search.example.com";
    const retriever = new SearchRetriever({ url, clientOptions: { fetch }, k: 1 });
    const [document] = await retriever.invoke("motorbike");
    expect(document).toMatchObject({
      id: local.indexToDocstoreId[2],
      pageContent: "my car",
      metadata: { n: 2 },
    });
    const filtered = new SearchRetriever({ client: createClient(url, { fetch }), filter: { n: { lt: 2 } } });
    expect((await filtered.invoke("motorbike")).map(({ metadata }) => metadata.n).sort()).toEqual([0, 1]);
    const piped = retriever.pipe((documents) => documents.length);
    expect(await piped.invoke("food")).toBe(1);
    expect(() => new SearchRetriever({})).toThrow(TypeError);
  });
});
