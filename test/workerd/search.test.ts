import { beforeAll, describe, expect, test } from "vitest";
import { textCorpus } from "../seed/corpus.ts";
import { expectContract, expectProblem, postSearch, send } from "./contract.ts";
import { seed } from "./seed.ts";

interface Passage {
  readonly text: string;
  readonly offset: number;
  readonly ranges: readonly { readonly start: number; readonly end: number }[];
}

interface Result {
  readonly mode: string;
  readonly hits: readonly {
    readonly item: number;
    readonly id: string;
    readonly distance: number | null;
    readonly score: number;
    readonly document?: { readonly pageContent: string; readonly metadata: Record<string, unknown> };
    readonly metadata?: Record<string, unknown>;
    readonly highlights?: readonly Passage[];
    readonly explanation?: {
      readonly words: readonly object[];
      readonly keyword: { readonly rank: number; readonly score: number } | null;
      readonly vector: { readonly rank: number | null; readonly score: number } | null;
      readonly weights: { readonly keyword: number; readonly vector: number } | null;
    };
  }[];
  readonly facets?: Record<string, { readonly value: unknown; readonly count: number }[]>;
}

const corpus = textCorpus();
const year = (document: { metadata?: Readonly<Record<string, unknown>> }) =>
  Number(document.metadata?.year ?? 0);

beforeAll(seed);

async function search(request: object): Promise<Result> {
  const response = await postSearch(request);
  return (await expectContract(response, "/v1/search", "post")) as Result;
}

describe("weights and explanations", () => {
  const query = "a violin in the orchestra";

  test("weights move the order from one side to the other, and are what the explanation says", async () => {
    const ids = async (request: object) =>
      (await search({ query, k: 5, ...request })).hits.map(({ id }) => id);
    const [words, meaning] = [await ids({ mode: "keyword" }), await ids({ mode: "vector" })];
    expect(await ids({ weights: {} })).toEqual(await ids({}));
    expect(await ids({ weights: { vector: 1 } })).toEqual(meaning);
    expect((await ids({ weights: { keyword: 1 } })).slice(0, 2)).toEqual(words.slice(0, 2));
    const { hits } = await search({ query, weights: { keyword: 0.5, vector: 1 }, include: ["explanation"] });
    for (const { explanation, score } of hits) {
      expect(explanation?.weights).toEqual({
        keyword: expect.closeTo(1 / 3, 9),
        vector: expect.closeTo(2 / 3, 9),
        given: true,
      });
      const { keyword, vector } = explanation!;
      expect(score).toBeCloseTo((keyword?.score ?? 0) / 3 + (2 * vector!.score) / 3, 5);
    }
  });

  test("an explanation says which words matched where, and how each side ranked the hit", async () => {
    const { hits } = await search({ query, include: ["document", "explanation"] });
    const [first] = hits;
    expect(first?.explanation?.words).toContainEqual({
      word: "violin",
      terms: ["violin"],
      fields: ["pageContent"],
    });
    const byWords = await search({ query, mode: "keyword", include: ["explanation"] });
    expect(byWords.hits.map(({ explanation }) => explanation?.keyword?.rank)).toEqual([1, 2, 3, 4]);
    expect(byWords.hits[0]?.explanation).toMatchObject({ vector: null, weights: null });
    const get = await send("/v1/search?q=violin&weights.keyword=0.2&include=explanation");
    const body = (await expectContract(get, "/v1/search", "get")) as Result;
    expect(body.hits[0]?.explanation?.weights).toMatchObject({ keyword: 0.2, given: true });
  });

  test("weights that cannot be are refused", async () => {
    for (const request of [
      { query, mode: "keyword", weights: { keyword: 1 } },
      { query, weights: { keyword: 0, vector: 0 } },
      { item: 1, weights: { vector: 0.5 } },
    ]) {
      await expectProblem(await postSearch(request), 400, "INVALID_VALUE");
    }
    await expectProblem(await postSearch({ query, weights: { keyword: 2 } }), 400, "OUT_OF_RANGE");
  });
});

describe("modes", () => {
  test("text is searched by words and meaning together when the index has both", async () => {
    const { mode, hits } = await search({ query: "violin" });
    expect(mode).toBe("hybrid");
    expect(hits[0]?.document?.pageContent).toBe("a violin concerto");
    for (const hit of hits) expect(hit.distance).toBeGreaterThanOrEqual(0);
  });

  test("keyword finds words, inflected and misspelt, and compares no vectors", async () => {
    for (const query of ["orchestras", "orchestar", "tunes instrument"]) {
      const { mode, hits } = await search({ query, mode: "keyword" });
      expect(mode).toBe("keyword");
      expect(hits[0]?.document?.pageContent).toBe("the orchestra tunes its instruments");
      expect(hits[0]?.distance).toBeNull();
      expect(hits[0]?.score).toBeGreaterThan(0);
    }
  });

  test("the last word may be the beginning of one", async () => {
    for (const query of ["orch", "the orches"]) {
      const { hits } = await search({
        query,
        mode: "keyword",
        prefix: true,
        include: ["document", "highlights"],
      });
      const hit = hits.find((one) => one.document?.pageContent === "the orchestra tunes its instruments");
      const [passage] = hit?.highlights ?? [];
      expect(passage?.ranges.map(({ start, end }) => passage.text.slice(start, end))).toContain("orchestra");
    }
    const response = await send("/v1/search?q=a%20mot&prefix=true&mode=keyword");
    const body = (await expectContract(response, "/v1/search")) as Result;
    expect(body.hits[0]?.document?.pageContent).toBe("a motorcycle with two cylinders");
  });

  test("vector finds by meaning alone", async () => {
    const { mode, hits } = await search({ query: "violin", mode: "vector", k: 8 });
    expect(mode).toBe("vector");
    expect(hits.filter((hit) => hit.document?.metadata.topic === "music").length).toBeGreaterThan(3);
  });

  test("words behind a minus keep documents out of either side, and phrases let in what holds them", async () => {
    const all = await search({ query: "dog -dog", k: 37 });
    expect(all.hits.map((hit) => hit.document?.pageContent)).not.toContain("a dog");
    const phrase = await search({ query: '"sleeps on the sofa"', k: 37 });
    expect(phrase.hits.map((hit) => hit.document?.pageContent)).toEqual(["the cat sleeps on the sofa"]);
  });

  test("a text of unknown words finds nothing by meaning, and says so", async () => {
    const response = await postSearch({ query: "☃ ☃", mode: "hybrid" });
    const body = await expectContract(response, "/v1/search", "post");
    expect(body).toMatchObject({ hits: [], warnings: [{ code: "NOTHING_UNDERSTOOD" }] });
  });

  test("modes by words need words", async () => {
    await expectProblem(await postSearch({ item: 1, mode: "keyword" }), 400, "INVALID_VALUE");
    await expectProblem(await postSearch({ item: 1, mode: "hybrid" }), 400, "INVALID_VALUE");
    await expectProblem(await postSearch({ query: "a", mode: "keyword", mmr: {} }), 400, "INVALID_VALUE");
  });
});

describe("filters", () => {
  const cases: [string, object, (document: (typeof corpus)[number]) => boolean][] = [
    ["a value", { topic: "food" }, (d) => d.metadata?.topic === "food"],
    ["a range", { year: { gte: 2021, lt: 2023 } }, (d) => year(d) >= 2021 && year(d) < 2023],
    [
      "a list",
      { topic: { in: ["food", "music"] } },
      (d) => ["food", "music"].includes(String(d.metadata?.topic)),
    ],
    [
      "an element of an array",
      { tags: "n3" },
      (d) => (d.metadata?.tags as string[] | undefined)?.includes("n3") ?? false,
    ],
    ["absence", { topic: { exists: false } }, (d) => d.metadata?.topic === undefined],
    [
      "a combination",
      { or: [{ topic: "animals" }, { and: [{ long: true }, { year: 2020 }] }] },
      (d) => d.metadata?.topic === "animals" || (d.metadata?.long === true && year(d) === 2020),
    ],
    ["a negation", { not: { topic: "food" } }, (d) => d.metadata?.topic !== "food"],
  ];

  test.each(cases)("by %s let through exactly what they should, in every mode", async (_, filter, passes) => {
    const expected = corpus.filter(passes).map((document) => document.id);
    const byMeaning = await search({ query: "a dog", k: 100, filter, mode: "vector" });
    expect(byMeaning.hits.map((hit) => hit.id).sort()).toEqual(expected.sort());
    const byBoth = await search({ query: "a dog", k: 100, filter });
    expect(byBoth.hits.map((hit) => hit.id).sort()).toEqual(expected.sort());
    const byWords = await search({ query: "a the dog", k: 100, filter, mode: "keyword" });
    for (const hit of byWords.hits) expect(expected).toContain(hit.id);
  });

  test("say the same in the query string", async () => {
    const filter = encodeURIComponent('{"topic":"food","year":{"gte":2020}}');
    const expected = await search({ query: "dog", k: 20, filter: { topic: "food", year: { gte: 2020 } } });
    for (const query of [`filter=${filter}`, "filter[topic]=food&filter[year][gte]=2020"]) {
      const response = await send(`/v1/search?q=dog&k=20&${query}`);
      expect(await expectContract(response, "/v1/search")).toEqual(expected);
    }
  });

  test.each([
    [{ colour: "red" }, "UNKNOWN_FILTER_FIELD"],
    [{ year: { gte: "soon" } }, "FILTER_TYPE_MISMATCH"],
    [{ year: { near: 3 } }, "INVALID_FILTER"],
    [[], "INVALID_FILTER"],
    ["topic", "INVALID_FILTER"],
    [{ year: null, topic: { in: Array.from({ length: 5000 }, () => "x") } }, "FILTER_TOO_COMPLEX"],
  ])("that make no sense are refused: %j", async (filter, code) => {
    const problem = await expectProblem(await postSearch({ query: "a", filter }), 400, code);
    expect(problem.errors?.[0]?.field).toMatch(/^filter/);
  });
});

describe("facets", () => {
  test("count the values of all documents that pass the filter", async () => {
    const { facets, hits } = await search({
      query: "dog",
      k: 1,
      include: [],
      facets: ["topic", "year", "long"],
      filter: { year: { lte: 2020 } },
    });
    expect(hits).toHaveLength(1);
    const passing = corpus.filter(
      (document) => document.metadata?.year !== undefined && year(document) <= 2020,
    );
    const count = (field: string, value: unknown) =>
      passing.filter((document) => document.metadata?.[field] === value).length;
    for (const field of ["topic", "year", "long"]) {
      const counts = facets?.[field] ?? [];
      expect(counts.length).toBeGreaterThan(0);
      for (const { value, count: given } of counts) expect(given).toBe(count(field, value));
      expect(counts.map((facet) => facet.count)).toEqual(
        counts.map((facet) => facet.count).sort((a, b) => b - a),
      );
    }
  });

  test("of matches count the documents that hold a word of the query, and tell the other values with 0", async () => {
    const holds = (document: (typeof corpus)[number]) => /\b(?:dogs?|cars?)\b/.test(document.pageContent);
    const expected = corpus.filter((document) => holds(document) && document.metadata?.topic !== undefined);
    expect(expected.length).toBeGreaterThan(0);
    for (const mode of ["keyword", "hybrid"]) {
      const { facets } = await search({
        query: "dog car",
        k: 1,
        mode,
        facets: ["topic"],
        facetsOf: "matches",
      });
      for (const { value, count } of facets?.topic ?? []) {
        expect(count).toBe(expected.filter((document) => document.metadata?.topic === value).length);
      }
      expect(facets?.topic?.some(({ count }) => count === 0)).toBe(true);
    }
    const { facets: without } = await search({
      query: "dog -dog",
      k: 1,
      facets: ["topic"],
      facetsOf: "matches",
    });
    expect(without?.topic?.every(({ count }) => count === 0)).toBe(true);
    const all = await search({ query: "dog", k: 1, facets: ["topic"] });
    const byMeaning = await search({
      query: "dog",
      k: 1,
      mode: "vector",
      facets: ["topic"],
      facetsOf: "matches",
    });
    expect(byMeaning.facets).toEqual(all.facets);
  });

  test("of a field that is not there are refused", async () => {
    await expectProblem(await postSearch({ query: "a", facets: ["colour"] }), 400, "UNKNOWN_FILTER_FIELD");
  });
});

describe("pages", () => {
  test.each([
    { query: "the sea", mode: "vector" },
    { query: "the sea" },
    { query: "the", mode: "keyword" },
    { item: 3 },
  ])("of %j join into the whole, in one order", async (request) => {
    const whole = await search({ ...request, k: 37, offset: 0 });
    const joined: number[] = [];
    for (let offset = 0; offset < 37; offset += 7) {
      joined.push(...(await search({ ...request, k: 7, offset })).hits.map((hit) => hit.item));
    }
    expect(joined).toEqual(whole.hits.map((hit) => hit.item));
    expect(new Set(joined).size).toBe(joined.length);
  });

  test.each(["hybrid", "keyword"])("in mode %s go on from a first page that has no offset", async (mode) => {
    const request = { query: "the sea", mode };
    const first = await search({ ...request, k: 6 });
    const second = await search({ ...request, k: 6, offset: 6 });
    const both = await search({ ...request, k: 12 });
    const itemsOf = ({ hits }: typeof both) => hits.map((hit) => hit.item);
    expect([...itemsOf(first), ...itemsOf(second)]).toEqual(itemsOf(both));
  });

  test("beyond the end are empty, and beyond the limit refused", async () => {
    expect((await search({ query: "a dog", k: 10, offset: 100 })).hits).toEqual([]);
    await expectProblem(await postSearch({ query: "a dog", k: 10, offset: 991 }), 400, "OUT_OF_RANGE");
  });

  test("minScore leaves out what is worse", async () => {
    const { hits } = await search({ query: "a dog", k: 37, mode: "vector" });
    const bar = hits[5]?.score ?? 0;
    const above = await search({ query: "a dog", k: 37, mode: "vector", minScore: bar });
    expect(above.hits.map((hit) => hit.item)).toEqual(
      hits.filter((hit) => hit.score >= bar).map((hit) => hit.item),
    );
  });
});

describe("highlights", () => {
  test("mark the words that matched, in any form, within the passage", async () => {
    const { hits } = await search({ query: "orchestras tuning", k: 1, include: ["highlights"] });
    const passage = hits[0]?.highlights?.[0];
    expect(passage?.text).toBe("the orchestra tunes its instruments");
    expect(passage?.ranges.map(({ start, end }) => passage.text.slice(start, end))).toEqual([
      "orchestra",
      "tunes",
    ]);
    expect(hits[0]?.document).toBeUndefined();
  });

  test("come with the metadata alone where a list of results needs no more", async () => {
    const wanted = { query: "orchestras tuning", k: 1 };
    const whole = await search({ ...wanted, include: ["document"] });
    const { hits } = await search({ ...wanted, include: ["metadata", "highlights"] });
    expect(hits[0]?.metadata).toEqual(whole.hits[0]?.document?.metadata);
    expect(Object.keys(hits[0] ?? {}).sort()).toEqual([
      "distance",
      "highlights",
      "id",
      "item",
      "metadata",
      "score",
    ]);
  });

  test("show the passage without marks where only the meaning matched", async () => {
    const { hits } = await search({
      query: "canine",
      k: 3,
      mode: "vector",
      include: ["highlights", "document"],
    });
    for (const hit of hits) {
      expect(hit.highlights?.[0]?.ranges).toEqual([]);
      expect(hit.document?.pageContent).toContain(hit.highlights?.[0]?.text);
    }
  });
});

describe("batches", () => {
  const batch = (body: unknown) =>
    send("/v1/search/batch", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });

  test("answer each search as it would be alone, and faults in their places", async () => {
    const searches = [
      { query: "a dog", k: 3 },
      { item: 999 },
      { id: "food-0", include: ["vector"] },
      { query: "bus" },
    ];
    const response = await batch({ searches });
    const body = (await expectContract(response, "/v1/search/batch", "post")) as {
      results: Record<string, unknown>[];
    };
    expect(body.results).toHaveLength(4);
    expect(body.results[1]).toMatchObject({ error: { code: "ITEM_NOT_FOUND" } });
    for (const i of [0, 2, 3]) {
      const {
        index: _,
        version: __,
        metric: ___,
        ...alone
      } = (await search(searches[i] ?? {})) as Result & Record<string, unknown>;
      expect(body.results[i]).toEqual(alone);
    }
  });

  test("take a hundred searches and no more", async () => {
    const searches = Array.from({ length: 100 }, (_, i) => ({ query: `word ${i}`, k: 2 }));
    const body = (await (await batch({ searches })).json()) as { results: unknown[] };
    expect(body.results).toHaveLength(100);
    await expectProblem(await batch({ searches: [...searches, { query: "a" }] }), 400, "OUT_OF_RANGE");
    await expectProblem(await batch({ searches: [] }), 400, "OUT_OF_RANGE");
    await expectProblem(await batch({}), 400, "MISSING_FIELD");
  });

  test("are held to what an isolate can carry", async () => {
    const wide = Array.from({ length: 11 }, () => ({ query: "a", k: 1000, include: [] }));
    await expectProblem(await batch({ searches: wide }), 400, "OUT_OF_RANGE");
    const vectors = Array.from({ length: 100 }, () => ({ query: "a", k: 100, include: ["vector"] }));
    await expectProblem(await batch({ searches: vectors }), 400, "ANSWER_TOO_LARGE");
    expect((await batch({ searches: vectors.slice(0, 8) })).status).toBe(200);
  });

  test("name the search at fault", async () => {
    const problem = await expectProblem(
      await batch({ searches: [{ query: "a" }, { query: "a", k: 0 }] }),
      400,
      "OUT_OF_RANGE",
    );
    expect(problem.errors?.[0]?.field).toBe("searches[1].k");
    const none = await expectProblem(await batch({ searches: [{ query: "a" }, {}] }), 400, "NO_QUERY");
    expect(none.errors?.[0]?.field).toBe("searches[1]");
  });
});
