import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { build, query } from "../../build/index.ts";
import { publish } from "../../build/publish/publish.ts";
import { checkPublished, restore } from "../../build/publish/restore.ts";
import type { PublishStore } from "../../build/publish/store.ts";
import { encoderKey } from "../../worker/core/format/keys.ts";
import { bundleWorker, type RunningWorker, runWorker, type WorkerModule } from "./runtime.ts";
import { temporaryStore } from "./stores.ts";

/** The encoder that ships, from a build to a Worker of its own process. */

const TEXTS = [
  "To get your money back, send the parcel to us within thirty days.",
  "A tortoise is a reptile with a shell that it can withdraw into.",
  "The kitchen has an oven, a sink and a table.",
  "Press the red button to stop the machine at once.",
];

let dir: string;
let store: PublishStore;
let dispose: () => Promise<void>;
let modules: WorkerModule[];
let worker: RunningWorker | undefined;
let key: string;

beforeAll(async () => {
  ({ dir, store, dispose } = await temporaryStore());
  modules = await bundleWorker();
  for (const name of ["first", "second"]) {
    const documents = TEXTS.map((pageContent, i) => ({ id: `${i}`, pageContent: `${name}. ${pageContent}` }));
    const { manifest } = await build({
      documents,
      name,
      codec: "float32",
      cache: false,
      out: join(dir, name),
    });
    expect(manifest.embedder).toMatchObject({ provider: "encoder", dimensions: 384 });
    key = encoderKey(manifest.embedder!.contentHash!);
  }
});
afterEach(async () => {
  await worker?.stop();
  worker = undefined;
});
afterAll(() => dispose());

interface Answer {
  readonly code?: string;
  readonly hits?: readonly { readonly id: string; readonly distance: number | null }[];
  readonly warnings?: readonly { readonly code: string }[];
}

async function start(): Promise<(body: object) => Promise<{ status: number; answer: Answer }>> {
  // An earlier Worker may have left the encoder in the data centre's cache.
  await rm(join(dir, "v3", "cache"), { recursive: true, force: true });
  worker = await runWorker(dir, modules, {
    INDEX_NAME: "first, second",
    REFRESH_SECONDS: "3600",
    LOG: "off",
  });
  const url = new URL("/v1/search", worker.url);
  return async (body) => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: response.status, answer: (await response.json()) as Answer };
  };
}

test("is uploaded once for all indexes, and gives a Worker the vectors that it gives Node", async () => {
  const first = await publish(store, join(dir, "first"), { by: "test" });
  const second = await publish(store, join(dir, "second"), { by: "test" });
  const { bytes } = (await store.headObject(key))!;
  expect(first.written.objectBytes).toBeGreaterThan(bytes);
  expect(second.written.objectBytes).toBeLessThan(bytes);

  const search = await start();
  const request = { query: "animal that carries its house on its back", mode: "vector", k: 4 } as const;
  const { answer } = await search(request);
  expect(answer.warnings).toBeUndefined();
  expect(answer.hits![0]!.id).toBe("1");
  const { hits } = await query(join(dir, "first"), request);
  expect(answer.hits!.map(({ id, distance }) => ({ id, distance }))).toEqual(
    hits.map(({ id, distance }) => ({ id, distance })),
  );
});

test("that is lost or damaged leaves the words, with a warning; publishing again mends it", async () => {
  const object = (await store.getObject(key))!;
  const damaged = object.bytes.slice();
  damaged[damaged.length >> 1]! ^= 1;
  const foreign = new TextEncoder().encode("This is no encoder.");
  for (const bytes of [undefined, damaged, foreign, object.bytes.slice(0, 1_000_000)]) {
    await store.deleteObjects([key]);
    if (bytes) await store.putObject(key, bytes);
    const search = await start();
    const { status, answer } = await search({ query: "red button", k: 1 });
    expect(status).toBe(200);
    expect(answer.hits![0]!.id).toBe("3");
    expect(answer.warnings).toEqual([expect.objectContaining({ code: "EMBEDDER_UNAVAILABLE" })]);
    expect(await search({ query: "red button", mode: "vector" })).toMatchObject({
      status: 502,
      answer: { code: "EMBEDDING_FAILED" },
    });
    await worker?.stop();
    const fault = bytes ? "changed" : "missing";
    const finding = { kind: "encoder", fault, key, mendedBy: "publish" };
    expect((await checkPublished(store, "first"))[0]?.findings).toEqual([finding]);
    expect(await restore(store, "first")).toMatchObject({ left: [finding] });
  }
  await store.putObject(key, damaged);
  expect(await publish(store, join(dir, "first"), { by: "test" })).toMatchObject({ outcome: "repaired" });
  expect((await checkPublished(store, "first"))[0]?.findings).toEqual([]);
  const search = await start();
  expect((await search({ query: "red button", mode: "vector", k: 1 })).answer.hits![0]!.id).toBe("3");
});
