import { expect, test } from "vitest";
import { createBatcher, furtherMs, toLocate, toRank } from "./batcher.ts";
import type { ShardAnswers, ShardCall } from "./types.ts";

/** Shards that answer a ranking by its k, and break on demand. */
function batcher(broken: readonly number[] = []) {
  const sent: { readonly shard: number; readonly call: ShardCall }[] = [];
  const opened = createBatcher(async (shard, call): Promise<ShardAnswers> => {
    sent.push({ shard, call });
    if (broken.includes(shard)) throw new Error(`shard ${shard}`);
    return {
      ranks: call.ranks.map(({ k }) =>
        k === 0
          ? { ok: false, code: "SHARD_FAILED", message: "A fault." }
          : { ok: true, value: { vectors: { items: [k], scores: [1], distances: [0] } } },
      ),
      details: [],
      located: call.located.map(() => ({ ok: true, value: null })),
    };
  });
  const rank = (shard: number, k: number) => opened.put(shard, toRank({ mode: "vector", k, searchK: -1 }));
  return { ...opened, sent, rank };
}

test("one search is sent as soon as it waits, a call a shard", async () => {
  const { rank, wait, sent } = batcher();
  const answers = Promise.all([rank(0, 1), rank(1, 2)]);
  expect(sent).toEqual([]);
  wait();
  expect((await answers).map(({ vectors }) => vectors?.items)).toEqual([[1], [2]]);
  expect(sent.map(({ shard }) => shard)).toEqual([0, 1]);
});

test("searches beside each other wait until all wait, or ask nothing more", async () => {
  const { rank, put, wait, addSearches, endSearch, sent } = batcher();
  addSearches(2);
  const first = rank(0, 1);
  wait();
  const second = put(0, toLocate({ id: "a" }));
  wait();
  expect(sent).toEqual([]);
  endSearch();
  expect(sent).toHaveLength(1);
  expect(sent[0]?.call).toMatchObject({ ranks: [{ k: 1 }], located: [{ id: "a" }] });
  expect((await first).vectors?.items).toEqual([1]);
  expect(await second).toBeNull();
  endSearch();
  const third = rank(0, 3);
  wait();
  expect((await third).vectors?.items).toEqual([3]);
});

test("a question that fails fails alone, a call that fails all of its shard and of no other", async () => {
  const { rank, wait } = batcher([1]);
  const answers = Promise.allSettled([rank(0, 0), rank(0, 2), rank(1, 1), rank(2, 1)]);
  wait();
  expect((await answers).map(({ status }) => status)).toEqual([
    ...["rejected", "fulfilled", "rejected", "fulfilled"],
  ]);
});

test("a call of many searches may take longer", () => {
  const calls = [0, 1, 100].map((n) => ({ ranks: new Array(n).fill({}), details: [], located: [] }));
  const [none, one, many] = calls.map(furtherMs);
  expect([none, one]).toEqual([0, 0]);
  expect(many).toBeGreaterThan(1000);
});
