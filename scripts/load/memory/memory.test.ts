import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLocalStore } from "../../../build/publish/local.ts";
import type { PublishStore } from "../../../build/publish/store.ts";
import { PEAK_BYTES, PUBLISHED_BYTES } from "../../../worker/core/format/budget.ts";
import { buildMemoryCorpus } from "./corpus.ts";
import { IDS, type Isolate, startIsolate } from "./isolate.ts";
import { measureSituations, totalOf } from "./situations.ts";
import { type Versions, writeVersions } from "./versions.ts";

/** The encoder that ships, with what a query's pass needs. */
const ENCODER_BYTES = 18.6e6;

let folder: string;
let store: PublishStore;
let versions: Versions;
let isolate: Isolate;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-memory-"));
  store = await openLocalStore({ persistTo: folder, ids: IDS });
  await buildMemoryCorpus(join(folder, "artifact"), 300);
  // As large as publish lets an index with an encoder be.
  const hotBytes = PUBLISHED_BYTES - ENCODER_BYTES;
  versions = await writeVersions({ store, dir: join(folder, "artifact"), hotBytes, count: 2 });
  const variables = { INDEX_NAME: versions.name, REFRESH_SECONDS: "0.2" };
  isolate = await startIsolate({ state: folder, variables });
});
afterAll(async () => {
  await isolate?.[Symbol.asyncDispose]();
  await store?.close();
  await rm(folder, { recursive: true, force: true });
});

test("an isolate with the largest index stays within its budget, cold, under lanes and while versions swap", async () => {
  const bodies = ["a small dog", "to walk slowly"].map((query, i) =>
    JSON.stringify({ query, k: i === 0 ? 10 : 50 }),
  );
  const load = { bodies, lanes: 16, seconds: 1, swaps: 2 };
  const measured = await measureSituations(isolate, versions, load);
  for (const one of measured) {
    // Both the index and the encoder were there when it was measured.
    expect(one.left + one.encoder, one.situation).toBeGreaterThan(PUBLISHED_BYTES);
    expect(totalOf(one), one.situation).toBeLessThan(PEAK_BYTES);
    expect(one.requests, one.situation).toBeGreaterThan(0);
    expect(one.others, one.situation).toEqual({});
  }
});
