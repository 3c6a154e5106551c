import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { Hono, type HonoRequest } from "hono";
import { hc } from "hono/client";
import { beforeAll, describe, expect, test } from "vitest";
import { composeService } from "../../worker/app.ts";
import { createHttpApp } from "../../worker/http/app.ts";
import { type AppType, type CreateAppOptions, createApp, HttpError, restrict } from "../../worker/index.ts";
import { mcp } from "../../worker/mcp.ts";
import { letterVector } from "../seed/corpus.ts";
import { ORIGIN } from "./contract.ts";
import { seed } from "./seed.ts";

beforeAll(seed);

/** An application of somebody else's with the search mounted in it. */
function applicationWith(options: CreateAppOptions, path = "/search") {
  const own = new Hono()
    .get("/", (c) => c.html("<h1>shop</h1>"))
    .get("/fails", () => {
      throw new Error("of the application");
    });
  own.onError((error, c) => c.text(`application: ${error.message}`, 500));
  const app = own.route(path, createApp(options));
  // Workers AI runs in Cloudflare's network only; this stands in for the binding.
  const AI = {
    run: async (_model: string, { text }: Record<string, unknown>) => ({
      data: (text as string[]).map(letterVector),
    }),
  };
  const bindings = { ...env, AI };
  const send = async (url: string, init?: RequestInit) => {
    const ctx = createExecutionContext();
    const response = await app.fetch(new Request(`${ORIGIN}${url}`, init), bindings, ctx);
    await waitOnExecutionContext(ctx);
    return response;
  };
  return { app, send };
}

const post = (body: unknown): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

describe.each(["/search", "/"])("mounted under %s of another application", (path) => {
  const { send } = applicationWith({}, path);
  const prefix = path === "/" ? "" : path;

  test("answers searches, problems and its reference", async () => {
    const response = await send(`${prefix}/v1/search`, post({ query: "pizza", k: 2 }));
    expect(await response.json()).toMatchObject({ index: "demo", hits: [{}, {}] });
    const refused = await send(`${prefix}/v1/search`, post({ query: "pizza", k: 0 }));
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ code: "OUT_OF_RANGE" });
    expect((await send(`${prefix}/docs`)).status).toBe(200);
    const nothing = await send(`${prefix}/v1/nothing`);
    const problem = (await nothing.json()) as { readonly type: string };
    expect(problem).toMatchObject({ code: "NOT_FOUND", status: 404, type: `${prefix}/docs#NOT_FOUND` });
    const [page, anchor] = problem.type.split("#");
    expect(await (await send(page!)).text()).toContain(`id="${anchor}"`);
  });

  test("names its reference by the path of the request, however deep it is mounted", async () => {
    const inner = new Hono().basePath("/api/:team").route(path, createApp());
    const answer = await new Hono().route("/", inner).request(`/api/blue${prefix}/v1/items/a`, {}, env);
    expect(await answer.json()).toMatchObject({ type: `/api/blue${prefix}/docs#INVALID_TYPE` });
  });

  test("describes itself by the path of each request, and not by that of the first", async () => {
    const app = new Hono().route("/:team", createApp());
    for (const team of ["blue", "red", "blue"]) {
      const { servers } = (await (await app.request(`/${team}/openapi.json`, {}, env)).json()) as {
        servers: unknown;
      };
      expect(servers).toMatchObject([{ url: `/${team}` }]);
    }
  });

  test("leaves the application's own paths as they are", async () => {
    const page = await send("/");
    expect(await page.text()).toBe("<h1>shop</h1>");
    expect(page.headers.get("content-security-policy")).toBeNull();
    expect(page.headers.get("access-control-allow-origin")).toBeNull();
    const failed = await send("/fails");
    expect(await failed.text()).toBe("application: of the application");
  });
});

test("middleware of the application may have read the body, as Hono keeps it", async () => {
  const readers: Readonly<Record<string, (request: HonoRequest) => Promise<unknown>>> = {
    json: (request) => request.json(),
    text: (request) => request.text(),
    clone: ({ raw }) => raw.clone().text(),
    raw: ({ raw }) => raw.text(),
  };
  const app = new Hono()
    .use(async (c, next) => {
      await readers[c.req.header("x-reader") ?? ""]?.(c.req);
      await next();
    })
    .route("/", createApp({ limits: { maxBodyBytes: 100_000 } }));
  const ask = async (reader: string, length: number) => {
    const { headers, body } = post({ filter: {}, k: 1 });
    const padded = String(body).padEnd(length);
    const init = { method: "POST", headers: { ...headers, "x-reader": reader }, body: padded };
    return (await app.request("/v1/search", init, env)).json();
  };
  for (const reader of ["json", "text", "clone"]) {
    for (const length of [0, 90_000]) expect(await ask(reader, length)).toMatchObject({ hits: [{}] });
    expect(await ask(reader, 100_001)).toMatchObject({ code: "BODY_TOO_LARGE" });
  }
  expect(await ask("raw", 0)).toMatchObject({ code: "BAD_CONFIGURATION", status: 503 });
});

describe("what an application replaces", () => {
  test("is who is let in, by what it knows of a request", async () => {
    const { send } = applicationWith({
      auth: async (c, next) => {
        if (c.req.header("x-user") !== "ann") throw new HttpError("UNAUTHORIZED", "Log in first.");
        await next();
      },
    });
    const refused = await send("/search/v1/index");
    expect(refused.status).toBe(401);
    expect(refused.headers.get("access-control-allow-origin")).toBe("*");
    const answer = await send("/search/v1/index", { headers: { "x-user": "ann" } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("cache-control")).toMatch(/^private/);
  });

  test("is what a caller may see, from the call of restrict on", async () => {
    const { send } = applicationWith({
      auth: async (c, next) => {
        const filter = c.req.header("x-map") ? new Map([["topic", "food"]]) : { topic: "food" };
        const restricting = restrict(c, { filter });
        if (c.req.header("x-map")) await restricting;
        await next();
        await restricting;
      },
    });
    const everything = post({ filter: {}, k: 100 });
    const { hits } = (await (await send("/search/v1/search", everything)).json()) as {
      hits: { document: { metadata: { topic: string } } }[];
    };
    expect(new Set(hits.map(({ document }) => document.metadata.topic))).toEqual(new Set(["food"]));
    expect((await send("/search/v1/documents/animals-0")).status).toBe(404);
    expect((await send("/search/v1/documents/food-0", { headers: { "x-map": "1" } })).status).toBe(401);
  });

  test("is not restricted by middleware around the app, which is refused", async () => {
    const own = new Hono<{ Variables: { annoyEdge: never } }>();
    own.onError((error, c) => c.text(error.message, 500));
    own.use("*", async (c, next) => {
      await restrict(c as never, { filter: { topic: "food" } });
      await next();
    });
    const answer = await own.route("/search", createApp()).request("/search/v1/index", {}, env);
    expect(await answer.text()).toContain("option auth of createApp");
  });

  test("is CORS, limits and the indexes that are served", async () => {
    const { send } = applicationWith({ cors: false, limits: { maxK: 3 }, indexes: ["vectors", "de*"] });
    const answer = await send("/search/v1/index", { headers: { origin: "https://a.test" } });
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    expect(await answer.json()).toMatchObject({ index: "vectors" });
    expect(await (await send("/search/v1/search", post({ item: 1, k: 4 }))).json()).toMatchObject({
      code: "OUT_OF_RANGE",
    });
  });

  test("is where the bindings are found", async () => {
    const app = createApp<{ bucket: typeof env.INDEXES; pages: typeof env.DOCUMENTS }>({
      bindings: ({ bucket, pages }) => ({ INDEXES: bucket, DOCUMENTS: pages }),
    });
    const response = await app.request("/v1/index", {}, { bucket: env.INDEXES, pages: env.DOCUMENTS });
    expect(await response.json()).toMatchObject({ index: "demo" });
  });
});

describe("several indexes", () => {
  const { send } = applicationWith({ indexes: "demo, vec*, cold" }, "/");
  const json = async (path: string, init?: RequestInit) => (await send(path, init)).json();

  test("are listed, those of patterns as they are published", async () => {
    await send("/v1/search", post({ query: "pizza" }));
    const { indexes, memoryBytes } = (await json("/v1/indexes")) as {
      indexes: { index: string; version: string | null; memoryBytes: number }[];
      memoryBytes: number;
    };
    expect(indexes.map(({ index }) => index)).toEqual(["demo", "vectors", "cold"]);
    expect(indexes[0]?.version).toMatch(/^[0-9a-f]{16}$/);
    expect(indexes[1]?.version).toBeNull();
    expect(memoryBytes).toBeGreaterThanOrEqual(indexes[0]!.memoryBytes);
  });

  test("answer under their names on every route", async () => {
    const search = "/v1/indexes/vectors/search";
    expect(await json(search, post({ item: 7, k: 1 }))).toMatchObject({
      index: "vectors",
      hits: [{ item: 7 }],
    });
    expect(await json(`${search}?item=7&k=1`)).toMatchObject({ index: "vectors", hits: [{ item: 7 }] });
    expect(await json(`${search}/batch`, post({ searches: [{ item: 7 }] }))).toMatchObject({
      index: "vectors",
    });
    for (const path of ["documents/row-7", "items/7", "items/7/distance/8", "index", "warm-up"]) {
      expect(await json(`/v1/indexes/vectors/${path}`), path).toMatchObject({ index: "vectors" });
      expect(await json(`/v1/indexes/demo/${path.replace("row-7", "food-0")}`)).toMatchObject({
        index: "demo",
      });
    }
    expect((await send("/v1/indexes/vectors/selections/1", { method: "POST" })).status).toBe(204);
  });

  test("are not found under any other name, and such a name is not kept", async () => {
    for (const name of ["service", "vec", "vectorsx", "vec*", "%2e%2e%2f", "a b"]) {
      const path = `/v1/indexes/${encodeURIComponent(name)}/search?q=a`;
      expect(await json(path), name).toMatchObject({ status: 404 });
    }
  });

  test("take no memory under a name that a pattern allows and nobody has published", async () => {
    const { service, indexes } = composeService(env, { indexes: "demo, shop-*" });
    const app = createHttpApp(() => service);
    const names = ["shop-1", "shop-2", "shop-3"];
    for (const path of ["selections/1", "search?q=a", "items/0"]) {
      const answers = names.map((name) =>
        app.request(`/v1/indexes/${name}/${path}`, path.startsWith("selections") ? { method: "POST" } : {}),
      );
      const expected = path.startsWith("selections") ? 204 : 404;
      for (const { status } of await Promise.all(answers)) expect(status, path).toBe(expected);
      expect([...indexes.opened.keys()]).toEqual([]);
    }
  });

  test("keep their cached answers apart", async () => {
    const paths = ["demo", "cold"].map((name) => `/v1/indexes/${name}/search?item=3&k=1&include=`);
    for (const path of [...paths, ...paths]) {
      expect(await json(path)).toMatchObject({ index: path.split("/")[3] });
    }
  });
});

describe("a search of several indexes", () => {
  const { send } = applicationWith({ indexes: "service, notes, demo, vectors" }, "/");
  interface Merged {
    readonly hits: readonly {
      id: string;
      index: string;
      score: number;
      document?: { pageContent: string };
    }[];
    readonly facets?: Record<string, { value: string; count: number }[]>;
    readonly indexes: readonly { index: string; version: string }[];
    readonly code?: string;
  }
  const ask = async (body: object, path = "/v1/search"): Promise<Merged> =>
    (await send(path, post(body))).json();

  test.each(["keyword", "hybrid", "vector"])("in mode %s merges by score, page by page", async (mode) => {
    const both = await ask({ query: "pizza", mode, indexes: ["service", "notes"], k: 12, facets: ["topic"] });
    expect(new Set(both.hits.map(({ index }) => index))).toEqual(new Set(["service", "notes"]));
    expect(both.hits.map(({ score }) => score)).toEqual(
      both.hits.map(({ score }) => score).sort((a, b) => b - a),
    );
    const single = await Promise.all(
      ["service", "notes"].map((name) =>
        ask({ query: "pizza", mode, k: 12, facets: ["topic"] }, `/v1/indexes/${name}/search`),
      ),
    );
    for (const { id, index, score } of both.hits) {
      const [own] = single[index === "service" ? 0 : 1]!.hits.filter((hit) => hit.id === id);
      expect(own?.score).toBe(score);
    }
    const food = (answer: Merged) => answer.facets?.topic?.find(({ value }) => value === "food")?.count ?? 0;
    expect(food(both)).toBe(food(single[0]!) + food(single[1]!));
    const pages = [0, 3].map((offset) =>
      ask({ query: "pizza", mode, indexes: ["service", "notes"], k: 3, offset }),
    );
    const paged = (await Promise.all(pages)).flatMap(({ hits }) => hits.map(({ id }) => id));
    if (mode === "keyword") expect(paged).toEqual(both.hits.slice(0, 6).map(({ id }) => id));
    expect(new Set(paged).size).toBe(paged.length);
  });

  test("names what each has answered from, as a URL too", async () => {
    const answer = (await (
      await send("/v1/search?q=pizza&indexes=service&indexes=notes&k=2")
    ).json()) as Merged;
    expect(answer.indexes.map(({ index }) => index)).toEqual(["service", "notes"]);
    expect(answer.hits).toHaveLength(2);
  });

  test.each<[string, object, string]>([
    ["different embedders", { query: "a", mode: "vector", indexes: ["demo", "notes"] }, "NOT_ACROSS_INDEXES"],
    ["different metrics", { vector: Array(256).fill(1), indexes: ["demo", "vectors"] }, "DIMENSION_MISMATCH"],
    ["an index that is not served", { query: "a", indexes: ["demo", "cold"] }, "INDEX_NOT_FOUND"],
    ["an item, which is of one index", { item: 1, indexes: ["service", "notes"] }, "NOT_ACROSS_INDEXES"],
    ["a list without names", { query: "a", indexes: [] }, "OUT_OF_RANGE"],
  ])("refuses %s", async (_, body, code) => {
    expect((await ask(body)).code).toBe(code);
  });

  test("is refused within a batch", async () => {
    const answer = await ask({ searches: [{ query: "a", indexes: ["demo"] }] }, "/v1/search/batch");
    expect(JSON.stringify(answer)).toContain("NOT_ACROSS_INDEXES");
  });
});

test("Hono's client knows every route with what goes in and comes out", async () => {
  const { send } = applicationWith({ indexes: "demo, vectors" }, "/");
  const client = hc<AppType>(ORIGIN, {
    fetch: (input: RequestInfo | URL, init?: RequestInit) => send(String(input).replace(ORIGIN, ""), init),
  });
  const response = await client.v1.search.$post({ json: { query: "pizza", k: 1 } });
  if (!response.ok) throw new Error((await response.json()).code);
  const { hits } = await response.json();
  expect(hits[0]?.document?.pageContent).toBe("pizza is great");
  const found = await client.v1.search.$get({ query: { q: "pizza", include: ["document", "vector"] } });
  expect(found.ok && (await found.json()).hits[0]?.vector).toHaveLength(
    Number((await (await send("/v1/index")).json<{ dimensions: number }>()).dimensions),
  );
  const document = await client.v1.documents[":id"].$get({ param: { id: "food-0" } });
  expect(document.ok && (await document.json()).id).toBe("food-0");
  const named = await client.v1.indexes[":index"].items[":item"].$get({
    param: { index: "vectors", item: "3" },
  });
  expect(named.ok && (await named.json()).item).toBe(3);
  const list = await client.v1.indexes.$get();
  expect(list.ok && (await list.json()).indexes.length).toBe(2);
  // @ts-expect-error: what a search takes is checked
  await client.v1.search.$post({ json: { query: 5 } });
});

describe("a service binding", () => {
  test("calls the entrypoint's methods, and errors keep their code", async () => {
    const service = exports.SearchService;
    expect(await service.search({ query: "pizza", k: 1 })).toMatchObject({ hits: [{ id: "food-0" }] });
    expect(await service.document("food-0")).toMatchObject({ pageContent: "pizza is great" });
    expect(await service.distance(0, 0)).toMatchObject({ distance: 0 });
    expect(await service.indexes()).toMatchObject({ indexes: [{ index: "demo" }] });
    const refused = async (call: () => Promise<unknown>) => {
      try {
        return await call();
      } catch (error) {
        return error;
      }
    };
    expect(await refused(() => service.search({ query: "a", k: 0 }))).toMatchObject({ code: "OUT_OF_RANGE" });
    expect(await refused(() => service.index("nothing"))).toMatchObject({ code: "INDEX_NOT_FOUND" });
    expect((await service.fetch(`${ORIGIN}/health`)).status).toBe(200);
  });
});

describe("options that cannot be are refused when the application is made", () => {
  test.each<[string, object]>([
    ["auht", { auht: false }],
    ["auth", { auth: "key" }],
    ["auth", { auth: null }],
    ["rateLimit", { rateLimit: true }],
    ["indexes", { indexes: ["docs", 5] }],
    ["limits", { limits: 5 }],
    ["maxk", { limits: { maxk: 5 } }],
    ["limits.maxK", { limits: { maxK: "20" } }],
    ["limits.maxK", { limits: { maxK: Number.NaN } }],
    ["limits.bodyTimeout", { limits: { bodyTimeout: 0 } }],
    ["mcp()", { mcp }],
    ["assets", { assets: "public" }],
    ["bindings", { bindings: {} }],
  ])("%s", (named, options) => {
    expect(() => createApp(options)).toThrow(
      expect.objectContaining({ code: "BAD_CONFIGURATION", message: expect.stringContaining(named) }),
    );
  });

  test("nor is an address of mcp() that is none", () => {
    for (const siteUrl of ["", "example.com", "file:///etc", "javascript:0"]) {
      expect(() => mcp({ siteUrl })).toThrow(expect.objectContaining({ code: "BAD_CONFIGURATION" }));
    }
  });
});
