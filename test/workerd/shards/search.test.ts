import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import type { LoadedIndex } from "../../../worker/core/search/loaded-index.ts";
import { parseSearchRequest } from "../../../worker/core/search/parse.ts";
import { search, searchBatch } from "../../../worker/core/search/search.ts";
import { letterVector, textCorpus } from "../../seed/corpus.ts";
import { expectContract, expectProblem } from "../contract.ts";
import { type Ask, inProcess, seedShards, watched, worker } from "./harness.ts";

let ask: Ask;
let index: LoadedIndex;
beforeAll(async () => {
  await seedShards();
  ask = worker({});
  index = await inProcess("shards");
});

const vector = letterVector("the horse and the dog");

/** Every kind of search that there is. */
const REQUESTS: Readonly<Record<string, object>> = {
  "a vector": { vector, k: 10 },
  "an item": { item: 5, k: 7 },
  "an id": { id: "music-3", k: 7 },
  "an awkward id": { id: "grüße/日本/🐕", k: 3 },
  "a text, by words and meaning": { query: "violin concerto", k: 6 },
  "a text by its words": { query: "orchestras", mode: "keyword" },
  "a text by its meaning": { query: "a small dog", mode: "vector", k: 6 },
  "a misspelt word": { query: "orchestar", mode: "keyword" },
  "the beginning of a word": { query: "orch", mode: "keyword", prefix: true },
  "a phrase": { query: '"the cat sleeps"' },
  "words behind a minus": { query: "dog -dog", k: 37 },
  "a filter": { query: "whale", filter: { topic: "animals", year: { gte: 2020 } }, k: 20 },
  "a tight filter": { vector, filter: { tags: "n3" }, k: 20 },
  facets: { query: "bread", facets: ["topic", "year", "tags"], k: 2 },
  "facets behind a filter": { vector, facets: ["topic"], filter: { long: true } },
  "marginal relevance": { vector, k: 5, mmr: { fetchK: 20, lambda: 0.3 } },
  "marginal relevance of a text": { query: "a dog", k: 5, mmr: { fetchK: 30, lambda: 0.5 } },
  "a page": { query: "the", k: 5, offset: 5 },
  "a least score": { vector, k: 30, minScore: 0.8 },
  "vectors and highlights": { query: "sofa", include: ["document", "vector", "highlights"], k: 3 },
  "metadata alone": { vector, include: ["metadata"], k: 3 },
  "nothing but numbers": { vector, include: [], k: 40 },
  "a page without a query": {
    filter: { year: { gte: 2020 } },
    sort: ["year:desc", "topic"],
    k: 5,
    total: true,
  },
  "words in the order of a field": { query: "the dog", sort: "tags:desc", k: 9, total: true },
  "groups of several hits": { query: "a dog", groupBy: { field: "topic", hits: 3 }, k: 4, total: true },
  "groups of a sorted list": { filter: {}, sort: "year", groupBy: { field: "long", hits: 4 }, total: true },
  "a searchK of its own": { vector, searchK: 12, k: 3 },
};

function post(path: string, body: object): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return ask(path, { method: "POST", headers, body: JSON.stringify(body) });
}

describe("a search over Durable Objects answers what the shards answer in one process", () => {
  test.each(Object.entries(REQUESTS))("to %s", async (_, request) => {
    const expected = await search(index, parseSearchRequest(request, {}));
    const answer = await expectContract(await post("/v1/search", request), "/v1/search", "post");
    expect(answer).toEqual(JSON.parse(JSON.stringify(expected)));
    expect(expected.hits.length).toBeGreaterThan(0);
    expect(expected).not.toHaveProperty("partial");
  });

  test("to many at once, the one that does not fit included", async () => {
    const searches = [...Object.values(REQUESTS), { vector: [1, 2] }, { id: "nobody" }];
    const requests = searches.map((one) => parseSearchRequest(one, {}));
    const expected = await searchBatch(index, requests);
    const body = await expectContract(
      await post("/v1/search/batch", { searches }),
      "/v1/search/batch",
      "post",
    );
    expect(body).toEqual(JSON.parse(JSON.stringify(expected)));
  });
});

describe("a search over shards answers what the whole index answers", () => {
  const whole = worker({ INDEX_NAME: "service", ANSWER_CACHE: "off" });
  type Hits = { hits: { item: number; id: string; distance: number; score: number }[]; facets?: unknown };

  test.each([
    "a vector",
    "an item",
    "an id",
    "a tight filter",
    "a page without a query",
    "groups of a sorted list",
    "facets behind a filter",
    "marginal relevance",
  ])("to %s", async (name) => {
    const init = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(REQUESTS[name]),
    };
    const [cut, one] = await Promise.all(
      [ask, whole].map(async (send) => (await (await send("/v1/search", init)).json()) as Hits),
    );
    expect(cut?.hits).toEqual(one?.hits);
    expect(cut?.facets).toEqual(one?.facets);
  });
});

describe("an index that the build has cut up", () => {
  const cut = worker({ INDEX_NAME: "shards-built" });
  const whole = worker({ INDEX_NAME: "demo" });
  type Built = { hits: { id: string; document: { pageContent: string } }[]; mode: string };
  const from = async (send: Ask, path: string) => (await (await send(path)).json()) as Built;

  test("embeds texts in the Worker and finds what the whole index finds", async () => {
    for (const path of ["/v1/search?q=a+violin&mode=vector&k=37", "/v1/search?id=animals-3&k=37"]) {
      const [one, other] = await Promise.all([from(cut, path), from(whole, path)]);
      expect(one.hits.slice(0, 5).map(({ id }) => id)).toEqual(other.hits.slice(0, 5).map(({ id }) => id));
    }
  });

  test("answers texts by words and meaning, whatever shard they lie in", async () => {
    for (const { pageContent } of textCorpus().slice(0, 32)) {
      const answer = await from(cut, `/v1/search?q=${encodeURIComponent(pageContent)}&k=3`);
      expect(answer.mode).toBe("hybrid");
      expect(answer.hits[0]?.document.pageContent).toBe(pageContent);
    }
  });
});

describe("single documents and items", () => {
  const corpus = textCorpus();

  test("are found in whichever shard they lie", async () => {
    for (const item of [0, 1, 2, 17, 36]) {
      const { id, pageContent, metadata = {} } = corpus[item]!;
      const document = await ask(`/v1/documents/${encodeURIComponent(id)}`);
      expect(await expectContract(document, "/v1/documents/{id}")).toMatchObject({ item, id, pageContent });
      const body = await expectContract(await ask(`/v1/items/${item}`), "/v1/items/{item}");
      expect(body).toMatchObject({ item, id, document: { pageContent, metadata } });
      const { vector: stored } = body as { vector: number[] };
      const wanted = letterVector(pageContent);
      for (const [i, x] of stored.entries()) expect(x).toBeCloseTo(wanted[i]!, 1);
    }
  });

  test("have distances across shards", async () => {
    const path = "/v1/items/{i}/distance/{j}";
    const { distance } = (await expectContract(await ask("/v1/items/3/distance/8"), path)) as {
      distance: number;
    };
    const back = (await (await ask("/v1/items/8/distance/3")).json()) as { distance: number };
    expect(distance).toBeGreaterThan(0);
    expect(back.distance).toBe(distance);
  });

  test("that do not exist are said to", async () => {
    await expectProblem(await ask("/v1/documents/nobody"), 404, "ID_NOT_FOUND");
    await expectProblem(await ask("/v1/items/37"), 404, "ITEM_NOT_FOUND");
    await expectProblem(await ask("/v1/items/2147483647"), 404, "ITEM_NOT_FOUND");
    await expectProblem(await ask("/v1/items/0/distance/99"), 404, "ITEM_NOT_FOUND");
    await expectProblem(await ask("/v1/search?item=37"), 404, "ITEM_NOT_FOUND");
  });

  test("a filter that does not fit is the request's fault and not the shards'", async () => {
    const response = await post("/v1/search", { vector, filter: { nosuch: 1 } });
    await expectProblem(response, 400, "UNKNOWN_FILTER_FIELD");
  });
});

describe("what is asked", () => {
  test("no Durable Object, for an index that is whole", async () => {
    const untouchable: Env["SHARDS"] = new Proxy(env.SHARDS, {
      get: (_, name) => {
        throw new Error(`SHARDS.${String(name)} was touched`);
      },
    });
    const whole = worker({ INDEX_NAME: "service", SHARDS: untouchable });
    for (const path of ["/v1/search?q=dog", "/v1/search?item=3", "/v1/items/3", "/v1/index", "/v1/warm-up"]) {
      expect((await whole(path)).status).toBe(200);
    }
  });

  test("objects of the version, the caller's region and one copy", async () => {
    const namespace = watched(() => {});
    const from = {
      cf: { continent: "EU", latitude: "52.5", longitude: "-1.2" },
    } as RequestInit<CfProperties>;
    const near = worker({ SHARDS: namespace, SHARD_REPLICAS: "3" });
    const { version } = (await (await near("/v1/search?item=3", from)).json()) as { version: string };
    expect(namespace.calls.length).toBeGreaterThan(0);
    for (const { name, shard } of namespace.calls) {
      expect(name).toMatch(new RegExp(`^shards/${version}/${shard}/weur/[012]$`));
    }
    expect(new Set(namespace.calls.map(({ replica }) => replica)).size).toBe(1);
    const far = watched(() => {});
    await worker({ SHARDS: far, SHARD_REGIONS: "enam, apac" })("/v1/search?item=3", from);
    expect(new Set(far.calls.map(({ region }) => region))).toEqual(new Set(["enam"]));
    const unknown = watched(() => {});
    await worker({ SHARDS: unknown })("/v1/search?item=3");
    expect(new Set(unknown.calls.map(({ region }) => region))).toEqual(new Set(["any"]));
  });
});

type Env = import("../../../worker/app.ts").Env;
