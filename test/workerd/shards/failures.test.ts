import { abortAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { versionKey } from "../../../worker/format/keys.ts";
import { expectContract } from "../contract.ts";
import { type Ask, inProcess, seedShards, stop, watched, worker } from "./harness.ts";

interface Answer {
  readonly version: string;
  readonly hits: readonly { readonly item: number; readonly distance: number }[];
  readonly partial?: true;
  readonly warnings?: readonly { readonly code: string; readonly message: string }[];
}

/** All items by their distance from item 0, of which every third lies in the same shard. */
const PATH = "/v1/search?q=a%20dog&mode=vector&k=37&include=";
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
afterEach(() => vi.restoreAllMocks());

async function answerOf(ask: Ask, path = PATH): Promise<Answer> {
  const response = await ask(path);
  return (await expectContract(response, "/v1/search")) as Answer;
}

/** What the whole answer is without the hits of a shard. */
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
});

describe("a shard that cannot be loaded", () => {
  const key = (file: "forest.bin" | "manifest.json") => () => versionKey("shards", version, file, 1);

  async function during(
    file: () => string,
    damage: (bytes: Uint8Array) => Uint8Array | undefined,
    run: () => Promise<void>,
  ): Promise<void> {
    const object = await env.INDEXES.get(file());
    const bytes = new Uint8Array(await object!.arrayBuffer());
    const damaged = damage(bytes.slice());
    await caches.default.delete(`https://annoy-edge.invalid/${file()}?hot=${hotBytes}`);
    if (damaged) await env.INDEXES.put(file(), damaged);
    else await env.INDEXES.delete(file());
    try {
      await run();
    } finally {
      await env.INDEXES.put(file(), bytes);
    }
  }

  test.each([
    ["has a flipped bit", key("forest.bin"), (bytes: Uint8Array) => flip(bytes)],
    ["is cut short", key("forest.bin"), (bytes: Uint8Array) => bytes.subarray(0, bytes.length >> 1)],
    ["is not there", key("forest.bin"), () => undefined],
    ["has no manifest", key("manifest.json"), () => undefined],
  ])("because it %s is left out, and found again once it is mended", async (_, file, damage) => {
    await during(file, damage, async () => {
      expectPartial(await answerOf(worker({})), "SHARD_UNAVAILABLE", 1);
    });
  });
});

function flip(bytes: Uint8Array): Uint8Array {
  bytes[bytes.length >> 1]! ^= 4;
  return bytes;
}
