import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { letterVector } from "../../seed/corpus.ts";
import { expectContract } from "../contract.ts";
import { type Ask, seedShards, watched, withoutPages, worker } from "./harness.ts";

/** Calls to Durable Objects are what a search over shards waits for: there are no more of them than there must be. */

beforeAll(seedShards);

let namespace: ReturnType<typeof watched>;
let ask: Ask;
beforeEach(() => {
  namespace = watched(() => {});
  ask = worker({ SHARDS: namespace });
});

const vector = letterVector("the horse and the dog");

function post(path: string, body: object): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return ask(path, { method: "POST", headers, body: JSON.stringify(body) });
}

/** Kinds of the calls that each shard was asked by, in their order. */
function calls(): string[] {
  return [0, 1, 2].map((shard) =>
    namespace.calls
      .filter((call) => call.shard === shard)
      .map(({ method }) => method)
      .join(", "),
  );
}

interface Answer {
  readonly hits: readonly {
    readonly document?: { readonly pageContent: string };
    readonly vector?: readonly number[];
  }[];
}

describe("one call a shard answers a search", () => {
  test.each<[string, object]>([
    ["by a vector, with documents", { vector, k: 10 }],
    ["by a vector, with numbers alone", { vector, k: 37, include: [] }],
    ["by a vector, with vectors", { vector, k: 10, include: ["document", "vector"] }],
    ["by a text, with highlights", { query: "violin concerto", include: ["document", "highlights"] }],
    ["by words", { query: "orchestra", mode: "keyword" }],
    ["by a vector behind a filter", { vector, k: 20, filter: { topic: "animals" } }],
    ["by a vector for variety", { vector, k: 5, mmr: { fetchK: 20, lambda: 0.3 } }],
    ["of a later page", { vector, k: 5, offset: 10 }],
    ["of a late page of words and meaning", { query: "the dog", k: 100, offset: 10 }],
    ["of facets", { vector, k: 5, facets: ["topic"] }],
  ])("%s", async (_, request) => {
    const answer = await expectContract(await post("/v1/search", request), "/v1/search", "post");
    expect(calls()).toEqual(["rank", "rank", "rank"]);
    const { hits } = answer as Answer;
    const { include = ["document"] } = request as { include?: readonly string[] };
    expect(hits.length).toBeGreaterThan(0);
    for (const hit of hits) {
      expect(hit.document !== undefined).toBe(include.includes("document"));
      expect(hit.vector !== undefined).toBe(include.includes("vector"));
    }
  });

  test("and one more for a misspelled word, of the shards that have the right one", async () => {
    const { hits } = (await (
      await post("/v1/search", { query: "orchesta", mode: "keyword" })
    ).json()) as Answer;
    expect(hits.map(({ document }) => document?.pageContent)).toEqual([
      "the orchestra tunes its instruments",
    ]);
    expect(calls().sort()).toEqual(["rank", "rank", "rank, rank"]);
  });

  test("and one more finds the item that is searched by", async () => {
    await post("/v1/search", { id: "music-3" });
    expect(calls()).toEqual(["locate, rank", "locate, rank", "locate, rank"]);
  });
});

test("one call a shard finds a document or an item, whose text the Worker reads itself", async () => {
  for (const path of ["/v1/documents/food-4", "/v1/items/4"]) {
    const answer = (await (await ask(path)).json()) as object;
    expect(JSON.stringify(answer)).toContain("pageContent");
  }
  expect(calls()).toEqual(["locate, locate", "locate, locate", "locate, locate"]);
});

test("a Worker that cannot read documents has the shards read them", async () => {
  const { hits } = (await (await post("/v1/search", { vector, k: 9 })).json()) as Answer;
  namespace = watched(() => {});
  ask = worker({ SHARDS: namespace, ...withoutPages() });
  const answer = (await (await post("/v1/search", { vector, k: 9 })).json()) as Answer;
  expect(answer.hits).toEqual(hits);
  expect(namespace.calls.filter(({ method }) => method === "details").length).toBeGreaterThan(0);
});

describe("a batch asks a shard once a round", () => {
  const searches = Array.from({ length: 12 }, (_, i) => ({
    vector: letterVector(`query ${i} of ${"abcdefghijkl"[i]}`),
    k: 1 + i,
    ...(i % 3 === 0 && { include: ["vector"] }),
    ...(i % 4 === 1 && { mmr: { fetchK: 20, lambda: 0.5 } }),
  }));

  test("however many searches there are, with the answers that each has by itself", async () => {
    const { results } = (await (await post("/v1/search/batch", { searches })).json()) as {
      results: Answer[];
    };
    expect(calls()).toEqual(["rank", "rank", "rank"]);
    for (const { questions } of namespace.calls)
      expect(questions).toEqual({ ranks: 12, details: 0, located: 0, passing: 0 });
    for (const [i, one] of searches.entries()) {
      const { hits } = (await (await post("/v1/search", one)).json()) as Answer;
      expect(results[i]?.hits).toEqual(hits);
    }
  });

  test("those that need another round too, beside one that fails and one that is left in the first", async () => {
    const mixed = [
      { id: "music-3" },
      { vector, k: 3 },
      { item: 5 },
      { vector: [1, 2] },
      { vector, filter: { nosuch: 1 } },
      { id: "nobody" },
      { query: "violin concerto", k: 100, offset: 1 },
    ];
    const { results } = (await (await post("/v1/search/batch", { searches: mixed })).json()) as {
      results: (Partial<Answer> & { error?: { code: string } })[];
    };
    expect(results.map(({ error }) => error?.code)).toEqual([
      ...[undefined, undefined, undefined],
      ...["DIMENSION_MISMATCH", "UNKNOWN_FILTER_FIELD", "ID_NOT_FOUND", undefined],
    ]);
    expect(calls()).toEqual(["rank, rank", "rank, rank", "rank, rank"]);
    for (const shard of [0, 1, 2]) {
      const [first, second] = namespace.calls.filter((call) => call.shard === shard);
      expect(first?.questions).toEqual({ ranks: 4, details: 0, located: 3, passing: 0 });
      expect(second?.questions).toEqual({ ranks: 2, details: 0, located: 0, passing: 0 });
    }
  });

  test("and reads the documents of all by one more round where the Worker cannot", async () => {
    ask = worker({ SHARDS: namespace, ...withoutPages() });
    const { results } = (await (await post("/v1/search/batch", { searches })).json()) as {
      results: Answer[];
    };
    expect(results.every(({ hits }) => hits.length > 0)).toBe(true);
    for (const shard of [0, 1, 2]) {
      const own = namespace.calls.filter((call) => call.shard === shard);
      expect(own.map(({ method }) => method)).toEqual(["rank", "details"]);
    }
  });
});
