import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { CarriedEmbedder, Embedder } from "../../worker/core/embedding/types.ts";
import { splitDocuments } from "../splitting/index.ts";
import { computeWhitening, embedCorpus, embedTexts, loadStaticEmbedder, whitenVectors } from "./index.ts";

const embedder = await loadStaticEmbedder();
const { dimensions } = embedder.identity;

/** Positions of `texts`, nearest to the query first, by the vectors and the embedder that an artifact would carry. */
async function rank(texts: string[], query: string): Promise<number[]> {
  const corpus = await embedCorpus(embedder, texts);
  const wanted = await corpus.embedder.embedQuery(query);
  const scores = texts.map((_, row) =>
    wanted.reduce((sum, x, i) => sum + x * corpus.vectors[row * dimensions + i]!, 0),
  );
  return [...texts.keys()].sort((a, b) => scores[b]! - scores[a]!);
}

function constant(vectorOf: (text: string) => number[], length = 2): Embedder {
  return {
    identity: { provider: "test", model: "test", dimensions: length, normalized: false },
    embedDocuments: async (texts) => texts.map(vectorOf),
    embedQuery: async (text) => vectorOf(text),
  };
}

describe("the default embedder with whitening", () => {
  it("finds food and vehicles among four texts", async () => {
    const texts = ["pizza is great", "I love salad", "my car", "a dog"];
    const food = await rank(texts, "food");
    expect(food.indexOf(2)).toBeGreaterThan(Math.max(food.indexOf(0), food.indexOf(1)));
    expect((await rank(texts, "motorbike"))[0]).toBe(2);
  });

  it("has the passage on the Supreme Court among the first four for the question about it", async () => {
    const file = new URL("../../test/fixtures/texts/state_of_the_union.txt", import.meta.url);
    const document = { pageContent: readFileSync(file, "utf8"), metadata: {}, kind: "text" as const };
    const options = { splitter: "character", chunkSize: 1000, chunkOverlap: 0 } as const;
    const texts: string[] = [];
    for await (const chunk of splitDocuments([document], options)) texts.push(chunk.pageContent);
    const order = await rank(texts, "What did the president say about Ketanji Brown Jackson");
    const wanted = texts.findIndex((text) =>
      text.startsWith("Tonight. I call on the Senate to: Pass the Freedom to Vote Act."),
    );
    expect(order.slice(0, 4)).toContain(wanted);
  });

  it("tells the nearest of a few texts without embedding each, with whitening and without", async () => {
    const texts = ["pizza is great", "I love salad", "my car", "a dog"];
    const { embedder: whitened } = await embedCorpus(embedder, texts);
    // The static embedder, which is carried, stays one when it is whitened.
    for (const one of [embedder, whitened as CarriedEmbedder]) {
      const query = Float32Array.from(await one.embedQuery("motorbike"));
      const values = texts.map(one.nearness!(query));
      expect(values.indexOf(Math.max(...values))).toBe(2);
    }
    const query = Float32Array.from(await embedder.embedQuery("motorbike"));
    const vector = await embedder.embedQuery(texts[2]!);
    const product = vector.reduce((sum, x, i) => sum + x * query[i]!, 0);
    expect(embedder.nearness!(query)(texts[2]!)).toBeCloseTo(product, 6);
  });

  it("gives a document the very vector that its text as a query gets", async () => {
    const texts = ["a device for measuring time", "fear of heights", "", "東京"];
    const corpus = await embedCorpus(embedder, texts);
    expect(corpus.embedder.identity.whitened).toBe(true);
    for (const [row, text] of texts.entries()) {
      const query = await corpus.embedder.embedQuery(text);
      for (const [i, x] of query.entries()) {
        expect(Math.abs(x - corpus.vectors[row * dimensions + i]!)).toBeLessThan(1e-6);
      }
    }
    expect(corpus.sections.map((s) => [s.name, s.bytes.byteLength])).toEqual([
      ["embeddingTable", embedder.tableBytes.byteLength],
      ["whitening", dimensions * dimensions * 4],
    ]);
  });

  it("computes the same matrix twice, symmetric and finite, even of nothing", () => {
    for (const vectors of [new Float32Array(0), new Float32Array(3 * dimensions), randomRows(600)]) {
      const matrix = computeWhitening(vectors, dimensions, embedder.tableBytes);
      expect(matrix).toEqual(computeWhitening(vectors, dimensions, embedder.tableBytes));
      expect(matrix.every(Number.isFinite)).toBe(true);
      for (let i = 0; i < dimensions; i++) {
        expect(matrix[i * dimensions + 3]).toBe(matrix[3 * dimensions + i]);
      }
    }
  });

  it("evens out a direction that all documents share", () => {
    const rows = 4000;
    const vectors = randomRows(rows);
    for (let r = 0; r < rows; r++) vectors[r * dimensions] = 1;
    const share = () => vectors.reduce((sum, x, i) => sum + (i % dimensions === 0 ? x * x : 0), 0) / rows;
    whitenVectors(
      new Float32Array(dimensions * dimensions).map((_, i) => (i % (dimensions + 1) ? 0 : 1)),
      vectors,
      dimensions,
    );
    const before = share();
    whitenVectors(computeWhitening(vectors, dimensions, embedder.tableBytes), vectors, dimensions);
    expect(share()).toBeLessThan(before / 4);
    expect(Math.hypot(...vectors.subarray(0, dimensions))).toBeCloseTo(1, 5);
  });

  it("says what to do when a table is not there", async () => {
    await expect(loadStaticEmbedder("/nowhere/table.bin")).rejects.toMatchObject({
      code: "EMBEDDER_NOT_FOUND",
    });
  });
});

describe("embedding texts", () => {
  it("keeps the order over batches, from arrays and streams, and reports progress", async () => {
    const texts = ["1", "2", "3", "4", "5"];
    async function* stream() {
      yield* texts;
    }
    const one = constant((text) => [Number(text), 0]);
    const seen: number[] = [];
    const vectors = await embedTexts(one, texts, {
      batchSize: 2,
      onProgress: ({ phase, done, total }) => {
        expect([phase, total]).toEqual(["embed", 5]);
        seen.push(done);
      },
    });
    expect(Array.from(vectors)).toEqual([1, 0, 2, 0, 3, 0, 4, 0, 5, 0]);
    expect(seen).toEqual([2, 4, 5]);
    expect(vectors.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(await embedTexts(one, stream(), { batchSize: 3 })).toEqual(vectors);
    expect((await embedTexts(one, [])).length).toBe(0);
  });

  it("refuses vectors that are too few, too short or not numbers", async () => {
    const faults: [Embedder, RegExp][] = [
      [constant(() => [1]), /1 numbers for text 0; 2 are expected/],
      [constant(() => [1, Number.NaN]), /not finite for text 0/],
      [{ ...constant(() => []), embedDocuments: async () => [] }, /0 vectors for 1 texts/],
    ];
    for (const [faulty, message] of faults) {
      await expect(embedTexts(faulty, ["a"])).rejects.toMatchObject({
        code: "BAD_EMBEDDING",
        message: expect.stringMatching(message),
      });
    }
  });
});

function randomRows(rows: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length: rows * dimensions }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32 - 0.5) / 8;
  });
}
