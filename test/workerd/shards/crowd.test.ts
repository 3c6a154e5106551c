import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { FLIGHT_BYTES } from "../../../worker/core/format/budget.ts";
import { bytesOfCall } from "../../../worker/core/search/shards/details.ts";
import type { ShardCall } from "../../../worker/core/search/shards/types.ts";
import { sleep } from "../../../worker/core/time/wait.ts";
import { objectName, type ShardAddress } from "../../../worker/shards/address.ts";
import { letterVector } from "../../seed/corpus.ts";
import { expectProblem } from "../contract.ts";
import { type Ask, inProcess, seedShards, worker } from "./harness.ts";

/** Many callers at once, of one object and of a Worker before its objects. */

let address: ShardAddress;
beforeAll(async () => {
  await seedShards();
  const { version, shards } = await inProcess("shards");
  const shardVersion = shards!.meta.list[1]!.version;
  address = { index: "shards", version, shard: 1, shardVersion, region: "any", replica: 0 };
});

const { dispose: DISPOSE } = Symbol as unknown as { readonly dispose: symbol };
const vector = letterVector("the horse and the dog");
const rank = { mode: "vector", searchK: -1, k: 1000, vector: Float32Array.from(vector) } as const;
const call: ShardCall = { ranks: [rank, rank, rank, rank], details: [], located: [] };
const ask = (asked: ShardCall) =>
  env.SHARDS.get(env.SHARDS.idFromName(objectName(address))).ask(address, asked);

describe("an object", () => {
  test("answers many calls at once by turns, as far as there is memory", async () => {
    const alone = await ask(call);
    expect(alone).toMatchObject({ ok: true, value: { ranks: [{ ok: true }, {}, {}, {}] } });
    const calls = 40;
    expect(calls * bytesOfCall(call, vector.length)).toBeGreaterThan(2 * FLIGHT_BYTES);
    const answers = await Promise.all(Array.from({ length: calls }, () => ask(call)));
    for (const answer of answers) expect(answer).toEqual(alone);
  });

  test("answers on when callers have gone", async () => {
    const alone = await ask(call);
    const gone = Array.from({ length: 20 }, () => ask(call));
    for (const one of gone) {
      // A caller that goes disposes of its call, of which the types of promises say nothing.
      (one as unknown as Readonly<Record<symbol, () => void>>)[DISPOSE]?.();
      one.catch(() => {});
    }
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(call)));
    for (const answer of answers) expect(answer).toEqual(alone);
  });

  test("does no more than its caller has left, and says what it has done", async () => {
    const answer = await ask(call);
    if (!answer.ok) throw new Error(answer.message);
    const { spent: units = 0 } = answer.value;
    expect(units).toBeGreaterThan(0);
    const refused = await ask({ ...call, left: units / 2 });
    if (!refused.ok) throw new Error(refused.message);
    expect(refused.value.ranks.map((one) => (one.ok ? "ok" : one.code))).toContain("TOO_MUCH_WORK");
    expect(refused.value.spent).toBeLessThan(0.55 * units);
  });
});

test("a Worker refuses bodies that it has no memory for beside others, and answers the next", async () => {
  const send: Ask = worker({});
  const post = (body: string | ReadableStream) =>
    send("/v1/search/batch", { method: "POST", headers: { "content-type": "application/json" }, body });
  const text = JSON.stringify({ searches: [{ vector, k: 3, include: [] }] });
  const large = text.padEnd(3_500_000);
  // Bytes count when they have arrived, so all of these are there before the first has ended.
  const arriving = () =>
    new ReadableStream({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode(large));
        await sleep(200);
        controller.close();
      },
    });
  const responses = await Promise.all(Array.from({ length: 8 }, () => post(arriving())));
  const busy = responses.filter(({ status }) => status === 503);
  const answered = responses.filter(({ status }) => status === 200);
  expect(answered.length).toBeGreaterThan(0);
  expect(busy.length).toBeGreaterThan(0);
  expect(answered.length + busy.length).toBe(8);
  for (const response of busy) {
    expect(response.headers.get("retry-after")).toBe("1");
    await expectProblem(response, 503, "ISOLATE_BUSY");
  }
  expect(await (await post(large)).text()).toBe(await answered[0]!.text());
});
