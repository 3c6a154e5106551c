import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { compose, type Env } from "../../worker/app.ts";
import { cacheUrl } from "../../worker/core/format/keys.ts";
import { vectorCorpus } from "../seed/corpus.ts";
import { expectProblem, ORIGIN } from "./contract.ts";
import { seed } from "./seed.ts";

beforeAll(seed);

/** Reads of ranges behind the hot part, each an operation of R2 that costs. */
let coldReads = 0;
let fault: "fails" | "gives no answer" | "ends early" | undefined;

/** The real bucket; counts ranged reads, and spoils them on demand. */
const bucket: Env["INDEXES"] = new Proxy(env.INDEXES, {
  get(target, name) {
    const value: unknown = Reflect.get(target, name);
    if (typeof value !== "function") return value;
    return (...args: unknown[]) => {
      const range = (args[1] as { range?: { offset?: number } } | undefined)?.range;
      if (name === "get" && (range?.offset ?? 0) > 0) {
        coldReads++;
        if (fault === "fails") return Promise.reject(new Error("internal error"));
        if (fault === "gives no answer") return new Promise(() => {});
        if (fault === "ends early") {
          const { offset, length } = range as { offset: number; length: number };
          return Reflect.apply(value, target, [args[0], { range: { offset, length: length - 1 } }]);
        }
      }
      return Reflect.apply(value, target, args);
    };
  },
});

const bindings: Env = { ...env, INDEX_NAME: "cold", INDEXES: bucket, ANSWER_CACHE: "off" };
const app = compose(bindings);

async function send(path: string, to = app): Promise<Response> {
  const ctx = createExecutionContext();
  const response = await to.fetch(new Request(`${ORIGIN}${path}`), bindings, ctx);
  await waitOnExecutionContext(ctx);
  return response;
}

/** The app of an isolate that has its index and finds nothing cold in the data centre's cache: its reads go to R2. */
async function isolateWithoutCachedFile(): Promise<typeof app> {
  const isolate = compose({ ...bindings });
  await send("/v1/index", isolate);
  const { objects } = await env.INDEXES.list({ prefix: "cold/versions/" });
  for (const { key, size } of objects) {
    await caches.default.delete(cacheUrl(`${key}?whole=${size}`));
  }
  return isolate;
}

interface Answer {
  readonly hits: readonly {
    readonly item: number;
    readonly distance: number;
    readonly vector?: readonly number[];
  }[];
  readonly warnings?: readonly { readonly code: string }[];
}

describe("an index whose vectors stay in R2", () => {
  const rows = vectorCorpus(6000, 48).map((document) => document.vector ?? []);
  const dot = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
  const distance = (a: readonly number[], b: readonly number[]) =>
    Math.sqrt(Math.max(0, 2 - (2 * dot(a, b)) / Math.sqrt(dot(a, a) * dot(b, b))));

  test("keeps them out of memory", async () => {
    const index = (await (await send("/v1/index")).json()) as {
      kind: string;
      codec: string;
      hotBytes: number;
    };
    expect(index).toMatchObject({ kind: "compact", codec: "binary" });
    expect(index.hotBytes).toBeLessThan(6000 * 48);
  });

  test("answers with the distances of the vectors, not of their codes", async () => {
    const cold = await isolateWithoutCachedFile();
    coldReads = 0;
    for (const item of [0, 777, 5999]) {
      const { hits } = (await (await send(`/v1/search?item=${item}&k=5`, cold)).json()) as Answer;
      expect(hits[0]?.item).toBe(item);
      expect(hits[0]?.distance).toBeCloseTo(0, 6);
      for (const hit of hits)
        expect(hit.distance).toBeCloseTo(distance(rows[item] ?? [], rows[hit.item] ?? []), 1);
    }
    expect(coldReads).toBeGreaterThan(0);
  });

  test("gives the vectors themselves, of items, of hits and for marginal relevance", async () => {
    const item = (await (await send("/v1/items/42")).json()) as { vector: number[] };
    expect(distance(item.vector, rows[42] ?? [])).toBeLessThan(0.05);
    const path = "/v1/search?item=42&k=3&include=vector&mmr.fetchK=10&mmr.lambda=0.3";
    const { hits } = (await (await send(path)).json()) as Answer;
    expect(hits).toHaveLength(3);
    for (const hit of hits) expect(distance(hit.vector ?? [], rows[hit.item] ?? [])).toBeLessThan(0.05);
    const own = (await (await send("/v1/items/42/distance/42")).json()) as { distance: number };
    expect(own.distance).toBeCloseTo(0, 6);
  });

  test("reads what one answer needs once, and nothing for the same question again", async () => {
    const cold = await isolateWithoutCachedFile();
    const ask = async (path: string) => {
      coldReads = 0;
      await send(path, cold);
      return coldReads;
    };
    const item = "/v1/search?item=4321&k=10";
    const reads = await ask(item);
    expect(reads).toBeGreaterThan(0);
    expect(reads).toBeLessThanOrEqual(18);
    expect(await ask(item)).toBe(0);
    expect(await ask(`${item}&include=vector&mmr.fetchK=10`)).toBe(0);
  });

  test("finds the whole file in the data centre's cache, where any load leaves it again", async () => {
    await isolateWithoutCachedFile();
    // The first isolate loads the hot part from the cache, and the file's absence there is mended.
    await send("/v1/index", compose({ ...bindings }));
    coldReads = 0;
    const other = compose({ ...bindings });
    const { hits } = (await (await send("/v1/search?item=5123&k=10", other)).json()) as Answer;
    expect(hits[0]?.item).toBe(5123);
    expect(coldReads).toBe(0);
  });

  test.each(["fails", "gives no answer", "ends early"] as const)(
    "ranks by the resident codes while R2 %s, says so, and recovers",
    async (kind) => {
      // The fault is logged; here it is made on purpose.
      const log = vi.spyOn(console, "error").mockImplementation(() => {});
      const cold = await isolateWithoutCachedFile();
      fault = kind;
      const path = `/v1/search?vector=${rows[2222]?.join(",")}&k=10${kind === "fails" ? "&mmr.fetchK=20" : ""}`;
      const response = await send(path, cold);
      const estimated = (await response.json()) as Answer;
      expect(response.status).toBe(200);
      expect(response.headers.get("cache-control")).toBe("no-store");
      expect(estimated.warnings).toMatchObject([{ code: "VECTORS_UNAVAILABLE" }]);
      expect(estimated.hits[0]?.item).toBe(2222);
      expect(estimated.hits).toHaveLength(10);
      const exactly = await send(`${path}&include=vector`, cold);
      fault = undefined;
      expect(log).toHaveBeenCalled();
      log.mockRestore();
      // Vectors that were asked for are not made up.
      expect(exactly.headers.get("retry-after")).toBe("5");
      await expectProblem(exactly, 503, "VECTORS_UNAVAILABLE");
      const again = (await (await send(path, cold)).json()) as Answer;
      expect(again.warnings).toBeUndefined();
    },
  );
});
