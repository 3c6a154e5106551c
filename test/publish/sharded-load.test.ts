import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { build } from "../../build/index.ts";
import { publish } from "../../build/publish/publish.ts";
import type { PublishStore } from "../../build/publish/store.ts";
import { rollback } from "../../build/publish/versions.ts";
import { documentsOf } from "./folder.ts";
import { bundleWorker, type RunningWorker, runWorker } from "./runtime.ts";
import { temporaryStore } from "./stores.ts";

/** An index as `build --shards` cuts it, served by the whole Worker and its Durable Objects in a workerd of its own. */

const EDITIONS = 4;
/** The edition that is in one piece. */
const WHOLE = 3;
const ROUNDS = 2;
const IN_FLIGHT = 10;
const DOCUMENTS = 400;
const SHARDS = 4;

let dir: string;
let store: PublishStore;
let dispose: () => Promise<void>;
let worker: RunningWorker;
const folders: string[] = [];
/** Edition by version. */
const editions = new Map<string, number>();

beforeAll(async () => {
  ({ dir, store, dispose } = await temporaryStore());
  for (let edition = 0; edition < EDITIONS; edition++) {
    const out = join(dir, `edition-${edition}`);
    const documents = documentsOf(edition, DOCUMENTS);
    const shards = edition === WHOLE ? 1 : SHARDS;
    const { manifest } = await build({ documents, out, name: "cut", shards, jobs: 1 });
    expect(manifest.shards?.list.length ?? 1).toBe(shards);
    editions.set(manifest.version, edition);
    folders.push(out);
  }
  await publish(store, folders[0]!, { by: "test", force: true });
  const settings = { INDEX_NAME: "cut", REFRESH_SECONDS: "0.05", SHARD_TIMEOUT_SECONDS: "30", LOG: "off" };
  worker = await runWorker(dir, await bundleWorker(), settings, { SHARDS: "IndexShard" });
});
afterAll(async () => {
  await worker?.stop();
  await dispose();
});

interface Answer {
  readonly version: string;
  readonly partial?: true;
  readonly hits: readonly {
    readonly item: number;
    readonly distance: number;
    readonly document: { readonly pageContent: string; readonly metadata: { readonly edition: number } };
  }[];
}

async function ask(body: object): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return fetch(new URL("/v1/search", worker.url), { method: "POST", headers, body: JSON.stringify(body) });
}

test("every item is its own nearest, with its own document, whatever shard it lies in", async () => {
  for (let item = 0; item < DOCUMENTS; item += 23) {
    const { hits } = (await (await ask({ item, k: 3 })).json()) as Answer;
    expect(hits[0]?.item).toBe(item);
    expect(hits[0]?.distance).toBeCloseTo(0, 3);
    expect(hits[0]?.document.pageContent).toBe(`edition 0 document ${item}`);
  }
});

test("health and index say how it is cut, and a warm-up loads all of it", async () => {
  const get = async (path: string) => (await fetch(new URL(path, worker.url))).json();
  expect(await get("/v1/warm-up")).toMatchObject({ shards: { asked: SHARDS, answered: SHARDS } });
  expect(await get("/health")).toMatchObject({ status: "ok", shards: SHARDS });
  expect(await get("/v1/index")).toMatchObject({ items: DOCUMENTS, shards: { count: SHARDS } });
});

test("callers that hang up while shards load leave nothing broken for those who stay", async () => {
  await publish(store, folders[1]!, { by: "test", force: true });
  const [version] = [...editions].find(([, edition]) => edition === 1)!;
  const hasty = Array.from({ length: 30 }, (_, i) =>
    fetch(new URL("/v1/search?item=0&k=10", worker.url), { signal: AbortSignal.timeout(1 + i) }).then(
      (response) => response.text(),
      () => "gone",
    ),
  );
  const stayed: Answer[] = [];
  while (!stayed.some((answer) => answer.version === version)) {
    const answers = await Promise.all(
      Array.from(
        { length: 5 },
        async (_, i) => (await (await ask({ item: i * 31, k: 10 })).json()) as Answer,
      ),
    );
    stayed.push(...answers);
  }
  expect(await Promise.all(hasty)).toContain("gone");
  for (const { partial, hits } of stayed) {
    expect(partial).toBeUndefined();
    expect(hits).toHaveLength(10);
  }
});

test("publishes and rollbacks under a stream of requests, of an index in shards and in one piece: none fails, none is partial, none mixes versions", async () => {
  const failures: string[] = [];
  const seen = new Set<number>();
  let stop = false;
  const client = async (n: number): Promise<void> => {
    for (let i = n; !stop; i += IN_FLIGHT) {
      const response = await ask({ item: (i * 7) % DOCUMENTS, k: 10 });
      const text = await response.text();
      if (response.status !== 200) {
        failures.push(text);
        continue;
      }
      const { version, partial, hits } = JSON.parse(text) as Answer;
      const edition = editions.get(version);
      seen.add(edition ?? -1);
      const mixed = hits.some(({ document }) => document.metadata.edition !== edition);
      if (mixed || partial || hits.length !== 10) failures.push(text);
    }
  };
  const clients = Array.from({ length: IN_FLIGHT }, (_, n) => client(n));
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (const edition of [1, 2, WHOLE, 0]) {
        await publish(store, folders[edition]!, { by: "test", force: true });
        // Until somebody has been answered from it.
        for (seen.clear(); !seen.has(edition) && failures.length === 0; ) await sleep(10);
      }
      await rollback(store, "cut", undefined, { by: "test" });
      for (seen.clear(); !seen.has(WHOLE) && failures.length === 0; ) await sleep(10);
    }
  } finally {
    stop = true;
    await Promise.all(clients);
  }
  expect(failures).toEqual([]);
});
