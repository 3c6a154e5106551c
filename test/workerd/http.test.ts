import { beforeAll, describe, expect, test } from "vitest";
import { AWKWARD_IDS } from "../seed/corpus.ts";
import { expectContract, expectProblem, openApi, postSearch, send } from "./contract.ts";
import { seed } from "./seed.ts";

interface Answer {
  readonly index: string;
  readonly version: string;
  readonly metric: string;
  readonly hits: readonly {
    readonly item: number;
    readonly id: string;
    readonly distance: number;
    readonly score: number;
    readonly document?: { readonly pageContent: string; readonly metadata: Record<string, unknown> };
    readonly vector?: readonly number[];
  }[];
}

beforeAll(seed);

async function answerOf(response: Response, method = "post"): Promise<Answer> {
  return (await expectContract(response, "/v1/search", method)) as Answer;
}

describe("POST /v1/search", () => {
  test("finds by meaning: food before the car, and the motorbike is nearest to vehicles", async () => {
    const { hits } = await answerOf(await postSearch({ query: "food", k: 37 }));
    const rank = (text: string) => hits.findIndex((hit) => hit.document?.pageContent === text);
    expect(rank("pizza is great")).toBeLessThan(rank("my car"));
    expect(rank("I love salad")).toBeLessThan(rank("my car"));
    const motorbike = await answerOf(await postSearch({ query: "motorbike", k: 2 }));
    for (const hit of motorbike.hits) expect(hit.document?.metadata.topic).toBe("vehicles");
  });

  test("gives four hits with their documents when nothing else is asked, best first", async () => {
    const { index, version, metric, hits } = await answerOf(
      await postSearch({ query: "animals", mode: "vector" }),
    );
    expect({ index, metric }).toEqual({ index: "demo", metric: "angular" });
    expect(version).toMatch(/^[0-9a-f]{16}$/);
    expect(hits).toHaveLength(4);
    expect(hits.map((hit) => hit.score)).toEqual(hits.map((hit) => hit.score).sort((a, b) => b - a));
    for (const hit of hits) {
      expect(hit.score).toBeCloseTo(1 - hit.distance ** 2 / 4, 6);
      expect(hit.document?.pageContent).toMatch(/\w/);
      expect(hit.vector).toBeUndefined();
    }
  });

  test("an item's nearest neighbour is itself, at distance 0 and score 1, by item and by id", async () => {
    for (const request of [{ item: 8 }, { id: "animals-0" }]) {
      const { hits } = await answerOf(await postSearch({ ...request, k: 3 }));
      expect(hits[0]).toMatchObject({ item: 8, id: "animals-0", document: { pageContent: "a dog" } });
      expect(hits[0]?.distance).toBeCloseTo(0, 6);
      expect(hits[0]?.score).toBeCloseTo(1, 6);
      expect(hits).toHaveLength(3);
    }
  });

  test("includes what is asked for: vectors, documents, neither", async () => {
    const bare = await answerOf(await postSearch({ item: 0, include: [] }));
    expect(Object.keys(bare.hits[0] ?? {}).sort()).toEqual(["distance", "id", "item", "score"]);
    const { hits } = await answerOf(await postSearch({ item: 0, k: 1, include: ["vector"] }));
    expect(hits[0]?.vector).toHaveLength(256);
    expect(hits[0]?.document).toBeUndefined();
    const again = await answerOf(await postSearch({ vector: hits[0]?.vector, k: 1 }));
    expect(again.hits[0]).toMatchObject({ item: 0 });
    expect(again.hits[0]?.distance).toBeCloseTo(0, 2);
  });

  test("returns all items there are when k is larger", async () => {
    const { hits } = await answerOf(await postSearch({ query: "music", k: 1000 }));
    expect(hits).toHaveLength(37);
    expect(new Set(hits.map((hit) => hit.item)).size).toBe(37);
  });

  test("chooses differing hits with mmr", async () => {
    const mmr = await answerOf(await postSearch({ query: "a dog", k: 5, mmr: { fetchK: 20, lambda: 0.1 } }));
    const plain = await answerOf(await postSearch({ query: "a dog", k: 5 }));
    expect(mmr.hits[0]?.item).toBe(plain.hits[0]?.item);
    expect(mmr.hits.map((hit) => hit.item)).not.toEqual(plain.hits.map((hit) => hit.item));
    expect(mmr.hits).toHaveLength(5);
  });

  test("says so when the text has nothing that the embedder knows", async () => {
    const body = (await answerOf(await postSearch({ query: "☃ ☃ ☃", mode: "vector" }))) as Answer & {
      warnings?: unknown;
    };
    expect(body.hits).toEqual([]);
    expect(body.warnings).toMatchObject([{ code: "NOTHING_UNDERSTOOD" }]);
  });

  test.each([
    ["an unknown field", { query: "a", topK: 3 }, "UNKNOWN_FIELD", "topK"],
    ["too few dimensions", { vector: [1, 2, 3] }, "DIMENSION_MISMATCH", "vector"],
    ["null for NaN in the vector", `{"vector":[${"0,".repeat(255)}null]}`, "INVALID_TYPE", "vector[255]"],
    ["a number that overflows", `{"vector":[${"0,".repeat(255)}1e999]}`, "OUT_OF_RANGE", "vector[255]"],
    ["k of 0", { query: "a", k: 0 }, "OUT_OF_RANGE", "k"],
    ["k of a billion", { query: "a", k: 1e9 }, "OUT_OF_RANGE", "k"],
    ["an empty text", { query: "" }, "EMPTY_QUERY", "query"],
    ["nothing to search for", {}, "NO_QUERY", ""],
    ["text and vector at once", { query: "a", vector: [1] }, "AMBIGUOUS_QUERY", "vector"],
    ["a list", [], "INVALID_TYPE", ""],
    ["null", "null", "INVALID_TYPE", ""],
    ["a text of a million letters", { query: "x".repeat(1_000_000) }, "QUERY_TOO_LONG", "query"],
  ])("refuses %s", async (_, body, code, field) => {
    const response = await postSearch(body);
    await expectContract(response.clone(), "/v1/search", "post");
    const problem = await expectProblem(response, 400, code);
    expect(problem.errors?.[0]).toMatchObject({ field, code });
  });

  test("names an item or id that the index does not have", async () => {
    await expectProblem(await postSearch({ item: 37 }), 404, "ITEM_NOT_FOUND");
    await expectProblem(await postSearch({ item: 0x7fffffff }), 404, "ITEM_NOT_FOUND");
    await expectProblem(await postSearch({ id: "nobody" }), 404, "ID_NOT_FOUND");
  });
});

describe("bodies", () => {
  const json = { "content-type": "application/json" };
  const post = (body: BodyInit | null, headers: Record<string, string> = json) =>
    send("/v1/search", { method: "POST", body, headers });

  test.each([
    ["broken JSON", '{"query": "a"'],
    ["no body", ""],
    ["spaces", "   "],
    ["bytes that are not UTF-8", new Uint8Array([0x7b, 0xff, 0xfe, 0x7d])],
    ["two documents", "{} {}"],
    ["NaN, which JSON has no word for", '{"vector":[NaN]}'],
  ])("refuses %s", async (_, body) => {
    await expectProblem(await post(body), 400, "INVALID_JSON");
  });

  test("takes a hundred thousand nested brackets for what they are", async () => {
    await expectProblem(await post("[".repeat(100_000)), 400, "INVALID_JSON");
    const nested = `{"query":"a","filter":${"[".repeat(50_000)}${"]".repeat(50_000)}}`;
    const response = await post(nested);
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
  });

  test("refuses other media types and says which it takes", async () => {
    const form = await post("query=a", { "content-type": "application/x-www-form-urlencoded" });
    expect(form.headers.get("accept")).toBe("application/json");
    await expectProblem(form, 415, "UNSUPPORTED_MEDIA_TYPE");
    await expectProblem(
      await post("{}", { ...json, "content-encoding": "gzip" }),
      415,
      "UNSUPPORTED_MEDIA_TYPE",
    );
    expect((await post('{"query":"a"}', { "content-type": "application/json; charset=utf-8" })).status).toBe(
      200,
    );
  });

  test("refuses a body over a megabyte, by its length and, without one, as soon as it is over", async () => {
    await expectProblem(await post(`{"query":"${"x".repeat(1 << 20)}"}`), 413, "BODY_TOO_LARGE");
    let pulled = 0;
    const endless = new ReadableStream({
      pull(controller) {
        pulled++;
        controller.enqueue(new Uint8Array(1 << 16).fill(0x20));
      },
    });
    await expectProblem(await post(endless), 413, "BODY_TOO_LARGE");
    expect(pulled).toBeLessThan(40);
  });
});

const postBatch = (body: string) =>
  send("/v1/search/batch", { method: "POST", headers: { "content-type": "application/json" }, body });

describe("browsing, sorting, grouping and counting", () => {
  test("a page without a query: filter, sort, total; the same as a URL", async () => {
    const request = {
      filter: { topic: ["food", "music"] },
      sort: [{ field: "year", order: "desc" }, "topic"],
      k: 3,
      offset: 4,
      total: true,
    };
    const answer = await answerOf(await postSearch(request));
    expect(answer).toMatchObject({ mode: "browse", total: { value: 16, relation: "exact" } });
    expect(answer.hits.map(({ document }) => document?.metadata.year)).toEqual([2022, 2022, 2022]);
    const url = "filter[topic][in]=food,music&sort=year:desc,topic&k=3&offset=4&total=true";
    expect(await answerOf(await send(`/v1/search?${url}`), "get")).toEqual(answer);
  });

  test("hits group by group, so many of each, k counting groups", async () => {
    const answer = await answerOf(
      await postSearch({ query: "a dog", groupBy: { field: "topic", hits: 2 }, k: 3, total: true }),
    );
    expect(answer).toMatchObject({ total: { relation: "estimate" } });
    const { groups } = answer as unknown as { groups: { value: string | null; hits: number }[] };
    expect(groups).toHaveLength(3);
    expect(answer.hits.map(({ document }) => document?.metadata.topic ?? null)).toEqual(
      groups.flatMap(({ value, hits }) => Array.from({ length: hits }, () => value)),
    );
    const url = "/v1/search?q=a+dog&groupBy=topic&groupBy.hits=2&k=3&total=true";
    expect(await answerOf(await send(url), "get")).toEqual(answer);
  });

  test("a batch sorts each of its searches", async () => {
    const searches = [{ filter: {}, sort: "year:desc", k: 1 }, { query: "dog", sort: "year" }, {}];
    const response = await postBatch(JSON.stringify({ searches: searches.slice(0, 2) }));
    expect(await expectContract(response, "/v1/search/batch", "post")).toMatchObject({
      results: [
        { mode: "browse", hits: [{ sort: [2023] }] },
        { mode: "keyword", hits: [{ id: "animals-0" }] },
      ],
    });
    await expectProblem(await postBatch(JSON.stringify({ searches })), 400, "NO_QUERY");
  });

  test("whole numbers beyond 2^53 are not rounded in a filter", async () => {
    const body = '{"query":"dog","filter":{"year":9007199254740993}}';
    const refused = await expectProblem(await postSearch(body), 400, "FILTER_TYPE_MISMATCH");
    expect(refused.detail).toContain("9007199254740993");
    const results = await (await postBatch(`{"searches":[${body}]}`)).text();
    expect(results).toContain("9007199254740993");
  });
});

describe("GET /v1/search", () => {
  test("answers as POST does", async () => {
    const byUrl = await answerOf(
      await send("/v1/search?q=a%20dog&k=5&mmr.fetchK=10&mmr.lambda=0.2&include=document,vector&searchK=500"),
      "get",
    );
    const byBody = await answerOf(
      await postSearch({
        query: "a dog",
        k: 5,
        mmr: { fetchK: 10, lambda: 0.2 },
        include: ["document", "vector"],
        searchK: 500,
      }),
    );
    expect(byUrl).toEqual(byBody);
    expect((await answerOf(await send("/v1/search?item=8&k=1"), "get")).hits[0]?.id).toBe("animals-0");
    expect((await answerOf(await send("/v1/search?id=animals-0&k=1"), "get")).hits[0]?.item).toBe(8);
  });

  test.each([
    ["?q=", "EMPTY_QUERY"],
    ["", "NO_QUERY"],
    ["?q=a&k=0", "OUT_OF_RANGE"],
    ["?q=a&k=ten", "INVALID_TYPE"],
    ["?q=a&k=", "INVALID_TYPE"],
    ["?q=a&k=1&k=2", "DUPLICATE_FIELD"],
    ["?q=a&topk=1", "UNKNOWN_FIELD"],
    ["?q=a&__proto__=1", "UNKNOWN_FIELD"],
    ["?q=a&include=all", "INVALID_VALUE"],
    ["?q=a&item=1", "AMBIGUOUS_QUERY"],
    ["?vector=1,2,x", "INVALID_TYPE"],
    ["?vector=1,2,3", "DIMENSION_MISMATCH"],
    ["?q=a&filter[topic=food", "INVALID_FILTER"],
    ["?q=a&filter[topic]x=food", "INVALID_FILTER"],
    ["?q=a&filter[topic][eq][x]=food", "INVALID_FILTER"],
    ["?q=%ff%fe", undefined],
  ])("holds %s to the same rules", async (query, code) => {
    const response = await send(`/v1/search${query}`);
    await expectContract(response.clone(), "/v1/search", "get");
    if (code) await expectProblem(response, 400, code);
    else expect(response.status).toBe(200);
  });

  test("is revalidated by version without a search", async () => {
    const first = await send("/v1/search?q=food");
    const etag = first.headers.get("etag") ?? "";
    expect(etag).toContain(first.headers.get("index-version"));
    expect(first.headers.get("cache-control")).toMatch(/max-age=0, must-revalidate/);
    const second = await send("/v1/search?q=food", { headers: { "if-none-match": `"other", ${etag}` } });
    expect(second.status).toBe(304);
    expect(await second.text()).toBe("");
    expect(second.headers.get("etag")).toBe(etag);
    expect(second.headers.get("server-timing")).not.toContain("forest");
    expect((await send("/v1/search?q=food", { headers: { "if-none-match": '"other"' } })).status).toBe(200);
  });

  test("is asked with If-None-Match: * whether it is there: a document that is not, is not found", async () => {
    const headers = { "if-none-match": "*" };
    await expectProblem(await send("/v1/documents/nobody", { headers }), 404, "ID_NOT_FOUND");
    await expectProblem(await send("/v1/items/99", { headers }), 404, "ITEM_NOT_FOUND");
    expect((await send("/v1/documents/food-0", { headers })).status).toBe(200);
  });
});

describe("documents and items", () => {
  test("gives a document by its id", async () => {
    const body = await expectContract(await send("/v1/documents/food-0"), "/v1/documents/{id}");
    expect(body).toMatchObject({
      index: "demo",
      id: "food-0",
      item: 0,
      pageContent: "pizza is great",
      metadata: { topic: "food" },
    });
  });

  test.each(AWKWARD_IDS.filter((id) => id !== ".."))("finds the id %s in a path", async (id) => {
    const body = await expectContract(
      await send(`/v1/documents/${encodeURIComponent(id)}`),
      "/v1/documents/{id}",
    );
    expect(body).toMatchObject({ id });
  });

  test("finds an id with slashes that are not encoded", async () => {
    const path = `/v1/documents/${encodeURI("grüße/日本/🐕")}`;
    expect(await expectContract(await send(path), "/v1/documents/{id}")).toMatchObject({
      id: "grüße/日本/🐕",
    });
  });

  test("says which document is not there", async () => {
    const problem = await expectProblem(await send("/v1/documents/nobody"), 404, "ID_NOT_FOUND");
    expect(problem.detail).toContain('"nobody"');
    await expectProblem(await send(`/v1/documents/${"x".repeat(5000)}`), 404, "ID_NOT_FOUND");
    await expectProblem(await send("/v1/documents/%ff%fe"), 404, "ID_NOT_FOUND");
    await expectProblem(await send("/v1/documents/"), 404, "NOT_FOUND");
  });

  test("gives an item with vector and document", async () => {
    const body = await expectContract(await send("/v1/items/8"), "/v1/items/{item}");
    expect(body).toMatchObject({ item: 8, id: "animals-0", document: { pageContent: "a dog" } });
    expect((body as { vector: number[] }).vector).toHaveLength(256);
  });

  test.each([
    ["37", 404, "ITEM_NOT_FOUND"],
    ["99999999999", 400, "OUT_OF_RANGE"],
    ["-1", 400, "OUT_OF_RANGE"],
    ["1.5", 400, "INVALID_TYPE"],
    ["abc", 400, "INVALID_TYPE"],
    ["0x10", 400, "INVALID_TYPE"],
  ])("refuses item %s", async (item, status, code) => {
    await expectProblem(await send(`/v1/items/${item}`), status, code);
    await expectProblem(await send(`/v1/items/0/distance/${item}`), status, code);
    await expectProblem(await send(`/v1/items/${item}/distance/0`), status, code);
  });

  test("measures the distance of two items as Annoy does", async () => {
    const distance = async (i: number, j: number) => {
      const path = "/v1/items/{i}/distance/{j}";
      const body = (await expectContract(await send(`/v1/items/${i}/distance/${j}`), path)) as {
        distance: number;
      };
      return body.distance;
    };
    expect(await distance(5, 5)).toBeCloseTo(0, 6);
    expect(await distance(0, 8)).toBe(await distance(8, 0));
    const vectorOf = async (item: number) =>
      ((await (await send(`/v1/items/${item}`)).json()) as { vector: number[] }).vector;
    const [a, b] = [await vectorOf(0), await vectorOf(8)];
    const dot = (x: number[], y: number[]) => x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0);
    const cos = dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    expect(await distance(0, 8)).toBeCloseTo(Math.sqrt(2 - 2 * cos), 4);
  });
});

describe("the index and the API about themselves", () => {
  test("GET /v1/index tells manifest, statistics and certified recall", async () => {
    const body = await expectContract(await send("/v1/index"), "/v1/index");
    expect(body).toMatchObject({
      index: "demo",
      metric: "angular",
      dimensions: 256,
      items: 37,
      searchable: { text: true },
      manifest: { format: "annoy-edge", name: "demo" },
    });
    expect((body as { certified: { recallAt10: number } }).certified.recallAt10).toBeGreaterThan(0.9);
  });

  test("GET /health tells what is loaded, without loading", async () => {
    await (await send("/v1/index")).text();
    const body = await expectContract(await send("/health"), "/health");
    expect(body).toMatchObject({
      status: "ok",
      index: "demo",
      version: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect((body as { memoryBytes: number }).memoryBytes).toBeGreaterThan(1e6);
  });

  test("GET /openapi.json is OpenAPI 3.1 whose references all lead somewhere", async () => {
    const document = await openApi();
    expect(document).toMatchObject({ openapi: expect.stringMatching(/^3\.1\./) });
    const refs = JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g);
    for (const [, name] of refs) expect(document.components.schemas).toHaveProperty(name ?? "");
  });

  test.each(["/openapi.json", "/docs"])("%s is revalidated by what is in it", async (path) => {
    const first = await send(path);
    expect(first.headers.get("cache-control")).toBe("public, max-age=0, must-revalidate");
    const etag = first.headers.get("etag") ?? "";
    expect(etag).toMatch(/^W\/"[0-9a-f]{16}/);
    const again = await send(path, { headers: { "if-none-match": etag } });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe("");
    // What an earlier release called it.
    const stale = await send(path, { headers: { "if-none-match": 'W/"openapi.1"' } });
    expect(stale.status).toBe(200);
    await stale.text();
  });

  test("GET /docs is a page that needs no script and no other origin", async () => {
    const response = await send("/docs");
    expect(response.headers.get("content-type")).toMatch(/^text\/html/);
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-/);
    const page = await response.text();
    expect(page).not.toMatch(/<script|src=|href="http/);
    const style = page.match(/<style>(.*?)<\/style>/s)?.[1] ?? "";
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style));
    expect(policy).toContain(btoa(String.fromCharCode(...new Uint8Array(digest))));
    for (const path of Object.keys((await openApi()).paths)) expect(page).toContain(path);
  });
});

describe("every answer", () => {
  const paths = [
    "/v1/search?q=a",
    "/v1/documents/food-0",
    "/v1/items/0",
    "/v1/items/0/distance/1",
    "/v1/index",
  ];

  test.each(paths)("%s names its version in header and body and may be revalidated", async (path) => {
    const response = await send(path);
    const { version } = (await response.json()) as { version: string };
    expect(response.headers.get("index-version")).toBe(version);
    const again = await send(path, { headers: { "if-none-match": response.headers.get("etag") ?? "" } });
    expect(again.status).toBe(304);
  });

  test("tells the time of its parts", async () => {
    const timing = (await postSearch({ query: "a dog" })).headers.get("server-timing") ?? "";
    expect(timing.split(", ").map((part) => part.split(";")[0])).toEqual([
      "load",
      "embed",
      "keyword",
      "forest",
      "docstore",
    ]);
    for (const part of timing.split(", ")) expect(part).toMatch(/^\w+;dur=\d+(\.\d+)?$/);
  });

  test("may be read from any origin, problems included", async () => {
    for (const path of ["/v1/search?q=a", "/v1/search", "/nothing"]) {
      const response = await send(path, { headers: { origin: "https://other.test" } });
      expect(response.headers.get("access-control-allow-origin")).toBe("*");
      expect(response.headers.get("access-control-expose-headers")).toContain("Index-Version");
    }
    const preflight = await send("/v1/search", {
      method: "OPTIONS",
      headers: {
        origin: "https://other.test",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-methods")).toContain("POST");
    expect(preflight.headers.get("access-control-allow-headers")?.toLowerCase()).toContain("content-type");
  });

  test("forbids sniffing, framing and running", async () => {
    for (const path of ["/v1/search?q=a", "/v1/search", "/nothing"]) {
      const { headers } = await send(path);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    }
  });

  test("is a problem for a path that is not there, or a method that it does not take", async () => {
    await expectProblem(await send("/v1/nothing"), 404, "NOT_FOUND");
    await expectProblem(await send("/nothing/at/all"), 404, "NOT_FOUND");
    for (const path of [...paths, "/health", "/openapi.json", "/docs"]) {
      const response = await send(path, { method: "DELETE" });
      expect(response.headers.get("allow")).toMatch(/^GET, HEAD/);
      await expectProblem(response, 405, "METHOD_NOT_ALLOWED");
    }
  });

  test("to HEAD has the headers of GET and no body", async () => {
    for (const path of paths) {
      const response = await send(path, { method: "HEAD" });
      expect(response.status).toBe(200);
      expect(response.headers.get("etag")).toMatch(/^W\//);
      expect(await response.text()).toBe("");
    }
  });
});
