import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Hono } from "hono";
import { beforeAll, describe, expect, test, vi } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { compose, type Env } from "../../worker/app.ts";
import { signToken } from "../../worker/core/access/token.ts";
import { createApp } from "../../worker/index.ts";
import { mcp } from "../../worker/mcp.ts";
import { expectProblem, ORIGIN, send as sendToWorker } from "./contract.ts";
import { seed } from "./seed.ts";
import { AI, seedShards } from "./shards/harness.ts";

beforeAll(async () => {
  await seed();
  await seedShards();
});

const SECRET = "a_secret_of_thirty-two_characters";
const IN_AN_HOUR = Math.floor(Date.now() / 1000) + 3600;

type Send = (request: Request) => Promise<Response>;

function workerWith(settings: Partial<Env>): Send {
  const bindings: Env = { ...env, AI, LOG: "off", INDEX_NAME: "demo, guide, shards", ...settings };
  const app = compose(bindings, { mcp: mcp({ siteUrl: "https://bakery.example/help/" }) });
  return async (request) => {
    const ctx = createExecutionContext();
    const response = await app.fetch(request, bindings, ctx);
    await waitOnExecutionContext(ctx);
    return response;
  };
}

const send = workerWith({});

interface Hit {
  readonly index: string;
  readonly version: string;
  readonly id: string;
  readonly url: string;
  readonly title?: string;
  readonly text: string;
  readonly nextOffset?: number;
}

interface Data {
  readonly hits: readonly Hit[];
  readonly document: Hit;
  readonly before: readonly Hit[];
  readonly after: readonly Hit[];
}

/** A client that shakes hands by `initialize`, or one that accepts revision 2026-07-28 alone, which has no handshake. */
function clientOf(modern: boolean): Client {
  const negotiation = { versionNegotiation: { mode: { pin: "2026-07-28" } } } as const;
  return new Client({ name: "test", version: "1" }, modern ? negotiation : {});
}

async function connect(
  to: Send = send,
  { bearer, modern = false }: { bearer?: string; modern?: boolean } = {},
) {
  const client = clientOf(modern);
  const transport = new StreamableHTTPClientTransport(new URL(`${ORIGIN}/mcp`), {
    fetch: (url, init) => to(new Request(url, init)),
    ...(bearer !== undefined && { requestInit: { headers: { authorization: `Bearer ${bearer}` } } }),
  });
  await client.connect(transport);
  return async (name: string, args: Record<string, unknown>) => {
    const { content, structuredContent, isError } = await client.callTool({ name, arguments: args });
    const [part] = content as readonly { readonly text: string }[];
    return { text: part!.text, data: structuredContent as unknown as Data, isError: isError === true };
  };
}

describe.each([
  ["2025-11-25", false],
  ["2026-07-28", true],
])("a client of revision %s", (revision, modern) => {
  test("lists the tools, with the indexes that there are", async () => {
    const client = clientOf(modern);
    await client.connect(
      new StreamableHTTPClientTransport(new URL(`${ORIGIN}/mcp`), {
        fetch: (url, init) => send(new Request(url, init)),
      }),
    );
    expect(client.getNegotiatedProtocolVersion()).toBe(revision);
    expect(client.getServerVersion()).toMatchObject({ name: "annoy-edge", version: manifest.version });
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(["search", "read", "more_like_this"]);
    for (const { description, annotations, inputSchema } of tools) {
      expect(description).toContain("demo (the default), guide, shards");
      expect(annotations).toMatchObject({ readOnlyHint: true });
      expect(inputSchema).toMatchObject({ type: "object", additionalProperties: false });
    }
  });

  test.each([
    ["demo", "a dog", "a dog", `${ORIGIN}/v1/indexes/demo/documents/animals-0`],
    [
      "guide",
      "knead the dough",
      "Knead the dough for ten minutes.",
      "https://bakery.example/bread.html#kneading",
    ],
    ["shards", "a dog", "a dog", `${ORIGIN}/v1/indexes/shards/documents/animals-0`],
  ])("finds and reads in index %s what a person finds", async (index, query, text, url) => {
    const call = await connect(send, { modern });
    const { data, text: shown } = await call("search", { index, query, k: 2 });
    expect(data.hits).toHaveLength(2);
    const [hit] = data.hits;
    expect(hit).toMatchObject({ index, url, text });
    expect(shown).toContain(`url: ${url}`);
    expect(shown).toContain(`version ${hit!.version}`);
    const published = (await (await env.INDEXES.get(`${index}/current.json`))!.json()) as { version: string };
    expect(hit!.version).toBe(published.version);
    const read = await call("read", { index, id: hit!.id });
    expect(read.data.document).toMatchObject({ id: hit!.id, url, version: hit!.version, text });
    const byUrl = url.includes("/v1/") ? { id: hit!.id } : { id: url };
    const { data: more } = await call("more_like_this", { index, ...byUrl, k: 3 });
    expect(more.hits).toHaveLength(3);
    expect(more.hits.map(({ id }) => id)).not.toContain(hit!.id);
  });
});

test("a section is read with its neighbours on the page, and none of other pages", async () => {
  const call = await connect();
  const { data, text } = await call("read", { index: "guide", id: "/bread.html#baking", neighbours: 2 });
  expect(data.before.map(({ id }) => id)).toEqual(["/bread.html#flour", "/bread.html#kneading"]);
  expect(data.after).toEqual([]);
  expect(data.document.title).toBe("Bread › Baking");
  expect(text.indexOf("Rye flour")).toBeLessThan(text.indexOf("Bake at 230"));
  const alone = await call("read", { index: "guide", id: "/bread.html#baking", neighbours: 0 });
  expect(alone.data.before).toEqual([]);
});

test("a long document is read in parts, from its beginning to its end", async () => {
  const call = await connect();
  let text = "";
  for (let offset: number | undefined = 0; offset !== undefined; ) {
    const { data } = await call("read", { index: "guide", id: "chronicle", offset });
    text += data.document.text;
    offset = data.document.nextOffset;
  }
  expect(text.length).toBe(30_012);
  expect(text.endsWith("the very end")).toBe(true);
  const { data } = await call("search", { index: "guide", query: '"very end"', mode: "keyword", k: 1 });
  expect(data.hits[0]?.text).toContain("the very end");
  expect(data.hits[0]!.text.length).toBeLessThanOrEqual(1500);
});

test("filters, several indexes and modes reach the search", async () => {
  const call = await connect(workerWith({ INDEX_NAME: "service, notes" }));
  const { data } = await call("search", {
    indexes: ["service", "notes"],
    query: "pizza",
    filter: { topic: "food" },
  });
  expect(new Set(data.hits.map(({ index }) => index))).toEqual(new Set(["service", "notes"]));
  const none = await call("search", { query: "pizza", filter: { topic: "nothing of this kind" } });
  expect(none.data.hits).toEqual([]);
  expect(none.text).toBe("Nothing was found.");
});

test.each<[string, string, Record<string, unknown>]>([
  ["MISSING_FIELD: query is missing.", "search", {}],
  ["UNKNOWN_FIELD", "search", { query: "a", limit: 3 }],
  ["OUT_OF_RANGE", "search", { query: "a", k: 1000 }],
  ["INVALID_TYPE", "search", { query: { text: "a" } }],
  ["UNKNOWN_FILTER_FIELD", "search", { query: "a", filter: { nothing: 1 } }],
  ["INDEX_NOT_FOUND", "search", { query: "a", index: "vectors" }],
  ["INDEX_NOT_FOUND", "read", { id: "a", index: "../demo" }],
  ["ID_NOT_FOUND", "read", { id: "nobody" }],
  ["ID_NOT_FOUND", "more_like_this", { id: "https://elsewhere.example/a" }],
  ["NOT_FOUND: There is no tool", "toString", {}],
])("answers %s so that the agent can mend it", async (code, tool, args) => {
  const call = await connect();
  const { text, isError } = await call(tool, args);
  expect(isError).toBe(true);
  expect(text).toContain(code);
});

describe("keys and search tokens apply", () => {
  const guarded = workerWith({ TOKEN_SECRETS: SECRET });
  const token = (claims: object) => signToken({ exp: IN_AN_HOUR, ...claims }, SECRET);

  test("nobody without one is let in", async () => {
    const response = await guarded(new Request(`${ORIGIN}/mcp`, { method: "POST", body: "{}" }));
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
    await expect(connect(guarded)).rejects.toThrow();
  });

  test.each(["demo", "shards"])("a token's filter hides documents of %s from every tool", async (index) => {
    const call = await connect(guarded, { bearer: await token({ filter: { topic: "animals" } }) });
    const { data } = await call("search", { index, query: "pizza is great", k: 20 });
    expect(data.hits.every(({ id }) => id.startsWith("animals"))).toBe(true);
    expect((await call("read", { index, id: "food-0" })).text).toContain("ID_NOT_FOUND");
    expect((await call("more_like_this", { index, id: "food-0" })).text).toContain("ID_NOT_FOUND");
    const { data: similar } = await call("more_like_this", { index, id: "animals-0", k: 20 });
    expect(similar.hits.length).toBeGreaterThan(0);
    expect(similar.hits.every(({ id }) => id.startsWith("animals"))).toBe(true);
  });

  test("a token's indexes and actions bound what may be asked and what is listed", async () => {
    const call = await connect(guarded, { bearer: await token({ indexes: ["guide"], actions: ["search"] }) });
    expect((await call("search", { index: "guide", query: "tea" })).isError).toBe(false);
    expect((await call("search", { index: "demo", query: "tea" })).text).toContain("FORBIDDEN");
    expect((await call("read", { index: "guide", id: "/tea.html#water" })).text).toContain("FORBIDDEN");
  });
});

test("under a path of another application, and of this project's own Worker", async () => {
  const app = new Hono().route("/search", createApp({ indexes: "guide", mcp: mcp() }));
  const call = await connect(async (request) => {
    const url = request.url.replace("/mcp", "/search/mcp");
    return app.fetch(new Request(url, request), { ...env, AI }, createExecutionContext());
  });
  const { data } = await call("search", { query: "chronicle", k: 1 });
  expect(data.hits[0]?.url).toBe(`${ORIGIN}/search/v1/indexes/guide/documents/chronicle`);
  const own = await connect((request) => sendToWorker("/mcp", request as RequestInit));
  expect((await own("search", { query: "a dog", k: 1 })).data.hits[0]?.id).toBe("animals-0");
});

test.each<[string, RequestInit, number]>([
  ["nothing", { method: "POST" }, 400],
  ["no JSON", { method: "POST", body: "{" }, 400],
  ["an empty batch", { method: "POST", body: "[]" }, 400],
  ["another method", { method: "GET" }, 405],
  ["more than a body may have", { method: "POST", body: `{"a":"${"x".repeat(2_000_000)}"}` }, 413],
])("a request with %s is refused", async (_, init, status) => {
  const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  const response = await send(new Request(`${ORIGIN}/mcp`, { headers, ...init }));
  await response.text();
  expect(response.status).toBe(status);
});

test("a batch is refused, though each of its messages would be answered", async () => {
  const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  const ping = (id: number) => ({ jsonrpc: "2.0", id, method: "ping" });
  const post = (body: unknown) =>
    send(new Request(`${ORIGIN}/mcp`, { method: "POST", headers, body: JSON.stringify(body) }));
  const alone = await post(ping(1));
  expect(await alone.text()).toContain('"result":{}');
  const batch = await post([ping(1), ping(2)]);
  expect(batch.status).toBe(400);
  expect(await batch.json()).toMatchObject({ jsonrpc: "2.0", id: null, error: { code: -32600 } });
});

test("initialize that names a revision without initialize is answered with the newest that has it", async () => {
  const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  const params = { protocolVersion: "2026-07-28", capabilities: {}, clientInfo: { name: "t", version: "1" } };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params });
  const response = await send(new Request(`${ORIGIN}/mcp`, { method: "POST", headers, body }));
  expect(await response.text()).toContain('"protocolVersion":"2025-11-25"');
});

test.each<[string, unknown]>([
  ["arguments nested a thousand times", { name: "search", arguments: { query: "a", filter: nested(1000) } }],
  ["a filter that is a list", { name: "search", arguments: { query: "a", filter: [] } }],
  ["arguments that are a text", { name: "search", arguments: "query" }],
  ["no name", {}],
  ["a name of the prototype", { name: "__proto__", arguments: {} }],
  ["an id of 100,000 characters", { name: "read", arguments: { id: "x".repeat(100_000) } }],
  ["an id that is half a character", { name: "read", arguments: { id: "\ud800" } }],
  ["an offset beyond the document", { name: "read", arguments: { id: "animals-0", offset: 2e9 } }],
])("a call with %s is answered, and no fault of this side", async (_, params) => {
  const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
  const response = await send(new Request(`${ORIGIN}/mcp`, { method: "POST", headers, body }));
  const text = await response.text();
  expect(response.status).toBeLessThan(500);
  expect(text.length).toBeLessThan(20_000);
  expect(text).not.toContain("INTERNAL_ERROR");
  expect(text).toContain("jsonrpc");
});

function nested(depth: number): unknown {
  return depth === 0 ? { topic: "food" } : { not: nested(depth - 1) };
}

async function statusFrom(origin: string, to: Send, at = ORIGIN): Promise<number> {
  const headers = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    origin,
  };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
  const response = await to(new Request(`${at}/mcp`, { method: "POST", headers, body }));
  await response.text();
  return response.status;
}

test.each<[string, string, number]>([
  ["https://shop.example", "https://elsewhere.example", 403],
  ["https://shop.example", "null", 403],
  ["https://shop.example", "https://shop.example", 200],
  ["https://shop.example", ORIGIN, 200],
  ["*", "https://elsewhere.example", 200],
  ["*", "http://localhost:5173", 200],
  ["*", "no origin", 403],
])("where answers are shared with %s, a page of %s is answered %i", async (shared, origin, status) => {
  expect(await statusFrom(origin, workerWith({ CORS_ORIGINS: shared }))).toBe(status);
});

test.each<[string, string, number]>([
  ["", "http://rebound.example:8787", 403],
  ["*", "http://rebound.example:8787", 403],
  ["http://rebound.example:8787", "http://rebound.example:8787", 200],
  ["", "http://localhost:8787", 200],
  ["", "http://[::1]:8787", 200],
])("with CORS_ORIGINS %j, a page of %s may have rebound its name: %i", async (shared, origin, status) => {
  expect(await statusFrom(origin, workerWith({ CORS_ORIGINS: shared }), origin)).toBe(status);
});

describe("a call of a tool is held to what every request is", () => {
  const call = (to: Send, args: Record<string, unknown>) => {
    const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
    const params = { name: "search", arguments: args };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
    return to(new Request(`${ORIGIN}/mcp`, { method: "POST", headers, body }));
  };

  test("the log and the headers have what it found, so it is counted until it ends", async () => {
    const lines: string[] = [];
    vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
    const response = await call(workerWith({ LOG: "requests" }), { query: "a dog", k: 3 });
    const version = response.headers.get("index-version");
    expect(JSON.parse(lines[0]!)).toMatchObject({
      route: "/mcp",
      index: "demo",
      hits: 3,
      mode: "hybrid",
      version,
    });
    vi.restoreAllMocks();
  });

  test("one that takes too long is given up", async () => {
    const hanging = { run: () => new Promise<never>(() => {}) };
    const slow = workerWith({ AI: hanging, REQUEST_TIMEOUT_SECONDS: "0.2" });
    await expectProblem(await call(slow, { query: "a dog", index: "shards" }), 504, "TIMEOUT");
  });
});

test("there is nothing at the path without it", async () => {
  const bindings: Env = { ...env, LOG: "off", INDEX_NAME: "demo" };
  const response = await compose(bindings).fetch(new Request(`${ORIGIN}/mcp`, { method: "POST" }), bindings);
  expect(response.status).toBe(404);
});
