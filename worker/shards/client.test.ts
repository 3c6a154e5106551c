import { expect, test } from "vitest";
import { AnnoyEdgeError } from "../core/format/errors.ts";
import type { ShardAnswers, ShardCall } from "../core/search/shards/types.ts";
import type { Outcome } from "../core/search/shards/wire.ts";
import type { ShardNamespace } from "./address.ts";
import { connectShards } from "./client.ts";

const CALL: ShardCall = {
  ranks: [
    { mode: "vector", k: 1, searchK: -1 },
    { mode: "vector", k: 2, searchK: -1 },
  ],
  details: [],
  located: [],
};
const good: Outcome<object> = { ok: true, value: {} };
const fault: Outcome<never> = { ok: false, code: "SHARD_FAILED", message: "A fault." };
const issue = { field: "filter", code: "UNKNOWN_FILTER_FIELD", message: "No such field." } as const;
const misfit: Outcome<never> = { ok: false, code: issue.code, message: issue.message, issues: [issue] };

type Ranks = readonly Outcome<object>[];

/** Two copies that answer so, or break. */
function copies(...answers: readonly (Ranks | Error)[]) {
  const asked: string[] = [];
  const namespace: ShardNamespace = {
    idFromName: (name) => ({ equals: () => true, name }),
    get: (id) => ({
      async ask() {
        const { name } = id as unknown as { name: string };
        asked.push(name);
        const ranks = answers[Number(name.at(-1))]!;
        if (ranks instanceof Error) throw ranks;
        const value: ShardAnswers = { ranks, details: [], located: [] };
        return { ok: true, value };
      },
    }),
  };
  const { shard } = connectShards({
    ...{ namespace, index: "i", version: "v", meta: { list: [] } },
    settings: { regions: [], replicas: answers.length, timeLimit: 1000, hedge: 60_000 },
  });
  return { ask: () => shard(0, undefined).ask(CALL), asked };
}

test("a question that one copy fails at is answered by another", async () => {
  const { ask, asked } = copies([good, fault], [good, good]);
  expect((await ask()).ranks).toEqual([good, good]);
  expect(asked).toHaveLength(2);
});

test("what one copy has answered counts, however the other one fails", async () => {
  for (const other of [[fault, fault], new Error("network")]) {
    expect((await copies([good, fault], other).ask()).ranks).toEqual([good, fault]);
  }
  expect((await copies([good, fault]).ask()).ranks).toEqual([good, fault]);
});

test("what a shard says of a question is its answer, and no other copy is asked", async () => {
  const { ask, asked } = copies([misfit, good], [good, good]);
  expect((await ask()).ranks).toEqual([misfit, good]);
  expect(asked).toHaveLength(1);
});

test("a shard that cannot be reached at all is told as that", async () => {
  const failing = copies(new Error("network"), new Error("network")).ask();
  await expect(failing).rejects.toThrow(AnnoyEdgeError);
  await expect(failing).rejects.toMatchObject({ code: "SHARD_UNREACHABLE" });
});
