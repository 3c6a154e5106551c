import { abortAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, expect, inject, test, vi } from "vitest";
import { pointerKey } from "../../../worker/core/format/keys.ts";
import { expectContract } from "../contract.ts";
import { type Ask, type Call, seedShards, watched, worker } from "./harness.ts";

interface Answer {
  readonly version: string;
  readonly partial?: true;
  readonly hits: readonly { readonly item: number; readonly document?: { readonly pageContent: string } }[];
}

const PATH = "/v1/search?item=0&k=60";

/** Versions by the text that all their documents have. */
const versions = new Map<string, string>();

/** Two versions in shards, and one in one piece. */
const VERSIONS = ["before", "after", "whole"] as const;

const current = async (which: (typeof VERSIONS)[number]): Promise<void> => {
  await env.INDEXES.put(pointerKey("shards-swap"), inject("shards").swap[VERSIONS.indexOf(which)] ?? "");
};

beforeAll(async () => {
  await seedShards();
  for (const which of VERSIONS) {
    await current(which);
    versions.set(which, (await answerOf(worker(SWAP))).version);
  }
  expect(new Set(versions.values()).size).toBe(3);
});
beforeEach(() => abortAllDurableObjects());

const SWAP = { INDEX_NAME: "shards-swap", REFRESH_SECONDS: "0.001", SHARD_TIMEOUT_SECONDS: "30" };

/** The answer, which must be of one version from its name to its last document. */
async function answerOf(ask: Ask): Promise<Answer & { readonly text: string }> {
  const answer = (await expectContract(await ask(PATH), "/v1/search")) as Answer;
  const texts = new Set(answer.hits.map(({ document }) => document?.pageContent));
  expect(texts.size).toBe(1);
  const [text = ""] = texts;
  return { ...answer, text };
}

function expectWhole({ version, hits, partial, text }: Awaited<ReturnType<typeof answerOf>>): void {
  expect(version).toBe(versions.get(text));
  expect(partial).toBeUndefined();
  expect(new Set(hits.map(({ item }) => item)).size).toBe(60);
}

test.each([
  ["versions", ["after", "before", "after"]],
  ["an index in shards and one in one piece", ["whole", "after", "whole", "before"]],
] as const)(
  "while %s follow each other under a stream of requests every answer is whole and of one version",
  async (_, order) => {
    await current("before");
    // Some calls take a while, so that they end when another version is current.
    const namespace = watched(({ shard, nth }) => (shard === 1 && nth % 3 === 0 ? pause(15) : undefined));
    const ask = worker({ ...SWAP, SHARDS: namespace });
    const seen = new Set<string>();
    let stop = false;
    const client = async (): Promise<void> => {
      while (!stop) {
        const answer = await answerOf(ask);
        expectWhole(answer);
        seen.add(answer.text);
        // An index in one piece answers from memory: without a pause nothing else would have its turn.
        await pause(1);
      }
    };
    const clients = Array.from({ length: 8 }, client);
    try {
      for (const which of order) {
        seen.clear();
        await current(which);
        await vi.waitFor(() => expect(seen).toContain(which), { timeout: 30_000 });
      }
    } finally {
      stop = true;
    }
    await Promise.all(clients);
    const sharded = [versions.get("before"), versions.get("after")];
    for (const { name } of namespace.calls) expect(sharded).toContain(name.split("/")[1]);
  },
);

test("a request that began before a publish ends with the version that it began with, however slow a shard is", async () => {
  await current("before");
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const held = watched(({ shard, method }: Call) => (shard === 2 && method === "rank" ? gate : undefined));
  const ask = worker({ ...SWAP, SHARDS: held });
  const slow = answerOf(ask);
  await vi.waitFor(() => expect(held.calls.some(({ shard }) => shard === 2)).toBe(true));
  await current("after");
  const others = worker(SWAP);
  await vi.waitFor(async () => expect((await answerOf(others)).text).toBe("after"), { timeout: 30_000 });
  open();
  const answer = await slow;
  expectWhole(answer);
  expect(answer.text).toBe("before");
});

test("a Worker that has not seen the publish yet is answered by the old version's objects, beside the new one's", async () => {
  await current("before");
  const late = worker({ ...SWAP, REFRESH_SECONDS: "3600" });
  expect((await answerOf(late)).text).toBe("before");
  await current("after");
  const early = worker(SWAP);
  expect((await answerOf(early)).text).toBe("after");
  for (const [ask, text] of [
    [late, "before"],
    [early, "after"],
  ] as const) {
    const answer = await answerOf(ask);
    expectWhole(answer);
    expect(answer.text).toBe(text);
  }
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
