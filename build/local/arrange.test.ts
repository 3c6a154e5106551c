import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { letters, letterVector } from "../../test/seed/corpus.ts";
import { mergeAnswers, partRequest } from "../../worker/core/search/federate.ts";
import { parseSearchRequest } from "../../worker/core/search/parse.ts";
import type { SearchInput, SearchResponse } from "../../worker/core/search/types.ts";
import { build } from "../pipeline/build.ts";
import { openLocalIndex } from "./local-index.ts";
import type { LocalIndex } from "./types.ts";

interface Product {
  readonly id: string;
  readonly pageContent: string;
  readonly metadata: {
    readonly brand?: string;
    readonly price?: number;
    readonly released?: string;
    readonly stock?: boolean;
    readonly sizes?: readonly number[];
    readonly seller: { readonly name: string };
  };
}

const WORDS = ["lamp", "chair", "table", "shelf", "sofa", "carpet", "mirror"] as const;
const BRANDS = ["Äpfel", "apple", "Zebra", "𝔘nicode", "\uffeenear", "birch"] as const;

/** The same products at every call: some share a price, some have none. */
function products(): Product[] {
  let state = 7;
  const next = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % n;
  };
  return Array.from({ length: 90 }, (_, i) => {
    const words = Array.from({ length: 1 + next(4) }, () => WORDS[next(WORDS.length)]);
    return {
      id: `p${i}`,
      pageContent: `${words.join(" ")} ${i}`,
      metadata: {
        ...(next(6) > 0 && { brand: BRANDS[next(BRANDS.length)]! }),
        ...(next(5) > 0 && { price: next(12) / 4 - 1 }),
        ...(next(4) > 0 && { released: `20${10 + next(9)}-0${1 + next(3)}-01` }),
        ...(next(3) > 0 && { stock: next(2) === 0 }),
        ...(next(3) > 0 && { sizes: Array.from({ length: 1 + next(3) }, () => 30 + next(9)) }),
        seller: { name: `shop ${next(30)}` },
      },
    };
  });
}

const documents = products();
const filterable = ["brand", "price", "released", "stock", "sizes", "seller.name"];
let dir: string;
let whole: LocalIndex;
let parts: LocalIndex;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "annoy-edge-arrange-"));
  const options = {
    documents,
    embedder: letters,
    codec: "float32",
    filterable,
    keyword: { language: "none" },
  } as const;
  await build({ ...options, out: join(dir, "whole") });
  await build({ ...options, out: join(dir, "parts"), shards: 3 });
  whole = await openLocalIndex(join(dir, "whole"), { embedder: letters });
  parts = await openLocalIndex(join(dir, "parts"), { embedder: letters });
});
afterAll(async () => {
  await Promise.all([whole?.close(), parts?.close()]);
  await rm(dir, { recursive: true, force: true });
});

type Value = string | number | boolean | null;

/** A product's value of a field; of a list the least or the largest. */
function valueIn(product: Product, field: string, order: string): Value {
  const { seller, ...rest } = product.metadata;
  if (field === "seller.name") return seller.name;
  const values: Readonly<Record<string, Value | readonly number[] | undefined>> = rest;
  const value = values[field] ?? null;
  if (typeof value !== "object" || value === null) return value;
  return order === "asc" ? Math.min(...value) : Math.max(...value);
}

const bytes = (text: string) => new TextEncoder().encode(text);

function compare(a: Value, b: Value, order: string): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const ascending =
    typeof a === "string" ? Buffer.compare(bytes(a), bytes(String(b))) : Number(a) - Number(b);
  return order === "asc" ? ascending : -ascending;
}

interface Asked {
  readonly query?: string;
  readonly sort: readonly { readonly field: string; readonly order: "asc" | "desc" }[];
  readonly groupBy?: { readonly field: string; readonly hits: number };
  readonly cheap: boolean;
  readonly offset: number;
  readonly k: number;
}

/** Sorts all products, then groups all, then cuts the page out. */
function naive(asked: Asked, scores: ReadonlyMap<string, number>) {
  const { query, sort, groupBy, cheap, offset, k } = asked;
  const found = [...documents.entries()]
    .filter(([, { pageContent }]) => query === undefined || pageContent.split(" ").includes(query))
    .filter(([, { metadata }]) => !cheap || (metadata.price !== undefined && metadata.price < 1));
  found.sort(([i, a], [j, b]) => {
    for (const { field, order } of sort) {
      const difference = compare(valueIn(a, field, order), valueIn(b, field, order), order);
      if (difference !== 0) return difference;
    }
    return (scores.get(b.id) ?? 0) - (scores.get(a.id) ?? 0) || i - j;
  });
  const total = found.length;
  if (!groupBy) return { ids: found.slice(offset, offset + k).map(([, { id }]) => id), total };
  const groups = new Map<Value, string[]>();
  for (const [, product] of found) {
    const value = valueIn(product, groupBy.field, "asc");
    const ids = groups.get(value) ?? [];
    groups.set(value, ids);
    if (ids.length < groupBy.hits) ids.push(product.id);
  }
  const page = [...groups].slice(offset, offset + k);
  return {
    ids: page.flatMap(([, ids]) => ids),
    groups: page.map(([value, ids]) => ({ value, hits: ids.length })),
    total,
    groupTotal: groups.size,
  };
}

function requestOf({ query, sort, groupBy, cheap, offset, k }: Asked): SearchInput {
  return {
    ...(query !== undefined && { query, mode: "keyword" }),
    ...(sort.length > 0 && { sort: [...sort] }),
    ...(groupBy && { groupBy }),
    filter: cheap ? { price: { lt: 1 } } : {},
    offset,
    k,
    total: true,
  };
}

const field = fc.constantFrom(...filterable);
const asked = fc.record(
  {
    query: fc.constantFrom(...WORDS),
    sort: fc.array(fc.record({ field, order: fc.constantFrom("asc", "desc") }), { maxLength: 3 }),
    groupBy: fc.record({
      field: field.filter((name) => name !== "sizes"),
      hits: fc.integer({ min: 1, max: 4 }),
    }),
    cheap: fc.boolean(),
    offset: fc.integer({ min: 0, max: 20 }),
    k: fc.integer({ min: 1, max: 20 }),
  },
  { requiredKeys: ["sort", "cheap", "offset", "k"] },
);

const idsOf = ({ hits }: SearchResponse) => hits.map(({ id }) => id);

test("sorting, grouping, pages and totals are those of a whole sorted list, in one piece and in shards", async () => {
  const scores = new Map<string, ReadonlyMap<string, number>>();
  for (const query of WORDS) {
    const { hits } = await whole.search({ query, mode: "keyword", k: 1000 });
    scores.set(query, new Map(hits.map(({ id, score }) => [id, score])));
  }
  await fc.assert(
    fc.asyncProperty(asked, async (one) => {
      const expected = naive(one, scores.get(one.query ?? "") ?? new Map());
      for (const index of [whole, parts]) {
        const answer = await index.search(requestOf(one));
        expect(idsOf(answer)).toEqual(expected.ids);
        expect(answer.groups).toEqual(expected.groups);
        expect(answer.total).toEqual({
          value: expected.total,
          relation: "exact",
          ...(one.groupBy && { groups: expected.groupTotal }),
        });
      }
    }),
    { numRuns: 120 },
  );
});

const vector = letterVector("a lamp beside the sofa");

describe("where vectors are compared", () => {
  test.each<[string, SearchInput]>([
    ["a vector", { vector, groupBy: { field: "brand", hits: 2 }, k: 5 }],
    ["a text by both", { query: "lamp sofa", mode: "hybrid", groupBy: "seller.name", k: 12 }],
    ["a text by its words", { query: "lamp sofa", mode: "keyword", groupBy: "seller.name", k: 12 }],
  ])("groups of %s are those of its hits, best first, page by page", async (_, input) => {
    const { groupBy, k, ...rest } = input;
    const { field: name, hits: most } =
      typeof groupBy === "object" ? { hits: 1, ...groupBy } : { field: groupBy!, hits: 1 };
    const all = await whole.search({ ...rest, k: 90 });
    const groups = new Map<Value, string[]>();
    for (const { id } of all.hits) {
      const value = valueIn(documents.find((product) => product.id === id)!, name, "asc");
      const ids = groups.get(value) ?? [];
      groups.set(value, ids);
      if (ids.length < most!) ids.push(id);
    }
    for (const index of [whole, parts]) {
      const pages = await Promise.all([0, k!].map((offset) => index.search({ ...input, offset })));
      expect(pages.flatMap(idsOf)).toEqual([...groups.values()].slice(0, 2 * k!).flat());
      const sizes = pages.flatMap((page) => page.groups?.map(({ value, hits }) => [value, hits]));
      expect(sizes).toEqual([...groups].slice(0, 2 * k!).map(([value, ids]) => [value, ids.length]));
    }
  });

  test("the nearest are sorted, each with its distance and its values", async () => {
    const input: SearchInput = { vector, minScore: 0.75, sort: ["price:desc", "brand"], k: 100 };
    const near = await whole.search({ vector, minScore: 0.75, k: 90 });
    for (const index of [whole, parts]) {
      const { hits, mode } = await index.search(input);
      expect(mode).toBe("vector");
      expect(new Set(hits.map(({ id, distance }) => `${id} ${distance}`))).toEqual(
        new Set(near.hits.map(({ id, distance }) => `${id} ${distance}`)),
      );
      const values = hits.map(({ sort }) => sort!);
      const sorted = [...values].sort(([x, a], [y, b]) => compare(x!, y!, "desc") || compare(a!, b!, "asc"));
      expect(values).toEqual(sorted);
    }
  });

  test.each<[string, SearchInput]>([
    ["hits of both", { query: "lamp sofa" }],
    ["good hits of both", { query: "lamp sofa", minScore: 0.45 }],
    ["groups of both", { query: "lamp sofa", groupBy: "seller.name" }],
    [
      "groups of good hits",
      { query: "lamp sofa", groupBy: { field: "seller.name", hits: 2 }, minScore: 0.45 },
    ],
    ["groups of a vector's hits", { vector, groupBy: "seller.name" }],
    ["a text of which the embedder knows nothing", { query: "42 43", mode: "vector" }],
  ])("pages of %s lead to as many as the last one says", async (_, input) => {
    for (const index of [whole, parts]) {
      let seen = 0;
      let before = 0;
      for (let offset = 0; offset <= 100; offset += 10) {
        const { hits, groups = hits, total } = await index.search({ ...input, k: 10, offset, total: true });
        seen += groups.length;
        const said = (input.groupBy ? total?.groups : total?.value) ?? 0;
        expect(said).toBeGreaterThanOrEqual(Math.max(seen, before));
        if (groups.length < 10) expect(said).toBe(seen);
        // What has a least score is known from the first page on.
        if (input.minScore && offset > 0) expect(said).toBe(before);
        before = said;
      }
    }
  });

  test("a shard without the rare word of a query lists nothing for its common one", async () => {
    for (const word of WORDS) {
      const input: SearchInput = { query: `${word} 42`, sort: "price", k: 90, total: true, groupBy: "brand" };
      for (const request of [input, { ...input, groupBy: undefined }]) {
        const [one, many] = await Promise.all([whole.search(request), parts.search(request)]);
        expect(many.hits.map(({ id }) => id)).toEqual(one.hits.map(({ id }) => id));
        expect(many.total).toEqual(one.total);
      }
    }
  });

  test("a text that is sorted is searched for by its words, and by vectors when told so", async () => {
    const sort = "price";
    expect((await whole.search({ query: "lamp", sort })).mode).toBe("keyword");
    const hybrid = await whole.search({ query: "lamp", sort, mode: "hybrid", k: 100, total: true });
    expect(hybrid.hits.length).toBe(90);
    expect(hybrid.total).toEqual({ value: 90, relation: "estimate" });
  });

  test("a total is an estimate: of those with a word, else of those that pass", async () => {
    const filter = { price: { exists: true } };
    const priced = documents.filter(({ metadata }) => metadata.price !== undefined);
    const lamps = priced.filter(({ pageContent }) => pageContent.split(" ").includes("lamp"));
    for (const index of [whole, parts]) {
      const totalOf = async (input: SearchInput) =>
        (await index.search({ ...input, filter, total: true, k: 1 })).total;
      expect(await totalOf({ query: "lamp" })).toEqual({ value: lamps.length, relation: "estimate" });
      expect(await totalOf({ query: "lamp", mode: "keyword" })).toEqual({
        value: lamps.length,
        relation: "exact",
      });
      expect(await totalOf({ query: "xylophone" })).toEqual({ value: priced.length, relation: "estimate" });
      expect(await totalOf({ vector })).toEqual({ value: priced.length, relation: "estimate" });
    }
  });
});

test("browsing gives facets, passages and reasons as any search does, and everything without a condition", async () => {
  for (const index of [whole, parts]) {
    const answer = await index.search({
      filter: { brand: "apple" },
      sort: [{ field: "released", order: "desc" }],
      facets: ["stock"],
      include: ["document", "highlights", "explanation"],
    });
    expect(answer).toMatchObject({ mode: "browse", hits: [{ score: 1, distance: null }, {}, {}, {}] });
    const [hit] = answer.hits;
    expect(hit!.highlights?.[0]?.text).toBe(hit!.document?.pageContent);
    expect(hit!.explanation).toEqual({ words: [], keyword: null, vector: null, weights: null, rules: [] });
    expect(hit!.sort).toEqual([hit!.document?.metadata.released]);
    const counted = answer.facets?.stock?.reduce((sum, { count }) => sum + count, 0);
    const apples = documents.filter(
      ({ metadata }) => metadata.brand === "apple" && metadata.stock !== undefined,
    );
    expect(counted).toBe(apples.length);
    expect((await index.search({ facets: ["brand"], k: 1000 })).hits).toHaveLength(90);
  }
});

test("several indexes are merged in the order of the fields; their groups stay apart, their totals add up", async () => {
  const asked: SearchInput = {
    filter: { price: { exists: true } },
    sort: "price:desc",
    total: true,
    k: 20,
    offset: 5,
  };
  const merged = async (input: SearchInput) => {
    const request = parseSearchRequest({ ...input, indexes: ["one", "two"] });
    const answers = await Promise.all(
      [whole, parts].map(async (index, i) => {
        const { indexes: _, ...part } = partRequest(request);
        const response = await index.search(part);
        return { response: { ...response, index: ["one", "two"][i]! }, embedder: undefined };
      }),
    );
    return mergeAnswers(request, answers);
  };
  const { hits, total } = await merged(asked);
  const prices = documents.flatMap(({ metadata }) => (metadata.price === undefined ? [] : [metadata.price]));
  const twice = [...prices, ...prices].sort((a, b) => b - a);
  expect(hits.map(({ sort }) => sort?.[0])).toEqual(twice.slice(5, 25));
  expect(total).toEqual({ value: twice.length, relation: "exact" });
  const grouped = await merged({ ...asked, groupBy: { field: "brand", hits: 2 }, offset: 0, k: 3 });
  expect(grouped.groups?.map(({ index, hits }) => [index, hits])).toHaveLength(3);
  expect(grouped.hits.map(({ index }) => index)).toEqual(
    grouped.groups?.flatMap(({ index, hits }) => Array.from({ length: hits }, () => index)),
  );
  expect(() =>
    partRequest(
      parseSearchRequest({ ...asked, indexes: ["one"], groupBy: { field: "brand", hits: 100 }, k: 9 }),
    ),
  ).toThrow(expect.objectContaining({ code: "OUT_OF_RANGE" }));
});

describe("what cannot be answered is refused by name", () => {
  test.each<[string, string, SearchInput]>([
    ["NO_QUERY", "", {}],
    ["NO_QUERY", "", { total: true, k: 3 }],
    ["UNKNOWN_FILTER_FIELD", "sort", { sort: "colour" }],
    ["UNKNOWN_FILTER_FIELD", "groupBy", { query: "lamp", groupBy: "colour" }],
    ["INVALID_VALUE", "groupBy", { filter: {}, groupBy: "sizes" }],
    ["OUT_OF_RANGE", "sort", { sort: [] }],
    ["INVALID_VALUE", "sort", { sort: { field: "price", order: "up" } as never }],
    ["OUT_OF_RANGE", "groupBy.hits", { filter: {}, groupBy: { field: "brand", hits: 0 } }],
    ["INVALID_VALUE", "mode", { sort: "price", mode: "hybrid" }],
    ["INVALID_VALUE", "mmr", { sort: "price", mmr: {} }],
    ["INVALID_VALUE", "mmr", { vector, groupBy: "brand", mmr: {} }],
    ["INVALID_VALUE", "weights", { filter: {}, weights: { keyword: 1 } }],
    ["OUT_OF_RANGE", "groupBy", { filter: {}, groupBy: { field: "brand", hits: 100 }, k: 11 }],
    [
      "OUT_OF_RANGE",
      "k",
      { filter: {}, groupBy: { field: "brand", hits: 3 }, k: 40, include: ["highlights"] },
    ],
  ])("%s in %s", async (code, at, input) => {
    for (const index of [whole, parts])
      await expect(index.search(input)).rejects.toMatchObject({ code, issues: [{ field: at, code }] });
  });

  test("an unknown field's error names those that there are, and how to have more", async () => {
    await expect(whole.search({ sort: "colour" })).rejects.toThrow(
      'Field "colour" is not filterable here; "brand", "price", "released", "seller.name", "sizes", "stock" are. Name it with --filterable when building the index.',
    );
  });
});
