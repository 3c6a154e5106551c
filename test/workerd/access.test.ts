import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { compose, type Env } from "../../worker/app.ts";
import { signToken, type TokenClaims } from "../../worker/core/access/token.ts";
import { textCorpus } from "../seed/corpus.ts";
import { expectProblem, ORIGIN, openApi } from "./contract.ts";
import { seed } from "./seed.ts";
import { AI, seedShards } from "./shards/harness.ts";

beforeAll(async () => {
  await seed();
  await seedShards();
});
// Faults on purpose are logged; the test run's own output stays readable.
beforeEach(() => {
  for (const method of ["log", "error"] as const) vi.spyOn(console, method).mockImplementation(() => {});
});
afterEach(() => vi.restoreAllMocks());

const SECRET = "a secret of thirty-two characters".replaceAll(" ", "_");
const OLDER = `${SECRET}_older`;
const IN_AN_HOUR = Math.floor(Date.now() / 1000) + 3600;
const CORPUS = textCorpus();
const TOPICS = ["food", "animals", "vehicles", "music"];

function workerWith(settings: Partial<Env>) {
  const bindings: Env = { ...env, LOG: "off", INDEX_NAME: "demo, vectors", ...settings };
  const app = compose(bindings);
  return async (path: string, init?: RequestInit): Promise<Response> => {
    const ctx = createExecutionContext();
    const response = await app.fetch(new Request(`${ORIGIN}${path}`, init), bindings, ctx);
    // A large answer outlives its request until it has been read.
    const body = response.body && (await response.arrayBuffer());
    await waitOnExecutionContext(ctx);
    return new Response(body, response);
  };
}

const send = workerWith({ TOKEN_SECRETS: `${SECRET}, ${OLDER}` });

const token = (claims: Partial<TokenClaims>, secret = SECRET) =>
  signToken({ exp: IN_AN_HOUR, ...claims }, secret);

/** A token of these parts, with the signature that belongs to them. */
async function signed(parts: string): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(SECRET), algorithm, false, [
    "sign",
  ]);
  const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(parts)));
  const text = btoa(String.fromCharCode(...bytes));
  return `${parts}.${text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
}

/** The same documents in three shards, behind the routes without a name. */
const sendToShards = workerWith({ TOKEN_SECRETS: SECRET, INDEX_NAME: "shards", AI });

async function ask(bearer: string, path: string, body?: unknown, to = send): Promise<Response> {
  const headers = { authorization: `Bearer ${bearer}`, "content-type": "application/json" };
  return to(path, body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) });
}

const statusOf = async (bearer: string, path = "/v1/search?q=pizza") => (await ask(bearer, path)).status;

describe("a token", () => {
  test("is let in with either secret and no other, until it expires", async () => {
    expect(await statusOf(await token({}))).toBe(200);
    expect(await statusOf(await token({}, OLDER))).toBe(200);
    expect(await statusOf(await token({}, `${SECRET}_foreign`))).toBe(401);
    expect(await statusOf(await token({ exp: IN_AN_HOUR - 3601 }))).toBe(401);
    expect((await send("/v1/search?q=pizza")).status).toBe(401);
  });

  test("is refused when any byte of it is another one, or its algorithm is none", async () => {
    const sound = await token({ filter: { topic: "food" } });
    const [header, payload, signature] = sound.split(".") as [string, string, string];
    const other = btoa(JSON.stringify({ exp: IN_AN_HOUR })).replace(/=+$/, "");
    const none = btoa('{"alg":"none"}').replace(/=+$/, "");
    const critical = btoa('{"alg":"HS256","crit":["b64"],"b64":false}').replace(/=+$/, "");
    const forged = [
      await signed(`${critical}.${payload}`),
      `${header}.${other}.${signature}`,
      `${none}.${payload}.`,
      `${none}.${payload}.${signature}`,
    ];
    for (const wrong of [...forged, `${header}.${payload}`, `x${sound}`]) {
      expect(await statusOf(wrong)).toBe(401);
    }
  });

  test.each<[string, object]>([
    ["a filter that is none", { filter: { near: { topic: "food" }, or: 5 } }],
    ["a filter that is a list", { filter: [] }],
    ["indexes that are a text", { indexes: "demo" }],
    ["no end", { exp: undefined }],
  ])("with %s is refused", async (_, claims) => {
    expect(await statusOf(await signToken({ exp: IN_AN_HOUR, ...claims }, SECRET))).toBe(401);
  });

  test.each<[string, object, RegExp]>([
    ["a later beginning", { nbf: IN_AN_HOUR }, /not valid yet/],
    ["8,000 characters and more", { filter: { topic: "x".repeat(6000) } }, /more than 8000/],
    ["an end that is now", { exp: Math.floor(Date.now() / 1000) }, /expired/],
  ])("with %s is refused, and told so", async (_, claims, sentence) => {
    const refused = await ask(await token(claims), "/v1/search?q=pizza");
    expect((await expectProblem(refused, 401, "UNAUTHORIZED")).detail).toMatch(sentence);
  });

  test("allows its indexes and actions and no others", async () => {
    const named = await token({ indexes: ["vec*"], actions: ["documents"] });
    expect(await statusOf(named, "/v1/indexes/vectors/items/1")).toBe(200);
    expect(await statusOf(named, "/v1/indexes/vectors/search?item=1")).toBe(403);
    expect(await statusOf(named, "/v1/items/1")).toBe(403);
    expect(await statusOf(await token({}), "/v1/index")).toBe(403);
    expect((await ask(named, "/v1/indexes/demo/selections/1", {})).status).toBe(403);
    const searching = await token({ indexes: ["vectors"] });
    for (const index of ["demo", "nobody"]) {
      // The same whether such an index is served or not: a token finds out no names.
      await expectProblem(await ask(searching, `/v1/indexes/${index}/search?q=a`), 403, "FORBIDDEN");
      expect(await statusOf(searching, `/v1/search?q=pizza&indexes=${index}`)).toBe(403);
      expect((await ask(searching, `/v1/indexes/${index}/selections/1`, {})).status).toBe(403);
    }
    const listing = await token({ indexes: ["vectors"], actions: ["index"] });
    expect(await (await ask(listing, "/v1/indexes")).json()).toMatchObject({
      indexes: [{ index: "vectors" }],
    });
  });

  test("whose filter does not fit the index gets no documents at all", async () => {
    const wrong = await token({ filter: { tenant: "a" } });
    for (const path of [
      "/v1/search?q=pizza",
      "/v1/documents/food-0",
      "/v1/items/0",
      "/v1/items/0/distance/1",
    ]) {
      expect(await statusOf(wrong, path)).toBe(400);
    }
  });
});

test("a key may be held to indexes and actions", async () => {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode("k"));
  const hash = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const keyed = workerWith({ API_KEY_HASHES: `${hash}:demo:search` });
  const status = async (path: string) => (await keyed(path, { headers: { "x-api-key": "k" } })).status;
  expect(await status("/v1/search?q=pizza")).toBe(200);
  expect(await status("/v1/documents/food-0")).toBe(403);
  expect(await status("/v1/indexes/vectors/search?item=1")).toBe(403);
  for (const entry of [`${hash}:demo:everything`, `${hash}:a:search:more`]) {
    expect((await workerWith({ API_KEY_HASHES: entry })("/v1/search?q=a")).status).toBe(503);
  }
});

test("secrets that can be guessed close the API", async () => {
  expect((await workerWith({ TOKEN_SECRETS: "short" })("/v1/search?q=a")).status).toBe(503);
});

/** A condition of the corpus, and which documents meet it. */
const scope = fc.oneof(
  fc.constantFrom(...TOPICS).map((topic) => ({
    filter: { topic } as object,
    meets: (metadata: Record<string, unknown>) => metadata.topic === topic,
  })),
  fc.constantFrom(2019, 2020, 2021, 2023).map((year) => ({
    filter: { year: { gte: year } } as object,
    meets: (metadata: Record<string, unknown>) => Number(metadata.year) >= year,
  })),
  fc.constantFrom(...TOPICS).map((topic) => ({
    filter: { and: [{ not: { topic } }, { long: true }] } as object,
    meets: (metadata: Record<string, unknown>) => metadata.topic !== topic && metadata.long === true,
  })),
);

const number = fc.integer({ min: 0, max: CORPUS.length + 2 });
const id = fc.constantFrom(...CORPUS.map((document) => document.id), "nobody");
const own = fc.option(
  fc.constantFrom({ topic: "music" }, { not: { topic: "food" } }, { or: [{}, { year: 2020 }] }),
);
const search = fc
  .record({
    by: fc.oneof(
      fc.constantFrom("pizza", "a dog", "car", "or", "piano", "piza horsse").map((query) => ({ query })),
      number.map((item) => ({ item })),
      id.map((one) => ({ id: one })),
    ),
    filter: own,
    mode: fc.constantFrom("vector", "keyword", "hybrid"),
    facetsOf: fc.constantFrom("filter", "matches"),
    mmr: fc.boolean(),
    offset: fc.option(fc.integer({ min: 0, max: 5 })),
    arranged: fc.constantFrom({}, {}, { sort: "year:desc" }, { groupBy: { field: "topic", hits: 3 } }),
    told: fc.constantFrom({}, { total: true, didYouMean: true }),
  })
  .map(({ by, filter, mode, facetsOf, mmr, offset, arranged, told }) => ({
    ...by,
    k: 40,
    include: ["document", "metadata", "vector", "highlights"],
    facets: ["topic", "tags"],
    facetsOf,
    ...("query" in by && { mode }),
    ...(filter && { filter }),
    ...(mmr && mode !== "keyword" ? { mmr: { fetchK: 40 } } : arranged),
    ...told,
    ...(offset !== null && { offset }),
  }));

/** Words and phrases that an answer takes from documents. */
function correctedAndCompleted(answer: Record<string, unknown>): string[] {
  const {
    suggestions = [],
    didYouMean,
    results = [],
  } = answer as {
    suggestions?: { text: string }[];
    didYouMean?: { words: { correction: string }[] };
    results?: Record<string, unknown>[];
  };
  return [
    ...suggestions.map(({ text }) => text),
    ...(didYouMean?.words ?? []).map(({ correction }) => correction),
    ...results.flatMap(correctedAndCompleted),
  ];
}

/** Every path of the contract under /v1 that gives something of documents, with what it is asked. */
const asked = fc.oneof(
  search.map((body) => ({ route: "/v1/search", path: "/v1/search", body: body as unknown })),
  search.map((body) => ({
    route: "/v1/search/batch",
    path: "/v1/search/batch",
    body: { searches: [body, body] } as unknown,
  })),
  search.map(({ filter: _, ...body }) => {
    const { query, ...rest } = body as Record<string, unknown>;
    const q = query === undefined ? {} : { q: query };
    const entries = Object.entries({ ...q, ...rest, mmr: undefined, groupBy: undefined });
    const given = entries
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, String(value)]);
    return { route: "/v1/search", path: `/v1/search?${new URLSearchParams(given)}`, body: undefined };
  }),
  id.map((one) => ({
    route: "/v1/documents/{id}",
    path: `/v1/documents/${encodeURIComponent(one)}`,
    body: undefined,
  })),
  number.map((item) => ({ route: "/v1/items/{item}", path: `/v1/items/${item}`, body: undefined })),
  fc.tuple(number, number).map(([i, j]) => ({
    route: "/v1/items/{i}/distance/{j}",
    path: `/v1/items/${i}/distance/${j}`,
    body: undefined,
  })),
  fc.constantFrom("p", "pi", "a", "dogs", "th", "mu").map((text) => ({
    route: "/v1/suggest",
    path: `/v1/suggest?q=${text}&k=20`,
    body: undefined,
  })),
  fc.constantFrom("index", "indexes", "warm-up", "selections/1").map((name) => ({
    route: `/v1/${name.replace(/\d$/, "{position}")}`,
    path: `/v1/${name}`,
    body: name.startsWith("selections") ? {} : undefined,
  })),
);

describe("with a token's filter, no answer holds anything of a document outside it", () => {
  test.each([
    ["in memory", "demo", send, 250],
    ["in shards", "shards", sendToShards, 120],
  ] as const)("on any route, by any request, of an index %s", async (_, index, to, numRuns) => {
    const routes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        scope,
        asked,
        fc.boolean(),
        async ({ filter, meets }, { route, path, body }, named) => {
          routes.add(route);
          const inside = CORPUS.filter(({ metadata }) => meets(metadata ?? {}));
          const outside = CORPUS.filter((document) => !inside.includes(document));
          const bearer = await token({ filter, actions: ["search", "documents", "index"] });
          const target =
            named && route !== "/v1/indexes" ? path.replace("/v1/", `/v1/indexes/${index}/`) : path;
          const response = await ask(bearer, target, body, to);
          const text = await response.text();
          expect(response.status, text).toBeLessThan(500);
          if (response.ok && /items\/\d+\/distance/.test(path)) {
            for (const item of path.match(/\d+/g)!.slice(1)) expect(inside).toContain(CORPUS[Number(item)]);
          }
          if (!response.ok || text === "") return;
          const answer = JSON.parse(text) as Record<string, unknown>;
          for (const { id: hit, item } of everyHit(answer)) {
            expect(inside.map((document) => document.id)).toContain(hit);
            expect(CORPUS[item]?.id).toBe(hit);
          }
          const texts = inside.map((document) => JSON.stringify(document).toLowerCase());
          for (const shown of correctedAndCompleted(answer)) {
            expect(texts.some((text) => text.includes(shown.toLowerCase()))).toBe(true);
          }
          for (const { pageContent } of outside) expect(text).not.toContain(`"${pageContent}"`);
          for (const value of facetValues(answer)) {
            expect(
              inside.flatMap(({ metadata }) => [metadata?.topic, ...((metadata?.tags as []) ?? [])]),
            ).toContain(value);
          }
        },
      ),
      { numRuns, seed: 20_260_101 },
    );
    const { paths } = await openApi();
    const contract = Object.keys(paths).filter(
      (path) => path.startsWith("/v1/") && !path.includes("{index}"),
    );
    expect([...routes].sort(), "every route of the contract is tried").toEqual(contract.sort());
  });

  test.each([
    ["in memory", send],
    ["in shards", sendToShards],
  ])("and what is inside is found, on every route, of an index %s", async (_, to) => {
    const bearer = await token({ filter: { topic: "animals" } });
    const { hits } = (await (await ask(bearer, "/v1/search?q=pizza&k=40", undefined, to)).json()) as {
      hits: { id: string }[];
    };
    expect(hits.map((hit) => hit.id).sort()).toEqual(
      CORPUS.filter(({ metadata }) => metadata?.topic === "animals")
        .map((document) => document.id)
        .sort(),
    );
    for (const path of [
      "/v1/documents/animals-0",
      "/v1/items/8",
      "/v1/items/8/distance/9",
      "/v1/search?id=animals-0",
    ]) {
      expect((await ask(bearer, path, undefined, to)).status, path).toBe(200);
    }
    for (const path of ["/v1/documents/food-0", "/v1/items/0", "/v1/items/8/distance/0"]) {
      expect((await ask(bearer, path, undefined, to)).status, path).toBe(404);
    }
  });

  test("not even from a cache that another token has filled", async () => {
    const tokens = [
      await token({}),
      await token({ filter: { topic: "food" } }),
      await token({ filter: { topic: "music" } }),
    ];
    const seen: string[][] = [];
    const tags: (string | null)[] = [];
    for (const bearer of [...tokens, ...tokens]) {
      const response = await ask(bearer, "/v1/search?q=pizza&k=40&include=");
      tags.push(response.headers.get("etag"));
      expect(response.headers.get("cache-control")).toMatch(/^private/);
      expect(response.headers.get("vary")).toMatch(/Authorization/);
      const { hits } = (await response.json()) as { hits: { id: string }[] };
      seen.push(hits.map((hit) => hit.id));
    }
    expect(new Set(tags).size).toBe(3);
    expect(seen.slice(3)).toEqual(seen.slice(0, 3));
    expect(seen[1]!.every((hit) => hit.startsWith("food"))).toBe(true);
    expect(seen[2]!.every((hit) => hit.startsWith("music"))).toBe(true);
    const headers = { authorization: `Bearer ${tokens[1]}`, "if-none-match": tags[2]! };
    expect((await send("/v1/search?q=pizza&k=40&include=", { headers })).status).toBe(200);
  });
});

function everyHit(answer: Record<string, unknown>): { id: string; item: number }[] {
  const results = (answer.results ?? [answer]) as {
    hits?: { id: string; item: number }[];
    id?: string;
    item?: number;
  }[];
  return results.flatMap(
    (result) => result.hits ?? (result.id !== undefined ? [{ id: result.id, item: result.item! }] : []),
  );
}

function facetValues(answer: Record<string, unknown>): unknown[] {
  const results = (answer.results ?? [answer]) as { facets?: Record<string, { value: unknown }[]> }[];
  return results.flatMap(({ facets }) =>
    Object.values(facets ?? {})
      .flat()
      .map(({ value }) => value),
  );
}
