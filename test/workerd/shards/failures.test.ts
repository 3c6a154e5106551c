import { abortAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { cacheUrl, versionKey } from "../../../worker/core/format/keys.ts";
import { objectName, type ShardAddress } from "../../../worker/shards/address.ts";
import { expectContract, expectProblem } from "../contract.ts";
import { type Ask, inProcess, seedShards, stop, watched, withoutPages, worker } from "./harness.ts";

interface Answer {
  readonly version: string;
  readonly hits: readonly { readonly item: number; readonly distance: number; readonly document?: unknown }[];
  readonly partial?: true;
  readonly warnings?: readonly { readonly code: string; readonly message: string }[];
}

/** All items by their distance from item 0, of which every third lies in the same shard. */
const PATH = "/v1/search?q=a%20dog&mode=vector&k=37&include=";
/** The same with their documents. */
const SHOWN = "/v1/search?q=a%20dog&mode=vector&k=37";
const bare = ({ document: _, ...hit }: Answer["hits"][number]) => hit;
const shardOf = (item: number): number => item % 3;

let version: string;
let whole: Answer;
let hotBytes: number;
beforeAll(async () => {
  await seedShards();
  const index = await inProcess("shards");
  version = index.version;
  hotBytes = index.shards?.meta.list[1]?.hotBytes ?? 0;
  whole = await answerOf(worker({}));
  expect(whole.hits).toHaveLength(37);
});

beforeEach(async () => {
  await abortAllDurableObjects();
  // Faults are logged; here they are made on purpose.
  vi.spyOn(console, "error").mockImplementation(() => {});
});
/** Objects that a failed test has left damaged. */
const pending: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const mend of pending.splice(0)) await mend();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

async function answerOf(ask: Ask, path = PATH): Promise<Answer> {
  const response = await ask(path);
  return (await expectContract(response, "/v1/search")) as Answer;
}

/** Returns the whole answer without the hits of a shard. */
function without(...shards: number[]): Answer["hits"] {
  return whole.hits.filter(({ item }) => !shards.includes(shardOf(item)));
}

function expectPartial(answer: Answer, code: string, ...missing: number[]): void {
  expect(answer).toMatchObject({ version, partial: true, hits: without(...missing) });
  const [warning] = answer.warnings ?? [];
  expect(warning?.code).toBe("SHARDS_MISSING");
  expect(warning?.message).toContain(`${missing.length} of the 3 shards`);
  expect(warning?.message).toContain(code);
}

describe("a shard that is stopped in mid-query", () => {
  test("is asked again, and the answer is whole", async () => {
    const namespace = watched(({ name, shard, method, nth }) =>
      shard === 1 && method === "rank" && nth === 0 ? () => stop(name) : undefined,
    );
    expect(await answerOf(worker({ SHARDS: namespace }))).toEqual(whole);
    const ranks = namespace.calls.filter(({ shard, method }) => shard === 1 && method === "rank");
    expect(ranks.map(({ outcome }) => outcome)).toEqual([expect.stringContaining("stopped by a test"), "ok"]);
  });

  test("and again when it is asked again costs its hits", async () => {
    const namespace = watched(({ name, shard, method }) =>
      shard === 1 && method === "rank" ? () => stop(name) : undefined,
    );
    expectPartial(await answerOf(worker({ SHARDS: namespace })), "SHARD_UNREACHABLE", 1);
    expect(namespace.calls.filter(({ shard }) => shard === 1)).toHaveLength(2);
  });

  test("between ranking and telling what its hits are loads again, and the answer is whole", async () => {
    const namespace = watched(({ name, shard, method }) =>
      shard === 1 && method === "details" ? stop(name) : undefined,
    );
    const ask = worker({ SHARDS: namespace, ...withoutPages() });
    expect(await answerOf(ask, SHOWN)).toEqual(await answerOf(worker({}), SHOWN));
    expect(namespace.calls.filter(({ method }) => method === "details")).toHaveLength(3);
  });

  test("gives way to the next nearest when it is the only one that was asked", async () => {
    const lone = watched(({ shard }) => (shard === 0 ? Promise.reject(new Error("network")) : undefined));
    const ask = worker({ SHARDS: lone, INDEX_NAME: "shards-lone" });
    const body = JSON.stringify({ vector: [1, 0, 0], k: 5 });
    const headers = { "content-type": "application/json" };
    const response = await ask("/v1/search", { method: "POST", headers, body });
    expect(new Set(lone.calls.map(({ shard }) => shard))).toEqual(new Set([0, 1, 2]));
    const { hits, partial } = (await expectContract(response, "/v1/search", "post")) as Answer;
    expect(partial).toBe(true);
    expect(hits.length).toBeGreaterThan(0);
    expect(hits.every(({ item }) => shardOf(item) !== 0)).toBe(true);
  });
});

describe("a shard that cannot be loaded", () => {
  const key = (file: "forest.bin" | "placement.bin" | "manifest.json") => () =>
    versionKey("shards", version, file, 1);

  test.each([
    ["has a flipped bit", key("forest.bin"), (bytes: Uint8Array) => flip(bytes)],
    ["has a placement with a flipped bit", key("placement.bin"), (bytes: Uint8Array) => flip(bytes, 100)],
    ["is cut short", key("forest.bin"), (bytes: Uint8Array) => bytes.subarray(0, bytes.length >> 1)],
    ["is empty", key("forest.bin"), () => new Uint8Array(0)],
    ["is not there", key("forest.bin"), () => undefined],
    ["has no manifest", key("manifest.json"), () => undefined],
  ])("because it %s is left out, and found again once it is mended", async (_, file, damage) => {
    const ask = worker({});
    const mend = await damaged(file(), damage);
    expectPartial(await answerOf(ask), "SHARD_UNAVAILABLE", 1);
    await mend();
    // It is not tried again for a while: what is damaged will hardly have mended.
    vi.setSystemTime(Date.now() + 60_000);
    expect(await answerOf(ask)).toEqual(whole);
  });

  test("is read once for many queries", async () => {
    const namespace = watched(() => {});
    const ask = worker({ SHARDS: namespace });
    const mend = await damaged(key("forest.bin")(), (bytes) => flip(bytes));
    await answerOf(ask);
    // Meanwhile whole again: whoever reads it would find it.
    await mend();
    for (let i = 0; i < 3; i++) expectPartial(await answerOf(ask), "SHARD_UNAVAILABLE", 1);
  });

  test("because the router names another one is left out by name", async () => {
    const manifest = await (await env.INDEXES.get(key("manifest.json")()))!.json<{ version: string }>();
    const other = JSON.stringify({ ...manifest, version: "0123456789abcdef" });
    const mend = await damaged(key("manifest.json")(), () => new TextEncoder().encode(other));
    expectPartial(await answerOf(worker({})), "SHARD_MISMATCH", 1);
    await mend();
  });

  test("costs an item that it alone has, and no other", async () => {
    const mend = await damaged(key("forest.bin")(), (bytes) => flip(bytes));
    const ask = worker({});
    await expectProblem(await ask("/v1/items/4"), 503, "SHARDS_UNAVAILABLE");
    await expectProblem(await ask("/v1/documents/food-4"), 503, "SHARDS_UNAVAILABLE");
    await expectProblem(await ask("/v1/items/3/distance/4"), 503, "SHARDS_UNAVAILABLE");
    expect((await ask("/v1/items/3")).status).toBe(200);
    expect((await ask("/v1/documents/food-3")).status).toBe(200);
    expect((await ask("/v1/items/3/distance/5")).status).toBe(200);
    await mend();
  });

  test("leaves an answer that no cache keeps", async () => {
    const kept: string[] = [];
    const ask = worker({ ANSWER_CACHE: "on" });
    const put = vi.spyOn(caches.default, "put").mockImplementation(async (url) => {
      kept.push(String(url));
    });
    const answers = () => kept.filter((url) => url.includes("/answers/"));
    const mend = await damaged(key("forest.bin")(), (bytes) => flip(bytes));
    const partial = await ask(PATH);
    expect(partial.headers.get("cache-control")).toBe("no-store");
    expect(partial.headers.get("etag")).toBeNull();
    expect(((await partial.json()) as Answer).partial).toBe(true);
    expect(answers()).toEqual([]);
    await mend();
    vi.setSystemTime(Date.now() + 60_000);
    const mended = await ask(PATH);
    expect(mended.headers.get("etag")).not.toBeNull();
    expect(await mended.json()).toEqual(whole);
    expect(answers()).toHaveLength(1);
    put.mockRestore();
  });
});

describe("while a shard fails", () => {
  const QUERY = { query: "a dog" };
  const KINDS: Readonly<Record<string, object>> = {
    "by meaning": { ...QUERY, mode: "vector", k: 37 },
    "by words": { query: "the", mode: "keyword", k: 37 },
    "by both": { ...QUERY, k: 37 },
    "by both, of a later page": { ...QUERY, k: 10, offset: 12 },
    "for variety": { ...QUERY, mode: "vector", k: 8, mmr: { fetchK: 30, lambda: 0.4 } },
    "with vectors and passages": { ...QUERY, k: 20, include: ["document", "vector", "highlights"] },
    "behind a filter, with facets": { ...QUERY, k: 20, filter: { long: true }, facets: ["topic"] },
    "by an item of another shard": { item: 3, k: 37 },
    "of hits above a score": { ...QUERY, mode: "vector", k: 37, minScore: 0.7 },
  };
  const init = (body: object) => ({
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const broken = () =>
    worker({
      SHARDS: watched(({ shard }) => (shard === 1 ? Promise.reject(new Error("network")) : undefined)),
    });

  test.each(Object.entries(KINDS))("a search %s answers with what the others have", async (_, request) => {
    const answer = (await expectContract(
      await broken()("/v1/search", init(request)),
      "/v1/search",
      "post",
    )) as Answer;
    expect(answer.partial).toBe(true);
    expect(answer.hits.length).toBeGreaterThan(0);
    expect(answer.hits.filter(({ item }) => shardOf(item) === 1)).toEqual([]);
    expect(answer.warnings?.map(({ code }) => code)).toContain("SHARDS_MISSING");
  });

  test("a batch answers each of its searches so", async () => {
    const searches = [...Object.values(KINDS), { vector: [1] }];
    const path = "/v1/search/batch";
    const ask = broken();
    const response = await ask(path, init({ searches }));
    const { results } = (await expectContract(response, path, "post")) as {
      results: (Answer & { error?: { code: string } })[];
    };
    for (const { partial, hits } of results.slice(0, -1)) {
      expect(partial).toBe(true);
      expect(hits.length).toBeGreaterThan(0);
    }
    expect(results.at(-1)?.error?.code).toBe("DIMENSION_MISMATCH");
    // The item lies in the shard that is silent: nobody knows whether there is one, and a later batch may.
    const refused = await ask(path, init({ searches: [...searches, { item: 4 }] }));
    expect(refused.headers.get("retry-after")).toBe("5");
    await expectProblem(refused, 503, "SHARDS_UNAVAILABLE");
  });
});

describe("when no shard answers", () => {
  test("the answer is a problem with a code of its own", async () => {
    const ask = worker({ SHARDS: watched(() => Promise.reject(new Error("network"))) });
    for (const path of [PATH, "/v1/items/3", "/v1/documents/food-0", "/v1/warm-up"]) {
      const response = await ask(path);
      expect(response.headers.get("retry-after")).toBe("5");
      await expectProblem(response, 503, "SHARDS_UNAVAILABLE");
    }
  });

  test("because there is nowhere to hold them, it says which lines are missing", async () => {
    const { SHARDS: _, ...without } = env;
    const ask = worker({ ...without, SHARDS: undefined as never, INDEX_NAME: "shards" });
    const response = await ask(PATH);
    const { detail } = (await response.clone().json()) as { detail: string };
    expect(detail).toContain('new_sqlite_classes = ["IndexShard"]');
    await expectProblem(response, 503, "BAD_CONFIGURATION");
  });
});

describe("a slow shard", () => {
  const never = new Promise<void>(() => {});
  // The others are to be quick: they have loaded already.
  beforeEach(async () => {
    await answerOf(worker({}));
  });

  test("is left out when its time is over", async () => {
    const namespace = watched(({ shard }) => (shard === 2 ? never : undefined));
    const ask = worker({ SHARDS: namespace, SHARD_TIMEOUT_SECONDS: "1" });
    expectPartial(await answerOf(ask), "SHARD_TIMEOUT", 2);
  });

  test("that ranks and then says no more costs its hits", async () => {
    const namespace = watched(({ shard, method }) =>
      shard === 2 && method === "details" ? never : undefined,
    );
    const ask = worker({ SHARDS: namespace, SHARD_TIMEOUT_SECONDS: "1", ...withoutPages() });
    const answer = await answerOf(ask, SHOWN);
    expectPartial({ ...answer, hits: answer.hits.map(bare) }, "SHARD_TIMEOUT", 2);
  });

  test("has another copy asked beside it", async () => {
    let slow: string | undefined;
    const namespace = watched(({ name, shard, method, nth }) => {
      if (shard !== 2 || method !== "rank" || nth > 0) return undefined;
      slow ??= name;
      return name === slow ? never : undefined;
    });
    const ask = worker({ SHARDS: namespace, SHARD_REPLICAS: "2", SHARD_HEDGE_SECONDS: "0.05" });
    expect(await answerOf(ask)).toEqual(whole);
    const ranks = namespace.calls.filter(({ shard, method }) => shard === 2 && method === "rank");
    expect(ranks.map(({ replica }) => replica).sort()).toEqual([0, 1]);
  });
});

describe("copies", () => {
  test("take over from one that fails at once", async () => {
    let broken: string | undefined;
    const namespace = watched(({ name, shard }) => {
      if (shard === 0) broken ??= name;
      return name === broken ? Promise.reject(new Error("network")) : undefined;
    });
    expect(await answerOf(worker({ SHARDS: namespace, SHARD_REPLICAS: "3" }))).toEqual(whole);
    const tried = namespace.calls.filter(({ shard, method }) => shard === 0 && method === "rank");
    expect(new Set(tried.map(({ replica }) => replica)).size).toBe(2);
  });

  test("are all loaded by a warm-up", async () => {
    const namespace = watched(() => {});
    const ask = worker({ SHARDS: namespace, SHARD_REPLICAS: "2" });
    const body = await expectContract(await ask("/v1/warm-up"), "/v1/warm-up");
    expect(body).toMatchObject({ shards: { asked: 3, answered: 3 } });
    const names = new Set(namespace.calls.map(({ shard, replica }) => `${shard}/${replica}`));
    expect(names).toEqual(new Set(["0/0", "0/1", "1/0", "1/1", "2/0", "2/1"]));
    expect(namespace.calls).toHaveLength(6);
    expect(await (await ask("/v1/warm-up")).json()).toMatchObject({ shards: { asked: 3, answered: 3 } });
    expect(namespace.calls).toHaveLength(6);
  });
});

test("an object answers to its own name only", async () => {
  const address: ShardAddress = {
    ...{ index: "shards", version, shard: 1, shardVersion: "" },
    ...{ region: "any", replica: 0 },
  };
  const object = env.SHARDS.get(env.SHARDS.idFromName(objectName(address)));
  const nothing = { ranks: [], details: [], located: [] };
  const asked = (change: object) => object.ask({ ...address, ...change }, nothing);
  for (const other of [{ version: "0123456789abcdef" }, { shard: 2 }, { replica: 1 }, { index: "demo" }]) {
    expect(await asked(other)).toMatchObject({ ok: false, code: "SHARD_MISMATCH" });
  }
});

test("the log says how many shards were asked and answered, and health how many there are", async () => {
  const lines = vi.spyOn(console, "log").mockImplementation(() => {});
  const ask = worker({
    LOG: "requests",
    SHARDS: watched(({ shard }) => (shard === 0 ? Promise.reject(new Error("network")) : undefined)),
  });
  const response = await ask(PATH);
  expect(response.headers.get("server-timing")).toContain('shards;desc="2 of 3";dur=');
  const line = JSON.parse(String(lines.mock.calls.at(-1)?.[0])) as { shards: unknown };
  expect(line.shards).toEqual({ asked: 3, answered: 2 });
  const health = await expectContract(await ask("/health"), "/health");
  expect(health).toMatchObject({ shards: 3, status: "ok" });
  expect((health as { memoryBytes: number }).memoryBytes).toBeGreaterThan(0);
  const index = await expectContract(await ask("/v1/index"), "/v1/index");
  expect(index).toMatchObject({ items: 37, shards: { count: 3, partition: "clusters" } });
});

/** Puts something else in a file's place; returns what puts the file back. */
async function damaged(
  key: string,
  damage: (bytes: Uint8Array) => Uint8Array | undefined,
): Promise<() => Promise<void>> {
  const object = await env.INDEXES.get(key);
  const bytes = new Uint8Array(await object!.arrayBuffer());
  const other = damage(bytes.slice());
  // The data centre's cache would give the sound bytes for a long time.
  await caches.default.delete(cacheUrl(`${key}?hot=${hotBytes}`));
  if (other) await env.INDEXES.put(key, other);
  else await env.INDEXES.delete(key);
  const mend = async (): Promise<void> => {
    await env.INDEXES.put(key, bytes);
  };
  pending.push(mend);
  return mend;
}

function flip(bytes: Uint8Array, at = bytes.length >> 1): Uint8Array {
  bytes[at]! ^= 4;
  return bytes;
}
