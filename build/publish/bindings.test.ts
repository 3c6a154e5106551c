import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openBindings } from "./bindings.ts";
import { PART_BYTES } from "./cost.ts";
import type { PublishStore } from "./store.ts";

let dir: string;
let store: PublishStore;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "annoy-edge-bindings-"));
  store = await openBindings({
    target: "local",
    where: dir,
    r2: "bucket",
    kv: "namespace",
    resourcePersistencePath: dir,
    multipartBytes: PART_BYTES,
    listLimit: 10,
  });
});
afterAll(async () => {
  await store.close();
  await rm(dir, { recursive: true, force: true });
});

const bytesOf = (text: string) => new TextEncoder().encode(text);

test("an object is replaced only while it has the etag that was read", async () => {
  const first = await store.putObject("cas", bytesOf("one"), { ifAbsent: true });
  expect(await store.putObject("cas", bytesOf("two"), { ifAbsent: true })).toBeUndefined();
  const second = await store.putObject("cas", bytesOf("two"), { ifMatch: first!.etag });
  expect(second?.bytes).toBe(3);
  expect(await store.putObject("cas", bytesOf("three"), { ifMatch: first!.etag })).toBeUndefined();
  expect(new TextDecoder().decode((await store.getObject("cas"))?.bytes)).toBe("two");
});

test("of writers with the same etag exactly one wins", async () => {
  const { etag } = (await store.putObject("race", bytesOf("start")))!;
  const written = await Promise.all(
    Array.from({ length: 10 }, (_, i) => store.putObject("race", bytesOf(`writer ${i}`), { ifMatch: etag })),
  );
  expect(written.filter((info) => info !== undefined)).toHaveLength(1);
});

test("ranges, lengths, missing and empty objects are as in R2", async () => {
  await store.putObject("bytes", bytesOf("0123456789"));
  const range = await store.getObject("bytes", { offset: 3, length: 4 });
  expect(new TextDecoder().decode(range?.bytes)).toBe("3456");
  expect(range?.info.bytes).toBe(10);
  expect(await store.headObject("bytes")).toMatchObject({ key: "bytes", bytes: 10 });
  expect(await store.getObject("nothing")).toBeUndefined();
  expect(await store.headObject("nothing")).toBeUndefined();
  await store.putObject("empty", new Uint8Array(0));
  expect((await store.getObject("empty"))?.bytes).toHaveLength(0);
});

test("a large file goes up in parts and comes back as it was", async () => {
  const bytes = Buffer.alloc(2 * PART_BYTES + 12_345, "annoy-edge ");
  const path = join(dir, "large");
  await writeFile(path, bytes);
  const steps: number[] = [];
  const source = { path, bytes: bytes.length };
  const written = await store.putObject("large", source, { onProgress: (done) => steps.push(done) });
  expect(written?.bytes).toBe(bytes.length);
  expect(steps).toEqual([PART_BYTES, 2 * PART_BYTES, bytes.length]);
  expect(bytes.equals((await store.getObject("large"))!.bytes)).toBe(true);
  expect(await store.putObject("large", source, { ifAbsent: true })).toBeUndefined();
});

test("listings follow the cursor to the end", async () => {
  const keys = Array.from({ length: 25 }, (_, i) => `many/${String(i).padStart(4, "0")}`);
  await Promise.all(keys.map((key) => store.putObject(key, bytesOf(key))));
  await store.putPages(keys.map((key) => ({ key, value: key })));
  const objects = [];
  for await (const { key } of store.listObjects("many/")) objects.push(key);
  expect(objects).toEqual(keys);
  const pages = [];
  for await (const { key, writtenAt } of store.listPages("many/")) {
    expect(writtenAt).toBeInstanceOf(Date);
    pages.push(key);
  }
  expect(pages).toEqual(keys);
  await store.deleteObjects(keys);
  await store.deletePages(keys);
  for await (const { key } of store.listObjects("many/")) throw new Error(`${key} is still there`);
  for await (const { key } of store.listPages("many/")) throw new Error(`${key} is still there`);
});

test("the runtime's port refuses every caller that lacks the run's secret", async () => {
  await store.putObject("guarded", bytesOf("kept"));
  const spy = vi.spyOn(globalThis, "fetch");
  await store.headObject("guarded");
  const [address, init] = spy.mock.calls[0]!;
  spy.mockRestore();
  const url = new URL("/objects", address as URL);
  const headers = init!.headers as Record<string, string>;
  const remove = (change: Record<string, string>) =>
    fetch(url, { method: "POST", body: '["guarded"]', headers: { ...headers, ...change } });
  expect((await remove({ authorization: "" })).status).toBe(403);
  expect((await remove({ authorization: "Bearer guess" })).status).toBe(403);
  expect((await remove({ origin: "https://example.com" })).status).toBe(403);
  expect(await store.headObject("guarded")).toBeDefined();
  expect((await remove({})).status).toBe(204);
});

test("a write that its disk has no room for is refused before it starts", async () => {
  const path = join(dir, "claimed");
  await writeFile(path, "a few bytes");
  const written = store.putObject("claimed", { path, bytes: 1e18 });
  await expect(written).rejects.toMatchObject({ code: "DISK_FULL", message: expect.stringContaining(dir) });
  expect(await store.headObject("claimed")).toBeUndefined();
});

test("a write waits for a process that holds the databases", { timeout: 60_000 }, async () => {
  await store.putPages([{ key: "busy", value: "before" }]);
  const files = await readdir(dir, { recursive: true });
  const held = files
    .filter((name) => name.endsWith(".sqlite"))
    .map((name) => new DatabaseSync(join(dir, name)));
  for (const database of held) database.exec("BEGIN IMMEDIATE");
  const written = store.putPages([{ key: "busy", value: "after" }]);
  // Longer than a dozen attempts take.
  await sleep(11_000);
  for (const database of held) database.close();
  await written;
  expect((await store.getPages(["busy"])).get("busy")).toBe("after");
});

test("a runtime that stopped is a typed error", async () => {
  const path = join(dir, "stopped");
  const stopped = await openBindings({ target: "local", where: path, r2: "bucket", kv: "namespace" });
  await stopped.close();
  await expect(stopped.headObject("any")).rejects.toMatchObject({
    code: "STORE_FAILED",
    message: expect.stringContaining(path),
  });
});
