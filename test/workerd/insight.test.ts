import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { compose, type Env } from "../../worker/app.ts";
import { mcp } from "../../worker/mcp.ts";
import { expectProblem, ORIGIN } from "./contract.ts";
import { seed } from "./seed.ts";

beforeAll(seed);

/** A Worker that counts queries, and what it writes. */
function queryCounter(settings: Partial<Env> = {}) {
  const points: Point[] = [];
  const bindings: Env = {
    ...env,
    LOG: "off",
    INDEX_NAME: "demo, vectors",
    INSIGHTS: { writeDataPoint: (point) => void points.push(point) },
    ...settings,
  };
  const app = compose(bindings, { mcp: mcp() });
  const send = async (path: string, body?: unknown): Promise<number> => {
    const ctx = createExecutionContext();
    const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
    const init = body === undefined ? {} : { method: "POST", headers, body: JSON.stringify(body) };
    const response = await app.fetch(new Request(`${ORIGIN}${path}`, init), bindings, ctx);
    await response.text();
    await waitOnExecutionContext(ctx);
    return response.status;
  };
  return { points, send };
}

interface Point {
  readonly indexes: readonly string[];
  readonly blobs: readonly string[];
  readonly doubles: readonly number[];
}

/** A Worker with a data set, and what it writes there. */
function countingWorker(): { points: Point[]; send: (path: string) => Promise<Response> } {
  const points: Point[] = [];
  const bindings: Env = {
    ...env,
    LOG: "off",
    ANALYTICS: { writeDataPoint: (point) => void points.push(point) },
  };
  const app = compose(bindings);
  return {
    points,
    send: async (path) => {
      const ctx = createExecutionContext();
      const request = new Request(`${ORIGIN}${path}`, { method: "POST" });
      const response = await app.fetch(request, bindings, ctx);
      await waitOnExecutionContext(ctx);
      return response;
    },
  };
}

describe("queries, where the binding INSIGHTS is there", () => {
  test("are counted by index and text, from a cache or not, and nothing else of a request is kept", async () => {
    const { points, send } = queryCounter();
    const headersOnly = { indexes: ["demo"], doubles: [1] };
    expect(await send("/v1/search", { query: "  A small\nDog ", k: 3, filter: { topic: "animals" } })).toBe(
      200,
    );
    expect(await send("/v1/search?q=a+small+dog")).toBe(200);
    expect(await send("/v1/search?q=a+small+dog")).toBe(200);
    expect(await send("/v1/indexes/demo/search?q=a+sm&prefix=true")).toBe(200);
    expect(points).toEqual([
      ...[1, 2, 3].map(() => ({ ...headersOnly, blobs: ["a small dog", "whole"] })),
      { ...headersOnly, blobs: ["a sm", "typed"] },
    ]);
  });

  test("are counted when an agent asks", async () => {
    const { points, send } = queryCounter();
    const params = { name: "search", arguments: { query: "a horse" } };
    expect(await send("/mcp", { jsonrpc: "2.0", id: 1, method: "tools/call", params })).toBe(200);
    expect(points.map(({ blobs }) => blobs)).toEqual([["a horse", "whole"]]);
  });

  test.each([
    ["an address of e-mail", { query: "mail to jo@example.com" }],
    ["an address", { query: "https://example.com/secret" }],
    ["a number of a person", { query: "case 123 45 6789" }],
    ["digits of another script", { query: "١٢٣٤٥٦٧٨" }],
    ["a key", { query: "x".repeat(41) }],
    ["a letter", { query: "a" }],
    ["a long text", { query: "dog ".repeat(11) }],
    ["a further page", { query: "a dog", offset: 4 }],
    ["an item", { item: 3 }],
  ])("are not counted: %s", async (_, body) => {
    const { points, send } = queryCounter();
    expect(await send("/v1/search", body)).toBe(200);
    expect(points).toEqual([]);
  });

  test("are not counted when they are refused", async () => {
    const { points, send } = queryCounter();
    expect(await send("/v1/search", { query: "a dog", k: 0 })).toBe(400);
    expect(await send("/v1/indexes/nothing/search?q=dog")).toBe(404);
    expect(points).toEqual([]);
  });
});

describe("insight", () => {
  test("a hit that was followed is counted by its position, and by nothing else", async () => {
    const { points, send } = countingWorker();
    const response = await send("/v1/selections/3");
    expect(response.status).toBe(204);
    expect(await response.text()).toBe("");
    const [point] = points;
    expect(point?.indexes).toEqual([env.INDEX_NAME ?? "demo"]);
    expect(point?.blobs).toEqual(["/v1/selections/{position}", "POST", "204", "", "", "", ""]);
    expect(point?.doubles[7]).toBe(3);
  });

  test.each([
    ["-1", "INVALID_TYPE"],
    ["1.5", "INVALID_TYPE"],
    ["first", "INVALID_TYPE"],
    ["1000", "OUT_OF_RANGE"],
  ])("a position of %s is refused", async (position, code) => {
    const { points, send } = countingWorker();
    await expectProblem(await send(`/v1/selections/${position}`), 400, code);
    expect(points[0]?.doubles[7]).toBe(-1);
  });
});
