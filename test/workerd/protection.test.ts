import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { compose, type Env } from "../../worker/app.ts";
import { requestMemory } from "../../worker/core/format/request-memory.ts";
import { sleep } from "../../worker/core/time/wait.ts";
import { LARGE_BYTES } from "../../worker/http/sending.ts";
import { letterVector } from "../seed/corpus.ts";
import { expectProblem, ORIGIN } from "./contract.ts";
import { seed, seedVersions } from "./seed.ts";

beforeAll(seed);
// Faults on purpose are logged; the test run's own output stays readable.
beforeEach(() => {
  for (const method of ["log", "error"] as const) vi.spyOn(console, method).mockImplementation(() => {});
});
afterEach(() => vi.restoreAllMocks());

interface Hits {
  readonly mode: string;
  readonly hits: readonly {
    readonly distance: number | null;
    readonly document: { readonly pageContent: string };
  }[];
  readonly warnings?: readonly { readonly code: string }[];
}

type Send = (path: string, init?: RequestInit) => Promise<Response>;

/** A Worker of its own with other settings. Waits for what outlives each answer. */
function worker(settings: Partial<Env>): Send {
  const bindings: Env = { ...env, ...settings };
  const app = compose(bindings);
  return async (path, init) => {
    const ctx = createExecutionContext();
    const response = await app.fetch(new Request(`${ORIGIN}${path}`, init), bindings, ctx);
    await waitOnExecutionContext(ctx);
    return response;
  };
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

describe("API keys", () => {
  test("let in who has one, by either header, and no one else", async () => {
    const send = worker({ API_KEY_HASHES: `${await sha256("first key")}, ${await sha256("k2")}` });
    const status = async (headers: Record<string, string>) =>
      (await send("/v1/search?q=a", { headers })).status;
    expect(await status({ authorization: "Bearer k2" })).toBe(200);
    expect(await status({ authorization: "bearer k2" })).toBe(200);
    expect(await status({ "x-api-key": "first key" })).toBe(200);
    expect(await status({ authorization: "Bearer k3" })).toBe(401);
    expect(await status({ authorization: "Basic azI=" })).toBe(401);
    expect(await status({ "x-api-key": "x".repeat(10_000) })).toBe(401);
    const none = await send("/v1/search?q=a");
    expect(none.headers.get("www-authenticate")).toMatch(/^Bearer/);
    await expectProblem(none, 401, "UNAUTHORIZED");
  });

  test("guard every path under /v1, found or not, and none of the others", async () => {
    const send = worker({ API_KEY_HASHES: await sha256("k") });
    for (const path of ["/v1/index", "/v1/items/0", "/v1/documents/food-0", "/v1/warm-up", "/v1/nothing"]) {
      expect((await send(path)).status).toBe(401);
    }
    for (const path of ["/health", "/openapi.json", "/docs"]) expect((await send(path)).status).toBe(200);
  });

  test("let a preflight through, which cannot carry one", async () => {
    const send = worker({ API_KEY_HASHES: await sha256("k") });
    const response = await send("/v1/search", {
      method: "OPTIONS",
      headers: { origin: "https://a.test", "access-control-request-method": "POST" },
    });
    expect(response.status).toBe(204);
  });

  test("make shared caches keep nothing", async () => {
    const send = worker({ API_KEY_HASHES: await sha256("k") });
    const response = await send("/v1/search?q=a", { headers: { "x-api-key": "k" } });
    expect(response.headers.get("cache-control")).toMatch(/^private/);
  });

  test("that are written wrongly close the API instead of opening it", async () => {
    const send = worker({ API_KEY_HASHES: "not a hash" });
    const problem = await expectProblem(await send("/v1/search?q=a"), 503, "BAD_CONFIGURATION");
    expect(problem.detail).toContain("API_KEY_HASHES");
    expect(problem.detail).not.toContain("not a hash");
    expect(await (await send("/health")).json()).toMatchObject({ status: "degraded" });
  });
});

describe("CORS", () => {
  const allowed = async (settings: Partial<Env>, origin: string) =>
    (await worker(settings)("/v1/search?q=a", { headers: { origin } })).headers.get(
      "access-control-allow-origin",
    );

  test("is closed when nothing opens it", async () => {
    expect(await allowed({ CORS_ORIGINS: "" }, "https://a.test")).toBeNull();
  });

  test.each(["", "*"])(
    "leaves OPTIONS to say what a path takes with CORS_ORIGINS %j",
    async (CORS_ORIGINS) => {
      const response = await worker({ CORS_ORIGINS })("/v1/search", { method: "OPTIONS" });
      expect(response.status).toBe(204);
      expect(response.headers.get("allow")).toBe("GET, HEAD, POST, OPTIONS");
    },
  );

  test("opens for the origins of the list and for no other", async () => {
    const settings = { CORS_ORIGINS: "https://a.test, https://b.test:8443" };
    expect(await allowed(settings, "https://a.test")).toBe("https://a.test");
    expect(await allowed(settings, "https://b.test:8443")).toBe("https://b.test:8443");
    for (const origin of ["https://c.test", "http://a.test", "https://a.test.evil.test", "null"]) {
      expect(await allowed(settings, origin)).toBeNull();
    }
    const response = await worker(settings)("/v1/search?q=a", { headers: { origin: "https://a.test" } });
    expect(response.headers.get("vary")).toContain("Origin");
  });

  test("refuses a list that holds no origins", async () => {
    const response = await worker({ CORS_ORIGINS: "example.com" })("/v1/search?q=a");
    await expectProblem(response, 503, "BAD_CONFIGURATION");
  });
});

describe("rate limits", () => {
  // The limiter counts by minutes of the clock: none may end within a test.
  beforeEach(async () => {
    const left = 60_000 - (Date.now() % 60_000);
    if (left < 5000) await sleep(left);
  }, 20_000);

  test("answer 429 with the time to wait, by caller", async () => {
    const send = worker({ RATE_LIMITER: env.TEST_RATE_LIMITER });
    const from = (address: string) => send("/v1/search?q=a", { headers: { "cf-connecting-ip": address } });
    const statuses: number[] = [];
    for (let i = 0; i < 6; i++) statuses.push((await from("192.0.2.1")).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429, 429]);
    expect((await from("192.0.2.2")).status).toBe(200);
    const refused = await from("192.0.2.1");
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    await expectProblem(refused, 429, "RATE_LIMITED");
  });

  test("count an IPv6 address by its first 64 bits", async () => {
    const send = worker({ RATE_LIMITER: env.TEST_RATE_LIMITER });
    const statuses: number[] = [];
    for (const address of [
      "2001:db8:0:7::1",
      "2001:DB8::7:0:0:0:2",
      "2001:db8:0:7:a:b:c:d",
      "2001:db8:0:7::4",
    ]) {
      const headers = { "cf-connecting-ip": address };
      statuses.push((await send("/v1/search?q=a", { headers })).status);
    }
    expect(statuses).toEqual([200, 200, 200, 429]);
    const neighbour = { headers: { "cf-connecting-ip": "2001:db8:0:8::1" } };
    expect((await send("/v1/search?q=a", neighbour)).status).toBe(200);
  });

  test("let everyone in while the limiter fails or is silent", async () => {
    for (const limit of [() => Promise.reject(new Error("down")), () => new Promise<never>(() => {})]) {
      const send = worker({ RATE_LIMITER: { limit } });
      expect((await send("/v1/search?q=a")).status).toBe(200);
    }
  });

  test("hold callers with wrong keys, and leave those with a right one alone", async () => {
    const API_KEY_HASHES = await sha256("right");
    const send = worker({ RATE_LIMITER: env.TEST_RATE_LIMITER, API_KEY_HASHES });
    const status = async (key: string) => {
      const headers = { "x-api-key": key, "cf-connecting-ip": "192.0.2.9" };
      return (await send("/v1/search?q=a", { headers })).status;
    };
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) statuses.push(await status(`wrong ${i}`));
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    expect(await status("right")).toBe(200);
  });
});

describe("limits of a deployment", () => {
  test("hold k, searchK, text and body", async () => {
    const send = worker({ MAX_K: "10", MAX_SEARCH_K: "100", MAX_QUERY_LENGTH: "5", MAX_BODY_BYTES: "200" });
    await expectProblem(await send("/v1/search?q=a&k=11"), 400, "OUT_OF_RANGE");
    await expectProblem(await send("/v1/search?q=a&searchK=101"), 400, "OUT_OF_RANGE");
    await expectProblem(await send("/v1/search?q=abcdef"), 400, "QUERY_TOO_LONG");
    const body = JSON.stringify({ vector: Array.from({ length: 100 }, () => 0.5) });
    const headers = { "content-type": "application/json" };
    await expectProblem(await send("/v1/search", { method: "POST", body, headers }), 413, "BODY_TOO_LARGE");
    expect((await send("/v1/search?q=abc&k=10")).status).toBe(200);
  });

  test("end a body that does not arrive, and an answer that takes too long", async () => {
    const post = (settings: Partial<Env>) => {
      const body = new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array([0x7b])) });
      return worker(settings)("/v1/search", {
        method: "POST",
        body,
        headers: { "content-type": "application/json" },
      });
    };
    await expectProblem(await post({ BODY_TIMEOUT_SECONDS: "0.2" }), 408, "BODY_TIMEOUT");
    await expectProblem(
      await post({ REQUEST_TIMEOUT_SECONDS: "0.2", BODY_TIMEOUT_SECONDS: "1" }),
      504,
      "TIMEOUT",
    );
  });
});

describe("bodies", () => {
  const headers = { "content-type": "application/json" };

  test("that declare megabytes and never arrive keep nobody out", async () => {
    const send = worker({ BODY_TIMEOUT_SECONDS: "1" });
    const stalled = Array.from({ length: 20 }, () => {
      const body = new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array([0x7b])) });
      const length = { ...headers, "content-length": String(1 << 20) };
      return send("/v1/search", { method: "POST", body, headers: length });
    });
    const body = JSON.stringify({ query: "pizza", k: 1, include: [] }).padEnd(1000);
    expect((await send("/v1/search", { method: "POST", body, headers })).status).toBe(200);
    for (const response of await Promise.all(stalled)) await expectProblem(response, 408, "BODY_TIMEOUT");
  });

  test("of many pieces are read whole, from a stream of the runtime and of a library", async () => {
    const text = JSON.stringify({ searches: [{ query: "pizzä", k: 1, include: [] }] }).padEnd(200_000);
    const bytes = new TextEncoder().encode(text);
    const sizes = [1, 1, 1, 70_000, 3, 100_000, bytes.length];
    const pieces = (body: WritableStreamDefaultWriter<Uint8Array>) =>
      sizes.reduce((at, size) => {
        void body.write(bytes.subarray(at, at + size));
        return at + size;
      }, 0);
    for (const { readable, writable } of [new IdentityTransformStream(), new TransformStream()]) {
      const writer = writable.getWriter();
      pieces(writer);
      void writer.close();
      const answer = await worker({})("/v1/search/batch", { method: "POST", body: readable, headers });
      expect(await answer.json()).toMatchObject({ results: [{ hits: [{ item: expect.any(Number) }] }] });
    }
  });
});

test("large answers that nobody reads count as memory until their clients hang up", async () => {
  const bindings: Env = { ...env, ANSWER_CACHE: "off" };
  const app = compose(bindings);
  const searches = Array.from({ length: 38 }, () => ({ filter: {}, k: 40, include: ["vector"] }));
  const headers = { "content-type": "application/json" };
  const batch = { method: "POST", headers, body: JSON.stringify({ searches }) };
  const ask = () =>
    app.fetch(new Request(`${ORIGIN}/v1/search/batch`, batch), bindings, createExecutionContext());
  const unread: Response[] = [];
  for (let i = 0; i < 5; i++) unread.push(await ask());
  expect(unread[0]?.status).toBe(200);
  await expectProblem(unread.pop()!, 503, "ISOLATE_BUSY");
  await Promise.all(unread.map(({ body }) => body?.cancel()));
  const { results } = (await (await ask()).json()) as { results: readonly unknown[] };
  expect(results).toHaveLength(38);
});

test("a large answer lasts as long as its client reads, and no longer", async () => {
  const bindings: Env = { ...env, ANSWER_CACHE: "off" };
  const app = compose(bindings);
  const searches = Array.from({ length: 20 }, () => ({ filter: {}, k: 40, include: ["vector"] }));
  const headers = { "content-type": "application/json" };
  const batch = { method: "POST", headers, body: JSON.stringify({ searches }) };
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const ask = async () => {
    const request = new Request(`${ORIGIN}/v1/search/batch`, batch);
    return (await app.fetch(request, bindings, createExecutionContext())).body!.getReader({ mode: "byob" });
  };
  const idle = await ask();
  const slow = await ask();
  expect(requestMemory.shares.size).toBe(2);
  let read = 0;
  for (let done = false; !done; await vi.advanceTimersByTimeAsync(20_000)) {
    const piece = await slow.readAtLeast(LARGE_BYTES, new Uint8Array(LARGE_BYTES));
    read += piece.value?.byteLength ?? 0;
    ({ done } = piece);
  }
  expect(read).toBeGreaterThan(4 * LARGE_BYTES);
  await expect(idle.read(new Uint8Array(1))).rejects.toThrow();
  expect(requestMemory.bytes).toBe(0);
});

describe("an index that is not there", () => {
  test("is a 503 that says what to do, and health tells", async () => {
    const send = worker({ INDEX_NAME: "nowhere" });
    const response = await send("/v1/search?q=a");
    expect(response.headers.get("retry-after")).toBe("5");
    const problem = await expectProblem(response, 503, "INDEX_NOT_PUBLISHED");
    expect(problem.detail).toContain("annoy-edge publish");
    expect(await (await send("/health")).json()).toMatchObject({ version: null, index: "nowhere" });
  });

  test("is a 503 of the contract as well when the bucket fails, or has no whole version", async () => {
    const failing = { get: () => Promise.reject(new Error("internal detail")), head: async () => null };
    // As much of a bucket as reading takes.
    const down = worker({ INDEXES: failing as unknown as Env["INDEXES"] });
    const problem = await expectProblem(await down("/v1/search?q=a"), 503, "INDEX_UNAVAILABLE");
    expect(problem.detail).not.toContain("internal detail");
    expect(await (await down("/health")).json()).toMatchObject({ status: "degraded" });
    const pointer = {
      ...(await (await env.INDEXES.get("demo/current.json"))!.json<object>()),
      previous: null,
    };
    await env.INDEXES.put("gone/current.json", JSON.stringify({ ...pointer, name: "gone" }));
    const response = await worker({ INDEX_NAME: "gone" })("/v1/search?q=a");
    expect(response.headers.get("retry-after")).toBe("5");
    await expectProblem(response, 503, "INDEX_UNAVAILABLE");
  });

  test("does not hide what is wrong with a request", async () => {
    await expectProblem(await worker({ INDEX_NAME: "nowhere" })("/v1/search?q="), 400, "EMPTY_QUERY");
  });
});

describe("a Worker without its bindings", () => {
  test.each([
    [{ INDEXES: undefined }, "R2 bucket INDEXES"],
    [{ DOCUMENTS: undefined }, "KV namespace DOCUMENTS"],
    [{ INDEX_NAME: "../other" }, "INDEX_NAME"],
  ])("says which one is missing: %j", async (settings, named) => {
    // What wrangler.toml leaves out is undefined, whatever the types say.
    const send = worker(settings as Partial<Env>);
    const problem = await expectProblem(await send("/v1/search?q=a"), 503, "BAD_CONFIGURATION");
    expect(problem.detail).toContain(named);
    expect(await (await send("/health")).json()).toMatchObject({ status: "degraded" });
  });
});

describe("an index without an embedder", () => {
  test("answers vectors, items and ids with its own metric, and refuses text with a reason", async () => {
    const send = worker({ INDEX_NAME: "vectors" });
    const body = (await (await send("/v1/search?id=row-7&k=3")).json()) as {
      metric: string;
      hits: { id: string; distance: number; score: number }[];
    };
    expect(body.metric).toBe("euclidean");
    expect(body.hits[0]).toMatchObject({ id: "row-7", distance: 0, score: 1 });
    for (const hit of body.hits) expect(hit.score).toBeCloseTo(1 / (1 + hit.distance), 12);
    const response = await send("/v1/search", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: "row", mode: "vector" }),
    });
    await expectProblem(response, 400, "NO_EMBEDDER");
    await expectProblem(await send("/v1/search?vector=1,2"), 400, "DIMENSION_MISMATCH");
  });
});

describe("an index whose embedder is a service", () => {
  let down = false;
  let asked = 0;
  // Workers AI runs in Cloudflare's network only; this stands in for the binding.
  const AI = {
    run: async (_model: string, { text }: Record<string, unknown>) => {
      asked++;
      if (down) throw new Error("3040: Capacity temporarily exceeded");
      return { data: (text as string[]).map(letterVector) };
    },
  };

  test("is searched by text through the binding", async () => {
    const send = worker({ INDEX_NAME: "service", AI });
    const body = (await (await send("/v1/search?q=a%20god&mode=vector&k=1")).json()) as Hits;
    expect(body.hits[0]?.document.pageContent).toBe("a dog");
    expect(asked).toBe(1);
  });

  test("goes on with the words when the service is down, and keeps no such answer", async () => {
    const send = worker({ INDEX_NAME: "service", AI });
    down = true;
    const response = await send("/v1/search?q=orchestra&k=1");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("etag")).toBeNull();
    const body = (await response.json()) as Hits;
    expect(body.warnings).toMatchObject([{ code: "EMBEDDER_UNAVAILABLE" }]);
    expect(body.hits[0]?.document.pageContent).toBe("the orchestra tunes its instruments");
    await expectProblem(await send("/v1/search?q=orchestra&mode=vector"), 502, "EMBEDDING_FAILED");
    down = false;
    const again = await send("/v1/search?q=orchestra&k=1");
    expect(again.headers.get("server-timing")).toContain("cache;desc=miss");
    expect(((await again.json()) as Hits).warnings).toBeUndefined();
  });

  test("is searched by words where there is no such service", async () => {
    const body = (await (
      await worker({ INDEX_NAME: "service" })("/v1/search?q=orchestras&k=1")
    ).json()) as Hits;
    expect(body).toMatchObject({ mode: "keyword", hits: [{ distance: null }] });
  });
});

describe("the cache of answers", () => {
  test("gives a repeated GET without a search, whatever the order of its parameters", async () => {
    const send = worker({ REFRESH_SECONDS: "600" });
    const first = await send("/v1/search?q=cached&k=3");
    expect(first.headers.get("server-timing")).toContain("cache;desc=miss");
    const second = await send("/v1/search?k=3&q=cached");
    expect(second.headers.get("server-timing")).toContain("cache;desc=hit");
    expect(second.headers.get("server-timing")).not.toContain("forest");
    expect(await second.json()).toEqual(await first.json());
    expect(second.headers.get("etag")).toBe(first.headers.get("etag"));
    expect(second.headers.get("index-version")).toBe(first.headers.get("index-version"));
    const other = await send("/v1/search?q=cached&k=4");
    expect(other.headers.get("server-timing")).toContain("cache;desc=miss");
  });

  test("is out of reach after a publish, and within reach again after a rollback", async () => {
    const makeCurrent = await seedVersions();
    await makeCurrent("before");
    const send = worker({ INDEX_NAME: "swap", REFRESH_SECONDS: "0.01" });
    const path = "/v1/search?item=0&k=1";
    /** Asks until a version answers that is not the given one, which the pointer promises to happen. */
    const askUntilNot = async (version: string | undefined) => {
      for (;;) {
        const response = await send(path);
        const body = (await response.json()) as {
          version: string;
          hits: { document: { pageContent: string } }[];
        };
        const cache = /cache;desc=(\w+)/.exec(response.headers.get("server-timing") ?? "")?.[1];
        if (body.version !== version) return { ...body, cache, etag: response.headers.get("etag") ?? "" };
        await scheduler.wait(20);
      }
    };
    const before = await askUntilNot(undefined);
    expect(before.hits[0]?.document.pageContent).toBe("before");
    expect((await askUntilNot(undefined)).cache).toBe("hit");
    await makeCurrent("after");
    const after = await askUntilNot(before.version);
    expect(after.hits[0]?.document.pageContent).toBe("after");
    expect(after.cache).toBe("miss");
    const stale = await send(path, { headers: { "if-none-match": before.etag } });
    expect(stale.status).toBe(200);
    await makeCurrent("before");
    const again = await askUntilNot(after.version);
    expect(again).toMatchObject({ version: before.version, cache: "hit", etag: before.etag });
  });

  test("keeps nothing of one deployment for the next, whose code may answer otherwise", async () => {
    const cached = async (id: string | undefined) => {
      const send = worker({ VERSION_METADATA: id === undefined ? undefined : { id } } as Partial<Env>);
      const response = await send("/v1/search?q=deployed");
      await response.text();
      return [
        response.headers.get("server-timing")?.match(/cache;desc=(\w+)/)?.[1],
        response.headers.get("etag"),
      ];
    };
    const [first, etag] = await cached("11111111-0000-4000-8000-000000000000");
    expect(first).toBe("miss");
    expect(await cached("11111111-0000-4000-8000-000000000000")).toEqual(["hit", etag]);
    const [other, otherTag] = await cached("22222222-0000-4000-8000-000000000000");
    expect(other).toBe("miss");
    expect(otherTag).not.toBe(etag);
    expect((await cached(undefined))[0]).toBe("miss");
  });

  test("keeps no problems, and nothing at all when it is off", async () => {
    const send = worker({});
    for (let i = 0; i < 2; i++) await expectProblem(await send("/v1/items/4000"), 404, "ITEM_NOT_FOUND");
    const off = worker({ ANSWER_CACHE: "off" });
    for (let i = 0; i < 2; i++) {
      expect((await off("/v1/search?q=uncached")).headers.get("server-timing")).not.toContain("cache");
    }
  });
});

describe("the log", () => {
  test("has one line a request, with route and timings and without what was searched for", async () => {
    const lines: string[] = [];
    vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
    const send = worker({ LOG: "requests" });
    await send("/v1/search?q=secretword&k=2", { headers: { "cf-ray": "abc-FRA" } });
    await send("/v1/documents/unknownid");
    expect(lines).toHaveLength(2);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      level: "info",
      index: "demo",
      method: "GET",
      route: "/v1/search",
      status: 200,
      hits: 2,
      mode: "hybrid",
      cache: "miss",
      ray: "abc-FRA",
      version: expect.stringMatching(/^[0-9a-f]{16}$/),
      timings: { load: expect.any(Number), forest: expect.any(Number) },
    });
    expect(JSON.parse(lines[1] ?? "")).toMatchObject({
      level: "warn",
      route: "/v1/documents/{id}",
      status: 404,
      problem: "ID_NOT_FOUND",
    });
    expect(lines.join()).not.toMatch(/secretword|unknownid|"(?:work|reserve|scope|allowed)"/);
  });

  test("fills a data set when there is one", async () => {
    const points: unknown[] = [];
    const send = worker({ LOG: "off", ANALYTICS: { writeDataPoint: (point) => void points.push(point) } });
    await send("/v1/search?q=a&k=2");
    expect(points).toMatchObject([
      {
        indexes: ["demo"],
        blobs: ["/v1/search", "GET", "200", expect.any(String), "", "hybrid", expect.any(String)],
      },
    ]);
  });

  test("keeps to what a data set takes, and answers where the set refuses a point", async () => {
    const names: string[] = [];
    // As the engine of a deployed Worker: the local one takes everything.
    const engine = {
      writeDataPoint: ({ indexes: [name = ""] }: { readonly indexes: readonly string[] }) => {
        if (name.length > 96) throw new TypeError("the size of an index is more than 96 bytes");
        names.push(name);
      },
    };
    const throwing = {
      writeDataPoint: () => {
        throw new TypeError("too many points");
      },
    };
    const send = worker({ LOG: "off", INDEX_NAME: "x".repeat(100), ANALYTICS: engine });
    await expectProblem(await send("/v1/search?q=pizza"), 503, "INDEX_NOT_PUBLISHED");
    expect(names).toEqual(["x".repeat(96)]);
    const refused = worker({ LOG: "off", ANALYTICS: throwing, INSIGHTS: throwing });
    expect((await refused("/v1/search?q=pizza")).status).toBe(200);
  });
});

describe("warming up", () => {
  test("loads the index, and health says so", async () => {
    const send = worker({});
    expect(await (await send("/health")).json()).toMatchObject({ status: "idle", version: null });
    const warm = (await (await send("/v1/warm-up")).json()) as { version: string; memoryBytes: number };
    expect(warm.memoryBytes).toBeGreaterThan(1e6);
    expect(await (await send("/health")).json()).toMatchObject({ status: "ok", version: warm.version });
  });

  test("counts the documents that stay in memory beside the index", async () => {
    const send = worker({ ANSWER_CACHE: "off" });
    const memory = async () =>
      ((await (await send("/health")).json()) as { memoryBytes: number }).memoryBytes;
    await send("/v1/warm-up");
    const before = await memory();
    const answer = await (await send("/v1/search?q=food&k=1000")).text();
    expect(await memory()).toBeGreaterThan(before + answer.length / 10);
  });
});
