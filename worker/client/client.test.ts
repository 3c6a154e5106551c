import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type ClientOptions, createClient } from "./client.ts";
import { ClientError } from "./errors.ts";
import { waitBefore } from "./retry.ts";

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A server that gives these answers one after the other, the last one for ever. */
async function serve(
  ...answers: readonly Answer[]
): Promise<{ url: string; bodies: string[]; requests: IncomingMessage[] }> {
  const bodies: string[] = [];
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk;
    });
    request.on("end", () => {
      const answer = answers[Math.min(requests.length, answers.length - 1)]!;
      requests.push(request);
      bodies.push(body);
      answer(request, response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  // Listening on TCP, a server's address is always an object.
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies, requests };
}

const ok: Answer = (_, response) =>
  void response.setHeader("content-type", "application/json").end('{"hits":[]}');
const status =
  (code: number, headers: Record<string, string> = {}, body = ""): Answer =>
  (_, response) => {
    response.writeHead(code, headers);
    response.end(body);
  };
const silent: Answer = () => {};
const quick: ClientOptions = { backoff: 1, timeout: 5_000 };

async function failure(promise: Promise<unknown>): Promise<ClientError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ClientError);
  return error as ClientError;
}

describe("createClient", () => {
  test("sends a search as JSON with the key and headers it was given", async () => {
    const { url, bodies, requests } = await serve(ok);
    const client = createClient(`${url}/`, { ...quick, apiKey: "k", headers: { "x-trace": "1" } });
    expect(await client.search({ query: "dog", k: 2 })).toEqual({ hits: [] });
    expect(requests[0]).toMatchObject({ method: "POST", url: "/v1/search" });
    expect(requests[0]?.headers).toMatchObject({
      "content-type": "application/json",
      authorization: "Bearer k",
      "x-trace": "1",
    });
    expect(JSON.parse(bodies[0] ?? "")).toEqual({ query: "dog", k: 2 });
  });

  test("keeps the path it is mounted under, and encodes ids", async () => {
    const { url, requests } = await serve(ok);
    const client = createClient(`${url}/search/`, quick);
    await client.document("a/b c?#%");
    await client.distance(1, 2);
    expect(requests.map((request) => request.url)).toEqual([
      "/search/v1/documents/a%2Fb%20c%3F%23%25",
      "/search/v1/items/1/distance/2",
    ]);
  });

  test("sends vectors of typed arrays as lists of numbers", async () => {
    const { url, bodies } = await serve(ok);
    await createClient(url, quick).search({ vector: Float32Array.of(1, 0.5) });
    await createClient(url, quick).searchBatch([{ vector: Float64Array.of(2) }]);
    expect(bodies.map((body) => JSON.parse(body))).toEqual([
      { vector: [1, 0.5] },
      { searches: [{ vector: [2] }] },
    ]);
  });

  test.each([
    [{ query: "a", filter: () => true }, "filter is a function"],
    [{ query: "a", filter: { lang: undefined } }, "filter.lang is undefined"],
    [{ query: "a", filter: { and: [{ year: Number.NaN }] } }, "filter.and.0.year is NaN"],
    [{ vector: [1, Number.POSITIVE_INFINITY] }, "1 is Infinity"],
    [{ vector: Float32Array.of(Number.NaN) }, "0 is NaN"],
  ])("sends nothing that JSON would make another search of: %o", async (input, what) => {
    const { url, requests } = await serve(ok);
    const error = await failure(createClient(url, quick).search(input));
    expect(error).toMatchObject({ code: "NOT_JSON" });
    expect(error.message).toContain(what);
    expect(requests).toEqual([]);
  });

  test("sends a filter of dates, and what is undefined beside it not at all", async () => {
    const { url, bodies } = await serve(ok);
    await createClient(url, quick).search({
      query: "a",
      k: undefined,
      mmr: { fetchK: undefined },
      filter: { at: { gte: new Date(0) }, none: null },
    });
    expect(JSON.parse(bodies[0]!)).toEqual({
      query: "a",
      mmr: {},
      filter: { at: { gte: "1970-01-01T00:00:00.000Z" }, none: null },
    });
    await createClient(url, quick).search({ query: "a", filter: undefined });
    expect(JSON.parse(bodies[1]!)).toEqual({ query: "a" });
  });

  test("tells a selection once, whatever comes of it", async () => {
    const { url, requests } = await serve(status(204), status(503));
    const client = createClient(url, quick);
    expect(await client.selected(3)).toBeUndefined();
    expect(requests[0]).toMatchObject({ method: "POST", url: "/v1/selections/3" });
    expect(await failure(client.selected(3))).toMatchObject({ status: 503 });
    expect(requests).toHaveLength(2);
  });

  test("refuses a key that cannot be sent, without quoting it", () => {
    for (const apiKey of ["se\ncret", "“secret”"]) {
      expect(() => createClient("https://search.example.com", { apiKey })).toThrow(/^(?!.*cret).*apiKey has/);
    }
  });

  test("goes out through a service binding", async () => {
    const seen: string[] = [];
    const binding = {
      async fetch(this: unknown, url: string) {
        expect(this).toBe(binding);
        seen.push(url);
        return new Response('{"status":"ok"}');
      },
    };
    await createClient("https://search.internal", { fetch: binding }).health();
    expect(seen).toEqual(["https://search.internal/health"]);
  });

  test("throws the Worker's problem with its code", async () => {
    const problem = {
      type: "/docs#OUT_OF_RANGE",
      title: "t",
      status: 400,
      detail: "k is 0.",
      instance: "/",
      code: "OUT_OF_RANGE",
    };
    const { url, requests } = await serve(status(400, {}, JSON.stringify(problem)));
    const error = await failure(createClient(url, quick).search({ query: "a", k: 0 }));
    expect(error).toMatchObject({ code: "OUT_OF_RANGE", message: "k is 0.", status: 400, problem });
    expect(requests).toHaveLength(1);
  });

  test("says so when something else answers", async () => {
    const { url } = await serve(status(200, {}, "<html>"), status(502, {}, "<html>"));
    const client = createClient(url, quick);
    expect(await failure(client.index())).toMatchObject({ code: "BAD_RESPONSE", status: 200 });
    expect(await failure(client.index())).toMatchObject({ code: "BAD_RESPONSE", status: 502 });
  });

  test("tries again after 429, 502, 503, 504 and a broken connection, and no more often than told", async () => {
    const broken: Answer = (_, response) => void response.destroy();
    const later = [status(429, { "retry-after": "0" }), status(502), status(503), status(504)];
    const { url, requests } = await serve(broken, ...later, ok);
    expect(await createClient(url, { ...quick, retries: 5 }).index()).toEqual({ hits: [] });
    expect(requests).toHaveLength(6);
    const stubborn = await serve(status(503));
    expect(await failure(createClient(stubborn.url, quick).index())).toMatchObject({ status: 503 });
    expect(stubborn.requests).toHaveLength(3);
  });

  test("gives up at once when it is told to wait longer than it would", async () => {
    const { url, requests } = await serve(status(429, { "retry-after": "3600" }), ok);
    expect(await failure(createClient(url, quick).index())).toMatchObject({ status: 429 });
    expect(requests).toHaveLength(1);
  });

  test("ends a call that takes too long, or that is aborted", async () => {
    const { url } = await serve(silent);
    const client = createClient(url, { timeout: 50, retries: 0 });
    expect(await failure(client.index())).toMatchObject({ code: "TIMEOUT" });
    const abort = new AbortController();
    const call = createClient(url).index({ signal: abort.signal });
    abort.abort();
    expect(await failure(call)).toMatchObject({ code: "ABORTED" });
  });

  test("says so when nobody is there", async () => {
    const { url } = await serve(ok);
    await closers.pop()?.();
    expect(await failure(createClient(url, { ...quick, retries: 1 }).index())).toMatchObject({
      code: "NETWORK",
    });
  });

  test("refuses an address that is none", () => {
    expect(() => createClient("search")).toThrow(TypeError);
  });
});

describe("waitBefore", () => {
  const policy = { retries: 5, backoff: 100, maxWait: 1_000 };

  test("doubles up to its bound, with chance taking up to half", () => {
    const waits = (random: number) =>
      [1, 2, 3, 4, 5].map((attempt) => waitBefore(attempt, null, policy, () => random));
    expect(waits(0)).toEqual([100, 200, 400, 800, 1000]);
    expect(waits(1)).toEqual([50, 100, 200, 400, 500]);
    expect(waitBefore(6, null, policy)).toBeUndefined();
  });

  test("obeys Retry-After in seconds and as a date", () => {
    expect(waitBefore(1, "1", policy)).toBe(1_000);
    expect(waitBefore(1, "0.5", policy)).toBe(500);
    expect(waitBefore(1, "2", policy)).toBeUndefined();
    expect(waitBefore(1, new Date(Date.now() - 5_000).toUTCString(), policy)).toBe(0);
    expect(waitBefore(1, "soon", policy, () => 0)).toBe(100);
  });
});
