import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { pointerKey, versionKey } from "../../../worker/core/format/keys.ts";
import { letterVector } from "../../seed/corpus.ts";
import { expectContract, expectProblem } from "../contract.ts";
import { type Ask, seedShards, watched, worker } from "./harness.ts";

interface Hit {
  readonly item: number;
  readonly id: string;
  readonly score: number;
  readonly distance: number | null;
}

interface Answer {
  readonly version: string;
  readonly index: string;
  readonly hits: readonly Hit[];
  readonly groups?: readonly { readonly hits: readonly Hit[] }[];
}

const NAME = "shards-changed";
let changed: Ask;
let anew: Ask;
beforeAll(async () => {
  await seedShards();
  changed = worker({ INDEX_NAME: NAME });
  anew = worker({ INDEX_NAME: "shards-anew" });
});

async function post(ask: Ask, body: object): Promise<Answer> {
  const headers = { "content-type": "application/json" };
  const response = await ask("/v1/search", { method: "POST", headers, body: JSON.stringify(body) });
  return (await expectContract(response, "/v1/search", "post")) as Answer;
}

/** An answer without names, version and item numbers, scores to five digits. */
function comparable({ index: _, version: _version, hits, ...answer }: Answer): object {
  const round = (x: number | null) => (x === null ? null : Math.round(x * 1e5) / 1e5);
  const own = ({ item: _item, score, distance, ...hit }: Hit) => ({
    ...hit,
    ...{ score: round(score), distance: round(distance) },
  });
  return { ...answer, hits: hits.map(own) };
}

const vector = letterVector("the horse and the dog");

describe("shards with changes answer over Durable Objects as the same documents in one piece", () => {
  test.each<[string, object]>([
    ["a vector", { vector, k: 60, include: ["document", "vector"] }],
    [
      "a vector behind a filter, with facets",
      { vector, filter: { year: { gte: 2020 } }, facets: ["topic", "tags"] },
    ],
    ["marginal relevance", { vector, k: 5, mmr: { fetchK: 20, lambda: 0.3 } }],
    ["an id of the changes", { id: "music-10", k: 7 }],
    ["an id that was replaced", { id: "food-0", k: 7 }],
    [
      "words",
      { query: "orchestra zucchini", mode: "keyword", k: 20, facets: ["topic"], facetsOf: "matches" },
    ],
    ["words of the changes alone", { query: "zither", mode: "keyword" }],
    ["words and vector", { query: "a dog in the orchestra", k: 8, weights: { keyword: 0.4 } }],
    ["a list in the order of fields", { filter: { topic: "music" }, sort: ["year:desc"], k: 9, total: true }],
    [
      "highlights",
      { query: "dog", mode: "keyword", include: ["highlights"], filter: { year: { gte: 2020 } } },
    ],
  ])("to %s", async (_, request) => {
    const [one, other] = [await post(changed, request), await post(anew, request)];
    expect(comparable(one)).toEqual(comparable(other));
    expect(one.hits.length).toBeGreaterThan(0);
  });

  test("and keep the items of the base, behind which those of the changes are numbered", async () => {
    const base = worker({ INDEX_NAME: NAME });
    const { hits } = await post(base, { id: "vehicles-3", k: 1 });
    await expectContract(await changed(`/v1/items/${hits[0]!.item}`), "/v1/items/{item}");
    const added = await post(changed, { id: "music-9", k: 1 });
    const item = (await expectContract(
      await changed(`/v1/items/${added.hits[0]!.item}`),
      "/v1/items/{item}",
    )) as Hit;
    expect(item.id).toBe("music-9");
    await expectProblem(await changed("/v1/documents/animals-1"), 404, "ID_NOT_FOUND");
    const index = (await expectContract(await changed("/v1/index"), "/v1/index")) as {
      readonly hotBytes: number;
      readonly changes: { readonly added: number; readonly removed: number };
    };
    const held = inject("shards").changed.map(async (pointer) => {
      const { version } = JSON.parse(pointer) as { readonly version: string };
      const manifest = await env.INDEXES.get(versionKey(NAME, version, "manifest.json"));
      return (await manifest!.json<{ readonly hotBytes: number }>()).hotBytes;
    });
    const [below, above] = await Promise.all(held);
    expect(index.hotBytes).toBe(below! + above!);
    expect(index.changes).toMatchObject({ added: 3, removed: 3, drift: { changed: expect.any(Number) } });
  });
});

test("a Worker goes from the base to its changes and back, each answer of one version", async () => {
  const [base, top] = inject("shards").changed;
  const namespace = watched(() => {});
  const ask = worker({ INDEX_NAME: NAME, REFRESH_SECONDS: "0.001", SHARDS: namespace });
  const seen: string[] = [];
  for (const [pointer, found] of [
    [base, "animals-1"],
    [top, "music-9"],
    [base, "animals-1"],
    [top, "music-9"],
  ]) {
    await env.INDEXES.put(pointerKey(NAME), pointer!);
    const { version } = JSON.parse(pointer!) as Answer;
    const answered = async () => (await post(ask, { vector, k: 60 })).version;
    await expect.poll(answered, { timeout: 30_000 }).toBe(version);
    const { hits, ...answer } = await post(ask, { vector, k: 60 });
    expect(answer).not.toHaveProperty("partial");
    const ids = hits.map(({ id }) => id);
    expect(ids).toContain(found);
    expect(ids).not.toContain(found === "music-9" ? "animals-1" : "music-9");
    expect(new Set(ids).size).toBe(ids.length);
    seen.push(version);
  }
  const asked = new Set(namespace.calls.map(({ name }) => name.split("/")[1]));
  expect(asked).toEqual(new Set(seen));
});
