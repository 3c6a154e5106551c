import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { PART_BYTES } from "../../build/publish/cost.ts";
import { publish } from "../../build/publish/publish.ts";
import { openRemoteStore } from "../../build/publish/remote/index.ts";
import type { PublishStore } from "../../build/publish/store.ts";
import { listVersions, rollback } from "../../build/publish/versions.ts";
import { corpus, type FolderOptions, writeFolder, writeSharded } from "./folder.ts";
import { NAMESPACE, type RemoteServer, startRemoteServer } from "./remote-server.ts";
import { IDS } from "./runtime.ts";
import { dying, Killed, readCurrent } from "./stores.ts";

const me = { by: "me" };
const names = { bucket: IDS.bucket, namespace: { id: NAMESPACE } };
let dir: string;
let server: RemoteServer;
let store: PublishStore;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "annoy-edge-remote-"));
  server = await startRemoteServer(dir);
  store = await openRemoteStore({ names, env: server.env });
});
afterAll(async () => {
  await server.close();
  await rm(dir, { recursive: true, force: true });
});
afterEach(() => {
  server.fault = () => undefined;
});

let folders = 0;
async function folderOf(options: FolderOptions): Promise<string> {
  const folder = join(dir, `folder-${folders++}`);
  await writeFolder(folder, options);
  return folder;
}

/** The requests that a piece of work makes. */
async function requestsOf<T>(
  work: () => Promise<T>,
): Promise<{ result: T; requests: RemoteServer["requests"] }> {
  const from = server.requests.length;
  const result = await work();
  return { result, requests: server.requests.slice(from) };
}

test("publishes to an account, reads it back, lists and rolls back", async () => {
  const name = "remote";
  const first = await publish(store, await folderOf({ name, documents: corpus(2000) }), me);
  expect(first).toMatchObject({ outcome: "published" });
  expect((await readCurrent(store, name))?.documents).toEqual(corpus(2000));
  const changed = corpus(2000, 200, (item) => item % 50 === 0);
  const second = await publish(store, await folderOf({ name, documents: changed, seed: 2 }), me);
  expect(second.documents).toMatchObject({ added: 40, kept: 1960, removed: 40 });
  const third = await publish(store, await folderOf({ name, documents: corpus(2001), seed: 3 }), me);
  expect((await listVersions(store, name)).map(({ version }) => version)).toEqual([
    third.version,
    second.version,
    first.version,
  ]);
  expect(await rollback(store, name, first.version, me)).toMatchObject({ previous: third.version });
  expect((await readCurrent(store, name))?.version).toBe(first.version);
});

test("shards go to an account as one version, and go on after a broken connection", async () => {
  const options = { name: "remote-shards", documents: corpus(900), shards: 3 };
  const folder = join(dir, `folder-${folders++}`);
  await writeSharded(folder, options);
  await expect(publish(dying(store, { write: 5, when: "after" }).store, folder, me)).rejects.toThrow(Killed);
  const { result, requests } = await requestsOf(() => publish(store, folder, me));
  expect(result).toMatchObject({ outcome: "published", shards: 3, written: { pages: 0 } });
  const sent = requests.filter(({ method, path }) => method === "PUT" && path.includes("/shards/0000/"));
  expect(sent).toEqual([]);
  expect((await readCurrent(store, options.name))?.documents).toEqual(options.documents);
});

test("a dry run counts the operations that the publish then makes", async () => {
  const folder = await folderOf({ name: "count", documents: corpus(1000) });
  const planned = await publish(store, folder, { ...me, dryRun: true });
  const { requests } = await requestsOf(() => publish(store, folder, me));
  const classA = requests.filter(
    ({ method, path }) => method === "PUT" && path.startsWith(`/${IDS.bucket}/`),
  );
  expect(classA).toHaveLength(planned.cost.classA);
});

test("a wrong token and a wrong secret are refused with what is missing", async () => {
  const wrongToken = { ...server.env, CLOUDFLARE_API_TOKEN: "wrong" };
  await expect(openRemoteStore({ names, env: wrongToken })).rejects.toMatchObject({
    code: "REMOTE_FORBIDDEN",
  });
  const wrongSecret = {
    ...server.env,
    R2_ACCESS_KEY_ID: "0".repeat(32),
    R2_SECRET_ACCESS_KEY: "0".repeat(64),
  };
  const other = await openRemoteStore({ names, env: wrongSecret });
  await expect(listVersions(other, "remote")).rejects.toThrow(/REMOTE_FORBIDDEN|refused/);
  await expect(openRemoteStore({ names, env: {} })).rejects.toMatchObject({ code: "NO_TOKEN" });
  const noBucket = await openRemoteStore({ names: { ...names, bucket: "nothing" }, env: server.env });
  await expect(listVersions(noBucket, "remote")).rejects.toMatchObject({ code: "NO_BUCKET" });
});

test("a machine whose clock is days off is told so", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 3 * 86_400_000 });
  try {
    const clock = { code: "CLOCK_WRONG", message: expect.stringContaining("the clock of this machine") };
    await expect(listVersions(store, "remote")).rejects.toMatchObject(clock);
  } finally {
    vi.useRealTimers();
  }
});

test("the namespace is found by what the Worker binds, or by its name, when wrangler.toml has no id", async () => {
  const of = (worker: string) => ({ bucket: IDS.bucket, namespace: { worker } });
  const bound = await openRemoteStore({ names: of("deployed"), env: server.env });
  const named = await openRemoteStore({ names: of("annoy-edge"), env: server.env });
  for (const { where } of [bound, named]) expect(where).toContain(NAMESPACE);
  const unknown = openRemoteStore({ names: of("other"), env: server.env });
  await expect(unknown).rejects.toMatchObject({ code: "NO_NAMESPACE" });
});

test("every second request limited, failed or cut off: the publish still succeeds", async () => {
  const faults = [
    { status: 429, retryAfter: "0" },
    { status: 503 },
    { drop: "before" },
    { status: 500 },
    { drop: "after" },
    { status: 429, retryAfter: new Date(0).toUTCString() },
  ] as const;
  server.fault = (n) => (n % 2 === 0 ? faults[(n / 2) % faults.length] : undefined);
  const documents = corpus(500);
  const name = "faults";
  const { version } = await publish(store, await folderOf({ name, documents }), me);
  server.fault = () => undefined;
  expect(await readCurrent(store, name)).toEqual({ version, documents });
});

test("a service that asks to wait is waited for as long as it says", async () => {
  const folder = await folderOf({ name: "patience", documents: corpus(10) });
  let limited = 0;
  server.fault = (_, method, path) =>
    method === "PUT" && path.endsWith("/bulk") && limited++ === 0
      ? { status: 429, retryAfter: "1" }
      : undefined;
  const began = Date.now();
  await publish(store, folder, me);
  expect(limited).toBe(2);
  expect(Date.now() - began).toBeGreaterThanOrEqual(1000);
});

test("a service that asks to wait for an hour is not: the publish says so and the next one goes on", async () => {
  const folder = await folderOf({ name: "hour", documents: corpus(10) });
  server.fault = (_, method, path) =>
    method === "PUT" && path.endsWith("forest.bin") ? { status: 429, retryAfter: "3600" } : undefined;
  await expect(publish(store, folder, me)).rejects.toMatchObject({ code: "REMOTE_RATE_LIMITED" });
  server.fault = () => undefined;
  const { result } = await requestsOf(() => publish(store, folder, me));
  expect(result).toMatchObject({ outcome: "published", written: { pages: 0, pagesFound: 1 } });
});

test("pages that a bulk write left out are written again", async () => {
  server.fault = (_, method, path) => (method === "PUT" && path.endsWith("/bulk") ? "partial" : undefined);
  const documents = corpus(3000);
  const name = "partial";
  const { version, pages } = await publish(store, await folderOf({ name, documents }), me);
  expect(pages).toBeGreaterThan(8);
  expect(await readCurrent(store, name)).toEqual({ version, documents });
});

test("a large artifact goes up in parts, and an interrupted one goes on where it was", async () => {
  const name = "large";
  const documents = corpus(20);
  const folder = await folderOf({ name, documents, vectorBytes: 4 * PART_BYTES });
  const isPart = (method: string, path: string) => method === "PUT" && path.includes("partNumber=");
  server.fault = (_, method, path) =>
    isPart(method, path) && /partNumber=[24]&/.test(path) ? { status: 400 } : undefined;
  await expect(publish(store, folder, me)).rejects.toMatchObject({ code: "REMOTE_FAILED" });
  server.fault = () => undefined;
  const { requests, result } = await requestsOf(() => publish(store, folder, me));
  const sent = requests.filter(({ method, path }) => isPart(method, path));
  expect(sent.length).toBeLessThanOrEqual(3);
  expect(sent.length).toBeGreaterThanOrEqual(1);
  expect(result.outcome).toBe("published");
  expect((await readCurrent(store, name))?.documents).toEqual(documents);
});

test("killed at any write, an account is left on the old version or the new one, whole", async () => {
  const before = corpus(500, 200);
  const after = corpus(500, 200, (item) => item % 3 === 0);
  const total = 7;
  for (let write = 0; write < total; write++) {
    const name = `kill-${write}`;
    const old = await publish(store, await folderOf({ name, documents: before }), me);
    const folder = await folderOf({ name, documents: after, seed: 2 });
    const when = (["before", "during", "after"] as const)[write % 3]!;
    await publish(dying(store, { write, when }).store, folder, me).catch((error) => {
      expect(error).toBeInstanceOf(Killed);
    });
    const seen = await readCurrent(store, name);
    expect(seen?.documents).toEqual(seen?.version === old.version ? before : after);
    await publish(store, folder, me);
    expect((await readCurrent(store, name))?.documents).toEqual(after);
  }
});

test("of two publishers at once one wins, and the other is told who", async () => {
  const name = "race";
  await publish(store, await folderOf({ name, documents: corpus(10) }), me);
  const folders = [
    await folderOf({ name, documents: corpus(11) }),
    await folderOf({ name, documents: corpus(12) }),
  ];
  const results = await Promise.allSettled(
    folders.map((folder, i) => publish(store, folder, { by: `p${i}` })),
  );
  expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  const lost = results.find((result) => result.status === "rejected") as PromiseRejectedResult;
  expect(lost.reason).toMatchObject({ code: "PUBLISH_CONFLICT" });
});
