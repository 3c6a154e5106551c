import { beforeAll, describe, expect, test } from "vitest";
import { letterVector } from "../../seed/corpus.ts";
import { expectContract, expectProblem } from "../contract.ts";
import { type Ask, seedShards, worker } from "./harness.ts";

/** Searches at the edges of what there is, over Durable Objects and over the whole index: one answer. */

beforeAll(seedShards);

const cut = worker({});
const whole = worker({ INDEX_NAME: "service", ANSWER_CACHE: "off" });
const vector = letterVector("the horse and the dog");

/** Items 0, 3 and 6. */
const FIRST_SHARD = { topic: "food", tags: ["n0", "n3", "n6"] };

function post(ask: Ask, body: object): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return ask("/v1/search", { method: "POST", headers, body: JSON.stringify(body) });
}

interface Answer {
  readonly hits: readonly { readonly item: number; readonly score: number; readonly distance: number }[];
  readonly facets?: unknown;
}

async function both(request: object | string): Promise<readonly [Answer, Answer]> {
  const from = async (ask: Ask) => {
    const response = typeof request === "string" ? await ask(request) : await post(ask, request);
    return (await expectContract(
      response,
      "/v1/search",
      typeof request === "string" ? "get" : "post",
    )) as Answer;
  };
  return [await from(cut), await from(whole)];
}

describe("a filter in the address", () => {
  test.each([
    "filter[topic]=animals",
    "filter[year][gte]=2020&filter[year][lt]=2022",
    "filter[long]=true",
    "filter[topic][in]=animals,music",
    "filter[topic][nin]=animals,music",
    "filter[topic][exists]=true",
  ])("passes the same items in shards: %s", async (filter) => {
    const [one, other] = await both(`/v1/search?item=3&k=40&include=&${filter}`);
    expect(one.hits.length).toBeGreaterThan(0);
    expect(one.hits).toEqual(other.hits);
  });
});

describe("at the edges", () => {
  test.each<[string, object]>([
    ["more hits than there are items", { vector, k: 1000, include: [] }],
    ["a filter that one shard alone has items for", { vector, k: 40, filter: FIRST_SHARD }],
    [
      "a filter that passes one item",
      { vector, k: 5, filter: { and: [{ topic: "music" }, { tags: "n3" }] } },
    ],
    [
      "an item of another shard, behind a filter that its own shard has nothing for",
      { item: 4, k: 9, filter: FIRST_SHARD },
    ],
    ["pages to the very end", { vector, k: 10, offset: 30 }],
    ["a page behind the end", { vector, k: 10, offset: 37 }],
    ["variety among all", { vector, k: 10, mmr: { fetchK: 100, lambda: 0.2 } }],
    [
      "variety behind a filter",
      { item: 7, k: 4, mmr: { fetchK: 30, lambda: 0.5 }, filter: { topic: "food" } },
    ],
    ["facets of what nothing passes", { vector, filter: { year: 1900 }, facets: ["topic"] }],
  ])("%s: one answer", async (name, request) => {
    const [one, other] = await both(request);
    expect(one.hits).toEqual(other.hits);
    expect(one.facets).toEqual(other.facets);
    expect(one.hits.length > 0).toBe(!/behind the end|nothing passes/.test(name));
  });

  test("every item and every id is found in whichever shard it lies", async () => {
    for (let item = 0; item < 37; item++) {
      const [one, other] = await both({ item, k: 3, include: [] });
      expect(one.hits).toEqual(other.hits);
    }
  });

  test("pages follow each other to the end without a gap or a repetition, by vectors and by both", async () => {
    for (const search of [{ vector }, { query: "the dog and the orchestra" }]) {
      const all = (await (await post(cut, { ...search, k: 50, offset: 0, include: [] })).json()) as Answer;
      const paged: Answer["hits"][number][] = [];
      for (let offset = 0; offset < 40; offset += 7) {
        const { hits } = (await (await post(cut, { ...search, k: 7, offset })).json()) as Answer;
        paged.push(...hits);
      }
      expect(paged.map(({ item }) => item)).toEqual(all.hits.map(({ item }) => item));
      expect(new Set(paged.map(({ item }) => item)).size).toBe(37);
    }
  });

  test("a filter of a field that no shard has is refused, and names those that there are", async () => {
    const response = await post(cut, { vector, filter: { nosuch: 1 } });
    const { detail } = (await response.clone().json()) as { detail: string };
    expect(detail).toContain('"topic"');
    await expectProblem(response, 400, "UNKNOWN_FILTER_FIELD");
  });
});

test("whatever is asked, in whatever combination, has one answer", async () => {
  // Numbers that look random, and are the same every time.
  let state = 7;
  const pick = <T>(...choices: readonly T[]): T => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return choices[Math.floor((state / 2 ** 32) * choices.length)]!;
  };
  const number = (most: number) => pick(...Array.from({ length: most + 1 }, (_, i) => i));
  for (let i = 0; i < 150; i++) {
    const target = pick<() => object>(
      () => ({ item: number(36) }),
      () => ({ id: pick("music-3", "food-4", "animals-1") }),
      () => ({ vector: letterVector(`words ${number(99)}`) }),
      () => ({ query: pick("a dog", "violin", "the train"), mode: "vector" }),
    );
    const request = {
      ...target(),
      k: 1 + number(39),
      ...pick({}, {}, { offset: number(40) }),
      ...pick({}, { minScore: number(100) / 100 }),
      ...pick({}, { mmr: { fetchK: 1 + number(60), lambda: number(10) / 10 } }),
      ...pick<object>(
        ...[{}, { filter: { topic: pick("food", "music", "none") } }, { filter: { not: FIRST_SHARD } }],
        ...[{ filter: { year: { gte: 2018 + number(6) } } }, { filter: { long: pick(true, false) } }],
      ),
      ...pick({}, { facets: ["topic", "tags", "year"] }),
      include: pick([], ["document"], ["metadata"], ["vector", "document"], ["vector"]),
    };
    const [one, other] = await both(request);
    expect(one, JSON.stringify(request)).toEqual({ ...other, index: "shards", version: expect.any(String) });
  }
});
