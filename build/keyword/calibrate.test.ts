import { readFileSync } from "node:fs";
import { CharacterTextSplitter } from "@langchain/textsplitters";
import { describe, expect, it } from "vitest";
import { scoreOf } from "../../worker/core/forest/metrics.ts";
import { openKeywordSections } from "../../worker/core/keyword/keyword-index.ts";
import { parseKeywordQuery } from "../../worker/core/keyword/query.ts";
import { keywordSearch } from "../../worker/core/keyword/search.ts";
import { DEFAULT_FUSION, FUSION_DEPTH, fuse, fusionFor } from "../../worker/core/search/fusion.ts";
import { type Embedder, embedCorpus, loadStaticEmbedder } from "../embedding/index.ts";
import { createRandom } from "../numeric/random.ts";
import { calibrateFusion } from "./calibrate.ts";
import { encodeDocuments } from "./keyword-sections.ts";
import { makeQuery, QUERY_KINDS } from "./queries.ts";

const documentsOf = (texts: readonly string[]) =>
  texts.map((pageContent, item) => ({ item, id: String(item), pageContent, metadata: {} }));

const speech = readFileSync(
  new URL("../../test/fixtures/texts/state_of_the_union.txt", import.meta.url),
  "utf8",
);

/** An embedder that knows the words it is given, one dimension each. */
function bagOfWords(words: readonly string[]): Embedder {
  const embed = (text: string) => words.map((word) => (text.includes(word) ? 1 : 0) + 1e-3);
  return {
    identity: { provider: "static", model: "test", dimensions: words.length, normalized: false },
    embedDocuments: async (texts) => texts.map(embed),
    embedQuery: async (text) => embed(text),
  };
}

describe("calibrateFusion", () => {
  it("puts the wanted chunk of the State of the Union first once words and vectors are combined", async () => {
    const texts = await new CharacterTextSplitter({ chunkSize: 1000, chunkOverlap: 0 }).splitText(speech);
    const { vectors, embedder } = await embedCorpus(await loadStaticEmbedder(), texts);
    const dimensions = embedder.identity.dimensions;
    const vectorOf = (item: number) => vectors.subarray(item * dimensions, (item + 1) * dimensions);
    const documents = documentsOf(texts);
    const { fusion } = await calibrateFusion({
      documents,
      nItems: texts.length,
      metric: "angular",
      embedder,
      vectorOf,
    });
    expect(fusion.queries).toBeGreaterThan(100);
    const { keyword, vector, hybrid } = fusion.mrr!;
    expect(hybrid).toBeGreaterThanOrEqual(Math.max(keyword, vector) - 0.01);

    const { encoded } = await encodeDocuments(documents, { nItems: texts.length });
    const index = openKeywordSections(encoded, texts.length);
    const ask = async (query: string) => {
      const asked = await embedder.embedQuery(query);
      const scores = texts.map((_, item) => {
        const own = vectorOf(item);
        const cosine = asked.reduce((sum, x, i) => sum + x * own[i]!, 0);
        return scoreOf("angular", Math.sqrt(Math.max(0, 2 - 2 * cosine)), dimensions);
      });
      const near = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!).slice(0, FUSION_DEPTH);
      const words = keywordSearch(index, query, { k: FUSION_DEPTH });
      return fuse(
        { items: words.items, scores: words.scores.map((score) => score / words.bound) },
        { items: near, scores: near.map((item) => scores[item]!) },
        fusionFor(fusion, {
          words: parseKeywordQuery(query, index.language).words.length,
          wordScores: words.scores.map((score) => score / words.bound),
          vectorScores: near.map((item) => scores[item]!),
        }),
        (item) => scores[item],
      ).items.map((item) => texts[item]!);
    };
    const [first] = await ask("What did the president say about Ketanji Brown Jackson");
    expect(first).toMatch(/^Tonight\. I call on the Senate to: Pass the Freedom to Vote Act\./);
  });

  it("trusts the side that finds the documents", async () => {
    // Documents of pairs of sentences about one thing: named by the same rare word, or by two that only vectors join.
    const things = Array.from(
      { length: 60 },
      (_, i) => `thing${String.fromCharCode(97 + (i % 26), 97 + i / 26)}x`,
    );
    const filler = (i: number, of: string) =>
      `Some ${of} words number ${i} about ${things[i]} stand in here.`;
    const same = documentsOf(things.map((_, i) => `${filler(i, "first")} ${filler(i, "second")}`));
    const blind = bagOfWords(["zzz", "yyy"]);
    const input = { nItems: 60, metric: "angular" as const, documents: same };
    const { fusion: byWords } = await calibrateFusion({
      ...input,
      embedder: blind,
      vectorOf: () => Float32Array.of(1e-3, 1e-3),
    });
    expect(byWords.mrr!.keyword).toBeGreaterThan(0.8);
    expect(byWords.mrr!.hybrid).toBeGreaterThan(byWords.mrr!.keyword - 0.01);

    const english = things.map(
      (thing, i) => `The one called ${thing} came to see us on some day of week ${i}.`,
    );
    const apart = documentsOf(
      english.map((text, i) => `${text} Nobody knew it as dingo${things[i]!.slice(5)}.`),
    );
    const knowing = bagOfWords(things.map((thing) => thing.slice(5)));
    const vectors = await knowing.embedDocuments(apart.map(({ pageContent }) => pageContent));
    const { fusion: byVectors } = await calibrateFusion({
      ...input,
      documents: apart,
      embedder: knowing,
      vectorOf: (item) => Float32Array.from(vectors[item]!),
    });
    expect(byVectors.mrr!.vector).toBeGreaterThan(byVectors.mrr!.keyword);
    // Where a query has none of the embedder's words, all vectors are equal and the lowest item comes first, by luck.
    expect(byVectors.mrr!.hybrid).toBeGreaterThan(byVectors.mrr!.vector - 0.015);
  });

  it("says that it could not choose when there is nothing to ask", async () => {
    const input = {
      documents: documentsOf(["one", "two words", ""]),
      nItems: 3,
      metric: "angular" as const,
      embedder: bagOfWords(["one"]),
      vectorOf: () => Float32Array.of(1),
    };
    expect((await calibrateFusion(input)).fusion).toEqual({ ...DEFAULT_FUSION, queries: 0 });
  });

  it("chooses the same for the same documents and seed", async () => {
    const texts = speech.split("\n\n").filter((text) => text.length > 100);
    const embedder = bagOfWords(["America", "people", "Putin", "tax", "police"]);
    const vectors = await embedder.embedDocuments(texts);
    const run = () =>
      calibrateFusion({
        documents: documentsOf(texts),
        nItems: texts.length,
        metric: "angular",
        embedder,
        vectorOf: (item) => Float32Array.from(vectors[item]!),
        seed: 7,
      });
    expect(await run()).toEqual(await run());
  });
});

describe("makeQuery", () => {
  it("cuts a query out of a document and leaves the rest", () => {
    const document = {
      item: 0,
      id: "",
      pageContent: "Whales\nThe whale is a large mammal. It lives in the sea and eats small fish there.",
      metadata: { title: "Whales" },
    };
    const made = Object.fromEntries(
      QUERY_KINDS.map((kind) => [kind, makeQuery(kind, document, "en", createRandom(1))!]),
    );
    expect(made.title!.query).toBe("Whales");
    expect(made.title!.rest.trim()).toMatch(/^The whale is/);
    expect(made.lead!.query).toMatch(/^Whales\s+The whale/);
    expect(made.lead!.rest).not.toContain("large mammal");
    expect(document.pageContent).toContain(made.words!.query);
    expect(made.words!.rest).not.toContain(made.words!.query);
  });

  it("asks nothing of a document that is too short", () => {
    for (const pageContent of ["", "word", "three words only"]) {
      const document = { item: 0, id: "", pageContent, metadata: {} };
      for (const kind of QUERY_KINDS)
        expect(makeQuery(kind, document, "en", createRandom(1))).toBeUndefined();
    }
  });
});
