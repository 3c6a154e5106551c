import { join } from "node:path";
import { Embeddings } from "@langchain/core/embeddings";
import { describe, expect, inject, test } from "vitest";
import { build, exportLangchain } from "../../build/index.ts";
import { AnnoyVectorStore } from "../../build/langchain/index.ts";
import type { AnnoyLayout } from "../../worker/core/format/annoy.ts";
import { METRICS, type Metric } from "../../worker/core/format/constants.ts";
import { type FolderAnswers, type PeerDocument, type Scored, usePython } from "./python.ts";
import { expectSame } from "./same.ts";
import { randomRows, temporaryFolder, writeRows } from "./vectors.ts";

const peers = inject("peers");
const folder = temporaryFolder();

const F = 24;
const DOCUMENTS = 250;
const TREES = 20;
const K = 10;
const FETCH_K = 30;
const LAMBDA = 0.4;
/** `searchK` that looks at every item. */
const EVERY = 100_000;
const TOLERANCE = 2e-6;
const ITEMS = [0, 7, 249];

const texts = Array.from({ length: DOCUMENTS }, (_, i) => `text ${i}, naïve 東 🙂`);
const metadatas = texts.map((_, i) => ({
  page: i,
  score: i / 7,
  nested: { list: [i, null, true, "é"], empty: {} },
}));
const queries = Array.from({ length: 15 }, (_, i) => `query ${i}`);

class Table extends Embeddings {
  readonly #vectors: ReadonlyMap<string, Float32Array>;
  constructor(vectors: ReadonlyMap<string, Float32Array>) {
    super({});
    this.#vectors = vectors;
  }
  async embedQuery(text: string): Promise<number[]> {
    return Array.from(this.#vectors.get(text)!);
  }
  async embedDocuments(given: string[]): Promise<number[][]> {
    return Promise.all(given.map((text) => this.embedQuery(text)));
  }
}

interface Package {
  readonly name: string;
  readonly path: string | undefined;
  readonly tolerance: number;
  readonly dot: AnnoyLayout;
}
const PACKAGES: readonly Package[] = [
  { name: "annoy 1.17.3 as pip compiles it", path: undefined, tolerance: TOLERANCE, dot: "dot-1.17" },
  { name: "annoy's master branch", path: peers?.master, tolerance: 0, dot: "dot" },
];

type Found = Awaited<ReturnType<AnnoyVectorStore["similaritySearch"]>>[number];
const plain = ({ id, pageContent, metadata }: Found): PeerDocument => ({
  id: id!,
  text: pageContent,
  metadata,
});
const scored = (pairs: readonly (readonly [Found, number])[]): Scored[] =>
  pairs.map(([document, score]) => [plain(document), score]);

describe.runIf(peers).each(PACKAGES)("LangChain's Annoy on $name", ({ path, tolerance, dot }) => {
  const python = usePython(peers, path);

  describe.each(METRICS)("%s", (metric: Metric) => {
    const name = (suffix: string) => join(folder, `${metric}-${dot}${suffix}`);
    const vectors = randomRows(metric, DOCUMENTS, F, 21n);
    const queryVectors = randomRows(metric, queries.length, F, 22n);
    const vectorsFile = writeRows(name(".f32"), vectors);
    const queriesFile = writeRows(name(".queries.f32"), queryVectors);
    const embeddings = new Table(new Map(queries.map((text, i) => [text, queryVectors[i]!])));
    const mmr = { k: K, fetchK: FETCH_K, lambda: LAMBDA };

    const askPython = (of: string): Promise<FolderAnswers> =>
      python.call("ask_folder", {
        ...{ f: F, folder: of, vectors: queriesFile, texts: queries, items: ITEMS, k: K },
        ...{ fetch_k: FETCH_K, lambda_mult: LAMBDA, every: EVERY },
      });

    async function compare(store: AnnoyVectorStore, theirs: FolderAnswers): Promise<void> {
      const same = (ours: readonly Scored[], wanted: readonly Scored[]) =>
        expectSame(ours, wanted, { metric, tolerance });
      expect(theirs.metric).toBe(metric);
      expect(store.indexToDocstoreId).toEqual(theirs.ids);
      for (const [q, text] of queries.entries()) {
        const vector = queryVectors[q]!;
        same(scored(await store.similaritySearchWithScore(text, K)), theirs.byText[q]!);
        same(scored(await store.similaritySearchWithScoreByVector(vector, K)), theirs.byVector[q]!);
        expect((await store.maxMarginalRelevanceSearch(text, mmr)).map(plain)).toEqual(theirs.mmr[q]);
        const byVector = await store.maxMarginalRelevanceSearchByVector(vector, mmr);
        expect(byVector.map(plain)).toEqual(theirs.mmrByVector[q]);
      }
      for (const [i, item] of ITEMS.entries()) {
        same(scored(await store.similaritySearchWithScoreByIndex(item, K)), theirs.byIndex[i]!);
      }
      await store.close();
    }

    test("a folder of save_local is searched as load_local searches it", async () => {
      const out = name("-theirs");
      const args = { f: F, metric, vectors: vectorsFile, texts, metadatas, trees: TREES, out };
      const ids = await python.call("save_folder", args);
      const store = await AnnoyVectorStore.load(out, embeddings);
      expect(store.indexToDocstoreId).toEqual(ids);
      expect((await store.getByIds(ids)).map(plain)).toEqual(
        texts.map((text, i) => ({ id: ids[i], text, metadata: metadatas[i] })),
      );
      await compare(store, await askPython(out));
    });

    test("load_local searches an exported folder as it is searched here, and as the artifact is", async () => {
      const documents = texts.map((pageContent, i) => ({
        ...{ id: `id-${i}`, pageContent, metadata: metadatas[i]! },
        vector: Array.from(vectors[i]!),
      }));
      const artifact = name("-artifact");
      await build({ documents, out: artifact, metric, codec: "float32", keyword: false, embedder: "none" });
      const out = name("-exported");
      await exportLangchain(artifact, { out, trees: TREES, ...(metric === "dot" && { layout: dot }) });
      const theirs = await askPython(out);
      await compare(await AnnoyVectorStore.load(out, embeddings), theirs);

      // Another forest and sums in float64: the same answers where both look at every item.
      const store = await AnnoyVectorStore.load(artifact, embeddings);
      for (const [q, text] of queries.entries()) {
        const all = scored(await store.similaritySearchWithScore(text, K, EVERY));
        expectSame(all, theirs.exact[q]!, { metric, tolerance: TOLERANCE });
      }
      await store.close();
    });
  });
});
