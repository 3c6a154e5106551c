import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseSearchRequest } from "../../worker/core/search/parse.ts";
import { search } from "../../worker/core/search/search.ts";
import type { SearchInput, SearchResponse } from "../../worker/core/search/types.ts";
import {
  assemble,
  type BuildOptions,
  build,
  type InputDocument,
  type LocalIndex,
  openLocalIndex,
} from "../index.ts";
import { createRandom } from "../numeric/random.ts";

/** Compares answers of many documents in shards with those of the same documents in one piece. */

let folder: string;
const at = (name: string) => join(folder, name);
const opened: LocalIndex[] = [];
const open = async (name: string) => {
  const index = await openLocalIndex(at(name));
  opened.push(index);
  return index;
};
const make = (name: string, options: Partial<BuildOptions>) => build({ out: at(name), seed: 1, ...options });
const ask = (index: LocalIndex, request: SearchInput): Promise<SearchResponse> =>
  search(index, parseSearchRequest(request));

let whole: LocalIndex;
let cut: LocalIndex;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-shards-equal-"));
  const filterable = ["group", "serial", "half"];
  await make("whole", { documents, filterable });
  // At random: every search asks every shard, so what they hold together is what the whole holds.
  await make("cut", { documents, filterable, shards: 4, partition: "random" });
  [whole, cut] = [await open("whole"), await open("cut")];
});
afterAll(async () => {
  for (const index of opened) await index.close();
  await rm(folder, { recursive: true, force: true });
});

const COUNT = 900;
const WORDS = ["stone", "water", "apple", "boat", "crane", "ladder", "basket", "rope", "lantern", "harbour"];
/** Texts whose order by UTF-16 differs from that by their bytes are among them. */
const STRANGE = ["\u{1f40e}", "\uffee", "z", "é"];

function* documents(): Generator<InputDocument> {
  const random = createRandom(5);
  for (let i = 0; i < COUNT; i++) {
    const words = Array.from({ length: 8 }, () => WORDS[Math.floor(random() ** 2 * WORDS.length)]!);
    const group = `${STRANGE[i % 4]}${Math.floor(random() * 60)}`;
    yield { id: `d${i}`, pageContent: words.join(" "), metadata: { group, serial: i, half: i % 2 === 0 } };
  }
}

describe("pages", () => {
  test.each<[string, SearchInput]>([
    ["of words", { query: "stone boat", mode: "keyword" }],
    ["of meaning", { query: "a boat in the harbour", mode: "vector" }],
    ["of a filtered search", { query: "lantern", mode: "vector", filter: { half: true } }],
  ])("%s are those of one piece, however deep", async (_, request) => {
    for (const offset of [0, 40, 95, 250, 430]) {
      const page = { ...request, offset, k: 15, include: [] };
      const [one, other] = [await ask(cut, page), await ask(whole, page)];
      expect(one.hits.length).toBe(15);
      // Whole and parts may store a vector differently in its last bit.
      expect(one.hits.map(({ item }) => item)).toEqual(other.hits.map(({ item }) => item));
    }
  });

  test("of words and meaning, with facets, follow each other without gaps and count the same", async () => {
    const request: SearchInput = {
      query: "boat in a harbour of stone",
      facets: ["half", "group"],
      include: [],
    };
    const all = await ask(cut, { ...request, k: 300, offset: 0 });
    expect(all.mode).toBe("hybrid");
    const paged: number[] = [];
    for (let offset = 0; offset < 300; offset += 60) {
      const page = await ask(cut, { ...request, k: 60, offset });
      paged.push(...page.hits.map(({ item }) => item));
      expect(page.facets).toEqual((await ask(whole, { ...request, k: 60, offset })).facets);
    }
    expect(paged).toEqual(all.hits.map(({ item }) => item));
    expect(new Set(paged).size).toBe(300);
    const other = await ask(whole, { ...request, k: 50, offset: 0 });
    expect(all.hits.slice(0, 50).map(({ item }) => item)).toEqual(other.hits.map(({ item }) => item));
  });
});

test("facets of more values than are told count what all shards have, in the same order", async () => {
  const facets = ["group", "serial", "half"];
  const [one, other] = [
    await ask(cut, { query: "stone", facets }),
    await ask(whole, { query: "stone", facets }),
  ];
  expect(other.facets?.group).toHaveLength(100);
  expect(one.facets).toEqual(other.facets);
});

test("documents that one call does not carry come by several, none missing and none twice", async () => {
  const sizes = Array.from({ length: 12 }, (_, i) => (i % 3 === 0 ? 5_000_000 : 1_500_000) + i);
  const texts = sizes.map((size, i) => ({
    id: `large-${i}`,
    pageContent: "x".repeat(size),
    vector: [i, 1],
  }));
  const options = { keyword: false, metric: "euclidean", shards: 2, partition: "random" } as const;
  await make("large", { documents: texts, ...options });
  const { hits, partial } = await ask(await open("large"), {
    vector: [0, 1],
    k: 12,
    include: ["document", "vector"],
  });
  expect(partial).toBeUndefined();
  expect(hits.map(({ document }) => document?.pageContent.length)).toEqual(sizes);
  expect(hits.every(({ vector }) => vector?.length === 2)).toBe(true);
});

describe("artifacts of different fields, put together", () => {
  const part = function* (from: number, metadata: (i: number) => Record<string, unknown>) {
    for (let i = from; i < from + 40; i++) {
      yield { id: `d${i}`, pageContent: `number ${i}`, vector: [i, 1, 0], metadata: metadata(i) };
    }
  };
  let joined: LocalIndex;
  beforeAll(async () => {
    const options = { keyword: false, metric: "euclidean" } as const;
    await make("books", { ...options, documents: () => part(0, (i) => ({ pages: i % 4 })) });
    await make("films", {
      ...options,
      documents: () => part(40, (i) => ({ minutes: i % 5, old: i % 2 === 0 })),
    });
    await make("bare", { ...options, documents: () => part(80, () => ({})) });
    await assemble([at("books"), at("films"), at("bare")], { out: at("joined") });
    joined = await open("joined");
  });
  const found = async (filter: SearchInput["filter"]) => {
    const { hits } = await ask(joined, { vector: [0, 1, 0], k: 120, include: ["metadata"], filter });
    return hits.map(({ item }) => item).sort((a, b) => a - b);
  };
  const items = Array.from({ length: 120 }, (_, i) => i);

  test("are filtered by fields that only some of them have", async () => {
    expect(await found({ pages: 3 })).toEqual(items.filter((i) => i < 40 && i % 4 === 3));
    expect(await found({ old: true })).toEqual(items.filter((i) => i >= 40 && i < 80 && i % 2 === 0));
    expect(await found({ pages: { ne: 3 } })).toEqual(items.filter((i) => i >= 40 || i % 4 !== 3));
    expect(await found({ minutes: { exists: false } })).toEqual(items.filter((i) => i < 40 || i >= 80));
    expect(await found({ or: [{ pages: 0 }, { minutes: { gt: 3 } }] })).toEqual(
      items.filter((i) => (i < 40 && i % 4 === 0) || (i >= 40 && i < 80 && i % 5 > 3)),
    );
  });

  test("count facets of fields that only some of them have", async () => {
    const { facets } = await ask(joined, { vector: [0, 1, 0], facets: ["pages", "old"] });
    expect(facets).toEqual({
      pages: [0, 1, 2, 3].map((value) => ({ value, count: 10 })),
      old: [false, true].map((value) => ({ value, count: 20 })),
    });
  });

  test("are not put together when a field holds another kind of value in each", async () => {
    const texts = () => part(200, () => ({ pages: "many" }));
    await make("texts", { documents: texts, keyword: false, metric: "euclidean" });
    const putting = assemble([at("books"), at("texts")], { out: at("mixed") });
    await expect(putting).rejects.toMatchObject({ code: "SHARDS_DIFFER" });
    await expect(putting).rejects.toThrow('field "pages" is of type number and string');
  });

  test("keep their ids, also those that look like numbers of their own items", async () => {
    const numbered = function* () {
      for (let i = 0; i < 30; i++) yield { id: String(i), pageContent: `text ${i}`, vector: [i, 0, 1] };
    };
    await make("numbers", { documents: numbered, keyword: false, metric: "euclidean" });
    await assemble([at("films"), at("numbers")], { out: at("ids") });
    const index = await open("ids");
    const { hits } = await ask(index, { id: "7", k: 3 });
    expect(hits.map(({ item, id }) => [item, id])).toEqual([
      [47, "7"],
      [46, "6"],
      [48, "8"],
    ]);
    expect(hits[0]?.document?.pageContent).toBe("text 7");
  });

  test("refuse a field that none of them has, and a value that is of no kind that the field holds", async () => {
    await expect(found({ weight: 1 })).rejects.toThrow('"minutes", "old", "pages"');
    await expect(found({ pages: "many" })).rejects.toMatchObject({ code: "FILTER_TYPE_MISMATCH" });
  });
});
