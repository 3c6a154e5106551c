import { exports } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { ClientError, createClient } from "../../worker/client/index.ts";
import { ORIGIN } from "./contract.ts";
import { seed } from "./seed.ts";

beforeAll(seed);

/** The Worker's own entry point stands in for a service binding: both are Fetchers. */
const client = createClient(ORIGIN, { fetch: { fetch: (url, init) => exports.default.fetch(url, init) } });

test("the client and the Worker understand each other on every call", async () => {
  const { hits, version } = await client.search({ query: "a dog", k: 2, filter: { topic: "animals" } });
  expect(hits.map((hit) => hit.document?.pageContent)).toContain("a dog");
  const batch = await client.searchBatch([{ item: 0 }, { id: "nobody" }]);
  expect(batch.results).toMatchObject([{ mode: "vector" }, { error: { code: "ID_NOT_FOUND" } }]);
  expect(await client.document("a/b c#d?e=f")).toMatchObject({ id: "a/b c#d?e=f", version });
  expect(await client.item(8)).toMatchObject({ id: "animals-0" });
  expect((await client.distance(0, 1)).distance).toBeGreaterThan(0);
  expect(await client.index()).toMatchObject({ index: "demo", version });
  expect(await client.warmUp()).toMatchObject({ version });
  expect(await client.health()).toMatchObject({ status: "ok", version });
  expect(await client.selected(2)).toBeUndefined();
});

test("the client has a method for every path of the contract", async () => {
  const asked = new Set<string>();
  const recording = createClient(ORIGIN, {
    fetch: async (url) => {
      asked.add(new URL(url).pathname);
      return new Response("{}");
    },
  });
  await recording.search({ query: "a" });
  await recording.searchBatch([]);
  await recording.document("1");
  await recording.item(1);
  await recording.distance(1, 1);
  await recording.index();
  await recording.warmUp();
  await recording.indexes();
  await recording.health();
  await recording.selected(1);
  await recording.suggest("a");
  expect(asked.size).toBe(Object.keys(recording).length);
  const { paths } = await (await exports.default.fetch(`${ORIGIN}/openapi.json`)).json<{ paths: object }>();
  // The contract itself is no call.
  const calls = Object.keys(paths).filter(
    (path) => !path.includes("{index}") && !["/openapi.json", "/docs"].includes(path),
  );
  const contract = calls.map((path) => path.replace(/\{\w+\}/g, "1"));
  expect([...asked].sort()).toEqual(contract.sort());
});

test("the Worker's problems arrive as errors with their codes", async () => {
  const error: unknown = await client.search({ query: "a", k: 0 }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ClientError);
  expect(error).toMatchObject({ code: "OUT_OF_RANGE", status: 400, problem: { errors: [{ field: "k" }] } });
});
