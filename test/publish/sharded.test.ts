import { appendFile, cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { gc } from "../../build/publish/gc.ts";
import { publish } from "../../build/publish/publish.ts";
import { restore } from "../../build/publish/restore.ts";
import { listVersions, rollback } from "../../build/publish/versions.ts";
import { packsPrefix, pagesPrefix, versionKey, versionPrefix } from "../../worker/core/format/keys.ts";
import { decodePlacement } from "../../worker/core/format/placement.ts";
import { corpus, type ShardedOptions, writeFolder, writeSharded } from "./folder.ts";
import { dir, store } from "./own-store.ts";
import { dying, type Fault, Killed, readCurrent, readVersion } from "./stores.ts";

const me = { by: "me" };
const now = { graceSeconds: -1 };
let folders = 0;
const newFolder = () => join(dir, `folder-${folders++}`);
async function shardedOf(options: ShardedOptions): Promise<string> {
  const folder = newFolder();
  await writeSharded(folder, options);
  return folder;
}

async function keysOf(prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.listObjects(prefix)) keys.push(key);
  return keys;
}

test("an index of three shards is one version, and every document of it is read back", async () => {
  const documents = corpus(1500);
  const folder = await shardedOf({ name: "round", documents, shards: 3 });
  const planned = await publish(store, folder, { ...me, dryRun: true });
  const { store: counted, writes } = dying(store);
  const done = await publish(counted, folder, me);
  expect({ ...planned, outcome: "published" }).toEqual(done);
  expect(done).toMatchObject({ outcome: "published", items: 1500, shards: 3, warnings: [] });
  expect(done.documents).toMatchObject({ added: 1500, kept: 0 });
  const puts = writes().filter((write) => write.startsWith("putObject"));
  expect(done.written.objects).toBe(puts.length);
  // The router's manifest makes the version whole, and the pointer makes it current.
  expect(puts.at(-2)).toContain(`${done.version}/manifest.json`);
  expect(puts.at(-1)).toContain("current.json");
  expect(await readCurrent(store, "round")).toEqual({ version: done.version, documents });
  const [version] = await listVersions(store, "round");
  expect(version).toMatchObject({ state: "current", objects: 12 });
  expect(await publish(store, folder, me)).toMatchObject({ outcome: "unchanged", shards: 3 });
});

test("a publish of shards killed at any write leaves the old version or the new one, whole, and the next one succeeds", async () => {
  const before = corpus(90);
  const after = corpus(90, 200, (item) => item % 3 === 0, 1);
  const old = { documents: before, shards: 1 };
  const next = { documents: after, shards: 2, shardOf: (item: number) => (item >> 4) % 2, seed: 9 };
  const rehearsal = dying(store);
  await publish(rehearsal.store, await shardedOf({ name: "rehearsal", ...old }), me);
  const first = rehearsal.writes().length;
  await publish(rehearsal.store, await shardedOf({ name: "rehearsal", ...next }), me);
  const writes = rehearsal.writes().slice(first);
  expect(writes.length).toBeGreaterThanOrEqual(1 + 1 + 3 * 3 + 1);
  const faults = writes.flatMap((what, write): Fault[] => [
    { write, when: "before" },
    ...(what.startsWith("putPages") ? [{ write, when: "during" } as const] : []),
    ...(write === writes.length - 1 ? [{ write, when: "after" } as const] : []),
  ]);
  for (const fault of faults) {
    const name = `kill-${fault.write}-${fault.when}`;
    const { version: was } = await publish(store, await shardedOf({ name, ...old }), me);
    const folder = await shardedOf({ name, ...next });
    await expect(publish(dying(store, fault).store, folder, me)).rejects.toThrow(Killed);
    const seen = await readCurrent(store, name);
    expect(seen?.documents).toEqual(seen?.version === was ? before : after);
    const { version } = await publish(store, folder, me);
    expect(await readCurrent(store, name)).toEqual({ version, documents: after });
  }
}, 120_000);

test("documents keep their pages when an index is cut, cut anew, and made whole again", async () => {
  const name = "moving";
  const documents = corpus(2000);
  const whole = newFolder();
  await writeFolder(whole, { name, documents });
  const first = await publish(store, whole, me);
  const cut = await publish(store, await shardedOf({ name, documents, shards: 3 }), me);
  const anew = await publish(
    store,
    await shardedOf({ name, documents, shards: 4, shardOf: (item) => Math.floor(item / 500) }),
    me,
  );
  const again = newFolder();
  await writeFolder(again, { name, documents, seed: 7 });
  const last = await publish(store, again, me);
  for (const { documents: counts, written, pages } of [cut, anew, last]) {
    expect(counts).toMatchObject({ added: 0, kept: 2000, removed: 0 });
    expect(written.pages).toBe(0);
    expect(pages).toBe(first.pages);
  }
  for (const { version } of [first, cut, anew, last]) {
    expect((await readVersion(store, name, version)).documents).toEqual(documents);
  }
  // A shard of neighbouring items needs the pages of those alone, a scattered one all.
  const pagesOf = async (version: string) => {
    const object = await store.getObject(versionKey(name, version, "placement.bin", 0));
    return decodePlacement(object!.bytes).pages.length;
  };
  expect(await pagesOf(cut.version)).toBe(first.pages);
  expect(await pagesOf(anew.version)).toBeLessThanOrEqual(Math.ceil(first.pages / 4) + 1);
});

test("1% of the documents of a sharded index changed writes at most 2% of its pages' bytes", async () => {
  const name = "step";
  const shards = 4;
  const one = await publish(store, await shardedOf({ name, shards, documents: corpus(20_000) }), me);
  const documents = corpus(20_000, 200, (item) => item % 100 === 7, 1);
  // Every tenth document moves to another shard beside.
  const shardOf = (item: number) => (item + (item % 10 === 3 ? 1 : 0)) % shards;
  const two = await publish(store, await shardedOf({ name, shards, documents, shardOf }), me);
  expect(two.documents).toMatchObject({ added: 200, kept: 19_800, removed: 200 });
  expect(two.written.pageBytes).toBeLessThanOrEqual(0.02 * one.pageBytes);
  expect((await readCurrent(store, name))?.documents).toEqual(documents);
});

test("gc removes all objects of the versions that go, and what their shards alone needed; the rest stays whole", async () => {
  const name = "keep";
  const documentsOf = (edition: number) => corpus(600, 400, (item) => item % 6 === edition % 6, edition);
  const versions: string[] = [];
  for (let edition = 0; edition < 5; edition++) {
    const options = { name, documents: documentsOf(edition), shards: 2 + (edition % 2), seed: edition + 1 };
    versions.push((await publish(store, await shardedOf(options), me)).version);
  }
  const rehearsal = await gc(store, name, { keep: 2, dryRun: true, ...now });
  for (let write = 0; ; write++) {
    const { store: mortal, writes } = dying(store, { write, when: write % 2 ? "before" : "during" });
    const killed = await gc(mortal, name, { keep: 2, ...now }).then(
      () => false,
      (error: unknown) => {
        expect(error).toBeInstanceOf(Killed);
        return true;
      },
    );
    for (const edition of [3, 4]) {
      const { documents } = await readVersion(store, name, versions[edition]!);
      expect(documents).toEqual(documentsOf(edition));
    }
    if (!killed) break;
    expect(writes().length).toBe(write + 1);
  }
  expect(rehearsal.deleted.objects).toBeGreaterThanOrEqual(9 + 12 + 9);
  for (const version of versions.slice(0, 3)) expect(await keysOf(versionPrefix(name, version))).toEqual([]);
  expect((await listVersions(store, name)).map(({ objects }) => objects)).toEqual([9, 12]);
  await expect(rollback(store, name, versions[0], me)).rejects.toMatchObject({ code: "UNKNOWN_VERSION" });
  await rollback(store, name, versions[3], me);
  expect((await readCurrent(store, name))?.documents).toEqual(documentsOf(3));
});

test("a version without the placement of one of its shards ends a collection before anything is removed", async () => {
  const name = "blind";
  for (let seed = 1; seed < 5; seed++) {
    const { version } = await publish(
      store,
      await shardedOf({ name, documents: corpus(50), shards: 2, seed: seed * 10 }),
      me,
    );
    if (seed === 4) await store.deleteObjects([versionKey(name, version, "placement.bin", 1)]);
  }
  const before = await keysOf(name);
  await expect(gc(store, name, { keep: 2, ...now })).rejects.toMatchObject({ code: "VERSION_INCOMPLETE" });
  const without = (keys: string[]) => keys.filter((key) => !key.endsWith("current.json"));
  expect(without(await keysOf(name))).toEqual(without(before));
});

test("documents of all shards come back from R2 after KV has lost them", async () => {
  const name = "disaster";
  const documents = corpus(800);
  const { pages } = await publish(store, await shardedOf({ name, documents, shards: 3 }), me);
  const keys: string[] = [];
  for await (const { key } of store.listPages(pagesPrefix(name))) keys.push(key);
  await store.deletePages(keys);
  expect(await restore(store, name)).toMatchObject({ pages, written: pages, lost: 0 });
  expect((await readCurrent(store, name))?.documents).toEqual(documents);
});

test("a version whose shards' pages are gone is uploaded anew, with placements and manifests that fit each other", async () => {
  const name = "gone";
  const documents = corpus(300, 200, (item) => item % 3 === 0, 1);
  await publish(store, await shardedOf({ name, documents: corpus(300), shards: 2 }), me);
  const folder = await shardedOf({ name, documents, shards: 2, seed: 5 });
  const { version } = await publish(store, folder, me);
  const pages: string[] = [];
  for await (const { key } of store.listPages(pagesPrefix(name))) pages.push(key);
  const packs = await keysOf(packsPrefix(name));
  const others = corpus(50, 200, () => true, 2);
  await publish(store, await shardedOf({ name, documents: others, shards: 2, seed: 9 }), {
    ...me,
    mayShrink: 1,
  });
  await store.deletePages(pages);
  await store.deleteObjects(packs);
  expect(await publish(store, folder, me)).toMatchObject({ outcome: "published", version });
  expect(await readCurrent(store, name)).toEqual({ version, documents });
});

test("of publishers at once those of the same shards both succeed, and of others one wins", async () => {
  const name = "race";
  const documents = corpus(200);
  const same = await shardedOf({ name, documents, shards: 3 });
  const twins = await Promise.all([publish(store, same, me), publish(store, same, me)]);
  expect(new Set(twins.map(({ version }) => version)).size).toBe(1);
  expect((await readCurrent(store, name))?.documents).toEqual(documents);
  const folders = [
    await shardedOf({ name, documents: corpus(210), shards: 2 }),
    await shardedOf({ name, documents: corpus(220), shards: 4 }),
  ];
  const results = await Promise.allSettled(folders.map((folder) => publish(store, folder, me)));
  const won = results.findIndex(({ status }) => status === "fulfilled");
  const lost = results.find(({ status }) => status === "rejected") as PromiseRejectedResult;
  expect(lost.reason).toMatchObject({ code: "PUBLISH_CONFLICT" });
  expect((await readCurrent(store, name))?.documents).toEqual(corpus(won === 0 ? 210 : 220));
  const again = await publish(store, folders[1 - won]!, me);
  expect(again.outcome).toBe("promoted");
  expect((await readCurrent(store, name))?.documents).toEqual(corpus(won === 0 ? 220 : 210));
});

test("a shard that is damaged, another or not there is not published", async () => {
  const documents = corpus(60);
  const whole = await shardedOf({ name: "bad", documents, shards: 2 });
  const copyOf = async () => {
    const copy = newFolder();
    await cp(whole, copy, { recursive: true });
    return copy;
  };
  const longer = await copyOf();
  await appendFile(join(longer, "shards/0001/documents.jsonl"), "\n");
  await expect(publish(store, longer, me)).rejects.toMatchObject({ code: "ARTIFACT_CHANGED" });
  const other = await copyOf();
  await rm(join(other, "shards/0001"), { recursive: true });
  await expect(publish(store, other, me)).rejects.toMatchObject({ code: "NOT_AN_ARTIFACT" });
  await cp(join(other, "shards/0000"), join(other, "shards/0001"), { recursive: true });
  await expect(publish(store, other, me)).rejects.toThrow(/0001 holds version/);
  expect(await readCurrent(store, "bad")).toBeUndefined();
});
