import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import { CharacterTextSplitter } from "@langchain/textsplitters";
import { AnnoyIndex } from "../../../build/index.ts";
import { AnnoyVectorStore } from "../../../build/langchain/index.ts";
import type { PeerWorker } from "../worker.ts";
import type { Printed, Scored } from "./printed.ts";

export const TEXTS = ["pizza is great", "I love salad", "my car", "a dog"];
export const QUERIES = ["food", "motorbike", "eating!"];
export const QUESTION = "What did the president say about Ketanji Brown Jackson";
const METADATAS = [{ x: "food" }, { x: "food" }, { x: "stuff" }, { x: "animal" }];

type Document = Awaited<ReturnType<AnnoyVectorStore["similaritySearch"]>>[number];
const texts = (documents: readonly Document[]) => documents.map((document) => document.pageContent);
const scores = (pairs: readonly (readonly [Document, number])[]) =>
  pairs.map(([document, score]): Scored => [document.pageContent, score]);

export async function splitSpeech(speech: string): Promise<Document[]> {
  const splitter = new CharacterTextSplitter({ chunkSize: 1000, chunkOverlap: 0 });
  return splitter.createDocuments([await readFile(speech, "utf8")], [{ source: basename(speech) }]);
}

/** The notebook with the store of LangChain.js, over artifacts in `folder`. */
export async function playHere(
  embeddings: EmbeddingsInterface,
  speech: string,
  folder: string,
): Promise<Printed> {
  const store = await AnnoyVectorStore.fromTexts(TEXTS, [], embeddings);
  const dot = await AnnoyVectorStore.fromTexts(TEXTS, [], embeddings, {
    metric: "dot",
    nTrees: 100,
    nJobs: 1,
  });
  const chunks = await splitSpeech(speech);
  const ofSpeech = await AnnoyVectorStore.fromDocuments(chunks, embeddings);
  const vectors = await embeddings.embedDocuments(TEXTS);
  const pairs = TEXTS.map((text, i): [string, number[]] => [text, vectors[i]!]);
  const given = await AnnoyVectorStore.fromEmbeddings(pairs, embeddings);
  const motorbike = await embeddings.embedQuery("motorbike");
  await store.save(join(folder, "saved"));
  const loaded = await AnnoyVectorStore.load(join(folder, "saved"), embeddings);

  const index = new AnnoyIndex(vectors[0]!.length, "angular");
  for (const [item, vector] of vectors.entries()) index.addItem(item, vector);
  await index.build(10);
  const docstore = TEXTS.map((pageContent, i) => ({
    item: i,
    id: `text-${i}`,
    pageContent,
    metadata: METADATAS[i]!,
  }));
  const manual = await AnnoyVectorStore.fromIndex(index, docstore, { embeddings });
  const eating = await manual.similaritySearchWithScore("eating!", 3);

  const printed: Printed = {
    "food documents": texts(await store.similaritySearch("food", 3)),
    food: scores(await store.similaritySearchWithScore("food", 3)),
    "food by dot": scores(await dot.similaritySearchWithScore("food", 3)),
    "speech chunks": texts(chunks),
    speech: scores(await ofSpeech.similaritySearchWithScore(QUESTION)),
    "food from embeddings": scores(await given.similaritySearchWithScore("food", 3)),
    "motorbike documents": texts(await store.similaritySearchByVector(motorbike, 3)),
    motorbike: scores(await store.similaritySearchWithScoreByVector(motorbike, 3)),
    "document of item 0": texts([await store.docstore.search(store.indexToDocstoreId[0]!)]),
    "item 0": scores(await store.similaritySearchWithScoreByIndex(0, 3)),
    "item 0, loaded": scores(await loaded.similaritySearchWithScoreByIndex(0, 3)),
    "eating!": scores(eating),
    "eating! metadata": eating.map(([document]) => String(document.metadata.x)),
  };
  for (const open of [store, dot, ofSpeech, given, loaded, manual]) await open.close();
  return printed;
}

/** The same over a Worker: indexes that are published, in place of stores that are made from texts or loaded. */
export async function playOverHttp(
  embeddings: EmbeddingsInterface,
  speech: string,
  worker: PeerWorker,
): Promise<Printed> {
  const chunks = await splitSpeech(speech);
  const publish = async (name: string, documents: readonly Document[], metric: "angular" | "dot") => {
    const vectors = await embeddings.embedDocuments(texts(documents));
    await worker.publish(name, {
      documents: documents.map(({ pageContent, metadata }, i) => ({
        pageContent,
        metadata,
        vector: vectors[i]!,
      })),
      ...{ metric, codec: "float32", embedder: "none" },
    });
    return AnnoyVectorStore.connect(worker.url, { index: name, embeddings });
  };
  const four = TEXTS.map((pageContent, i): Document => ({ pageContent, metadata: METADATAS[i]! }));
  const store = await publish("notebook", four, "angular");
  const dot = await publish("notebook-dot", four, "dot");
  const ofSpeech = await publish("notebook-speech", chunks, "angular");
  const motorbike = await embeddings.embedQuery("motorbike");
  const eating = await store.similaritySearchWithScore("eating!", 3);
  const byItem = await store.similaritySearchWithScoreByIndex(0, 3);
  return {
    "food documents": texts(await store.similaritySearch("food", 3)),
    food: scores(await store.similaritySearchWithScore("food", 3)),
    "food by dot": scores(await dot.similaritySearchWithScore("food", 3)),
    "speech chunks": texts(chunks),
    speech: scores(await ofSpeech.similaritySearchWithScore(QUESTION)),
    "motorbike documents": texts(await store.similaritySearchByVector(motorbike, 3)),
    motorbike: scores(await store.similaritySearchWithScoreByVector(motorbike, 3)),
    "document of item 0": texts([await store.docstore.search(byItem[0]![0].id!)]),
    "item 0": scores(byItem),
    "eating!": scores(eating),
    "eating! metadata": eating.map(([document]) => String(document.metadata.x)),
  };
}
