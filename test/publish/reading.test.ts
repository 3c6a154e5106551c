import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { publish } from "../../build/publish/publish.ts";
import type { PublishStore } from "../../build/publish/store.ts";
import type { ReaderStatus } from "../../worker/storage/types.ts";
import { corpus, writeFolder } from "./folder.ts";
import { modulesOf, type RunningWorker, runWorker } from "./runtime.ts";
import { temporaryStore } from "./stores.ts";

/** The reader in a workerd of its own, asked over real connections while another process publishes. */

let dir: string;
let store: PublishStore;
let dispose: () => Promise<void>;
let modules: Awaited<ReturnType<typeof modulesOf>>;
beforeAll(async () => {
  ({ dir, store, dispose } = await temporaryStore());
  modules = await modulesOf("test/workerd/artifact/reader-worker.ts");
});
afterAll(() => dispose());

async function publishArtifact(name: string, vectorBytes: number, seed: number): Promise<string> {
  const folder = join(dir, `${name}-${seed}`);
  await writeFolder(folder, { name, documents: corpus(10), vectorBytes, seed });
  return (await publish(store, folder, { by: "test" })).version;
}

async function statusOf(worker: RunningWorker): Promise<ReaderStatus> {
  return (await (await fetch(new URL("/status", worker.url))).json()) as ReaderStatus;
}

test("of 100 cold requests at once a third hangs up: one load, all others are answered", async () => {
  const version = await publishArtifact("cold", 45_000_000, 1);
  const worker = await runWorker(dir, modules, { INDEX_NAME: "cold", REFRESH_SECONDS: "60" });
  try {
    // The first request, which starts the load, is among those that hang up.
    const hangsUp = (i: number) => i % 3 === 0;
    const results = await Promise.allSettled(
      Array.from({ length: 100 }, async (_, i) => {
        const signal = hangsUp(i) ? AbortSignal.timeout(10 + (i % 10) * 3) : null;
        const response = await fetch(worker.url, { signal });
        return { status: response.status, answer: (await response.json()) as { version: string } };
      }),
    );
    for (const [i, result] of results.entries()) {
      if (hangsUp(i)) continue;
      expect(result).toMatchObject({ status: "fulfilled", value: { status: 200, answer: { version } } });
    }
    expect(results.filter(({ status }) => status === "rejected").length).toBeGreaterThan(0);
    expect(await statusOf(worker)).toMatchObject({ loads: 1, version });
  } finally {
    await worker.stop();
  }
});

test("an artifact of 55 MB swaps for another under load without more than 100 MB in memory", async () => {
  const MB = 1_000_000;
  const versions = [await publishArtifact("swap", 55 * MB, 1)];
  const worker = await runWorker(dir, modules, { INDEX_NAME: "swap", REFRESH_SECONDS: "0.1" });
  try {
    const failures: unknown[] = [];
    const seen = new Set<string>();
    let stop = false;
    const client = async (): Promise<void> => {
      while (!stop) {
        const response = await fetch(worker.url);
        if (response.status === 200) seen.add(((await response.json()) as { version: string }).version);
        else failures.push(await response.text());
      }
    };
    const clients = Array.from({ length: 20 }, client);
    for (const seed of [2, 3]) {
      versions.push(await publishArtifact("swap", 55 * MB, seed));
      await expect.poll(() => seen.has(versions.at(-1)!), { timeout: 20_000 }).toBe(true);
    }
    stop = true;
    await Promise.all(clients);
    expect(failures).toEqual([]);
    expect(seen).toEqual(new Set(versions));
    const status = await statusOf(worker);
    expect(status.peakBytes).toBeGreaterThan(55 * MB);
    expect(status.peakBytes).toBeLessThan(100 * MB);
    expect(status.loads).toBe(3);
  } finally {
    await worker.stop();
  }
});

test("an isolate whose first request is hung up at once answers the next one", async () => {
  const version = await publishArtifact("first", 20_000_000, 1);
  for (const patience of [1, 5, 20, 60]) {
    const worker = await runWorker(dir, modules, { INDEX_NAME: "first", REFRESH_SECONDS: "60" });
    try {
      await fetch(worker.url, { signal: AbortSignal.timeout(patience) }).catch(() => {});
      await sleep(10);
      const response = await fetch(worker.url, { signal: AbortSignal.timeout(20_000) });
      expect(await response.json()).toMatchObject({ version });
    } finally {
      await worker.stop();
    }
  }
});
