import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { build } from "../../build/index.ts";
import { publish } from "../../build/publish/publish.ts";
import type { PublishStore } from "../../build/publish/store.ts";
import { rollback } from "../../build/publish/versions.ts";
import { documentsOf } from "./folder.ts";
import { bundleWorker, runWorker } from "./runtime.ts";
import { temporaryStore } from "./stores.ts";

/** The whole Worker, as it is deployed, answering while versions come and go. */

const EDITIONS = 10;
const PUBLISHES = 100;
const ROLLBACKS = 20;
const IN_FLIGHT = 50;
const DOCUMENTS = 200;
let dir: string;
let store: PublishStore;
let dispose: () => Promise<void>;
let modules: Awaited<ReturnType<typeof bundleWorker>>;
let folders: string[];
/** Edition by version. */
const editions = new Map<string, number>();

beforeAll(async () => {
  ({ dir, store, dispose } = await temporaryStore());
  modules = await bundleWorker();
  folders = [];
  for (let edition = 0; edition < EDITIONS; edition++) {
    const out = join(dir, `edition-${edition}`);
    const documents = documentsOf(edition, DOCUMENTS);
    const { manifest } = await build({ documents, out, name: "load" });
    editions.set(manifest.version, edition);
    folders.push(out);
  }
});
afterAll(() => dispose());

interface Answer {
  readonly version: string;
  readonly hits: readonly {
    readonly id: string;
    readonly document: { readonly metadata: { edition: number } };
  }[];
}

test("100 publishes and 20 rollbacks under 50 requests in flight: none fails, none mixes versions", async () => {
  const me = { by: "test" };
  await publish(store, folders[0]!, me);
  const worker = await runWorker(dir, modules, {
    INDEX_NAME: "load",
    REFRESH_SECONDS: "0.05",
    LOG: "off",
  });
  const failures: string[] = [];
  const seen = new Set<string>();
  let answers = 0;
  let stop = false;
  const client = async (n: number): Promise<void> => {
    while (!stop) {
      const body = JSON.stringify({ item: (answers * 7 + n) % DOCUMENTS, k: 10 });
      const headers = { "content-type": "application/json" };
      const response = await fetch(new URL("/v1/search", worker.url), { method: "POST", headers, body });
      const text = await response.text();
      answers++;
      if (response.status !== 200) {
        failures.push(text);
        continue;
      }
      const { version, hits } = JSON.parse(text) as Answer;
      seen.add(version);
      const mixed = hits.some((hit) => hit.document.metadata.edition !== editions.get(version));
      if (mixed || hits.length !== 10) failures.push(text);
    }
  };
  try {
    const clients = Array.from({ length: IN_FLIGHT }, (_, n) => client(n));
    for (let n = 1; n <= PUBLISHES; n++) {
      await publish(store, folders[n % EDITIONS]!, me);
      if (n % (PUBLISHES / ROLLBACKS) === 0) await rollback(store, "load", undefined, me);
    }
    stop = true;
    await Promise.all(clients);
  } finally {
    stop = true;
    await worker.stop();
  }
  expect(failures).toEqual([]);
  expect(answers).toBeGreaterThan(PUBLISHES);
  expect(seen.size).toBeGreaterThan(EDITIONS / 2);
});
