import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { gc } from "../../build/publish/gc.ts";
import { readPointerState } from "../../build/publish/pointer.ts";
import { publish } from "../../build/publish/publish.ts";
import { restore } from "../../build/publish/restore.ts";
import { listVersions, rollback } from "../../build/publish/versions.ts";
import { packsPrefix, pagesPrefix, versionKey } from "../../worker/core/format/keys.ts";
import { corpus, writeFolder } from "./folder.ts";
import { dir, store } from "./own-store.ts";
import { dying, Killed, readCurrent, readVersion } from "./stores.ts";

const me = { by: "me" };
const now = { graceSeconds: -1 };
let folders = 0;
const DOCUMENTS = 600;

/** Folder of an edition: a sixth of the documents differ from the one before. */
async function editionOf(name: string, edition: number): Promise<string> {
  const folder = join(dir, `folder-${folders++}`);
  await writeFolder(folder, { name, documents: documentsOf(edition), seed: edition + 1 });
  return folder;
}
const documentsOf = (edition: number) => corpus(DOCUMENTS, 400, (item) => item % 6 === edition % 6, edition);

async function publishEditions(name: string, count: number): Promise<string[]> {
  const versions: string[] = [];
  for (let edition = 0; edition < count; edition++) {
    versions.push((await publish(store, await editionOf(name, edition), me)).version);
  }
  return versions;
}

async function keysOf(name: string): Promise<{ pages: Set<string>; packs: Set<string> }> {
  const pages = new Set<string>();
  const packs = new Set<string>();
  for await (const { key } of store.listPages(pagesPrefix(name))) pages.add(key);
  for await (const { key } of store.listObjects(packsPrefix(name))) packs.add(key);
  return { pages, packs };
}

test("gc keeps the last versions whole and removes the others with all that only they needed", async () => {
  const name = "keep";
  const versions = await publishEditions(name, 7);
  const before = await keysOf(name);
  const planned = await gc(store, name, { keep: 3, dryRun: true, ...now });
  expect(await keysOf(name)).toEqual(before);
  const result = await gc(store, name, { keep: 3, ...now });
  expect({ ...planned, dryRun: false }).toEqual(result);
  expect(new Set(result.removed)).toEqual(new Set(versions.slice(0, 4)));
  expect(result.deleted.pages).toBeGreaterThan(0);
  const after = await keysOf(name);
  expect(before.pages.size - after.pages.size).toBe(result.deleted.pages);
  expect((await listVersions(store, name)).map(({ version }) => version)).toEqual(
    versions.slice(4).reverse(),
  );
  for (const [i, version] of versions.entries()) {
    if (i < 4) await expect(readVersion(store, name, version)).rejects.toThrow("is missing");
    else expect((await readVersion(store, name, version)).documents).toEqual(documentsOf(i));
  }
  expect(await gc(store, name, { keep: 3, ...now })).toMatchObject({
    removed: [],
    deleted: { objects: 0, pages: 0 },
  });
});

test("gc and versions go by the history, whatever the clocks of publishers say", async () => {
  const name = "clocks";
  const days = 86_400_000;
  vi.useFakeTimers({ toFake: ["Date"] });
  try {
    const versions: string[] = [];
    for (const [edition, off] of [5, 0, -3, 0].entries()) {
      vi.setSystemTime(vi.getRealSystemTime() + off * days);
      versions.push((await publish(store, await editionOf(name, edition), me)).version);
    }
    expect((await listVersions(store, name)).map(({ version }) => version)).toEqual(versions.toReversed());
    vi.setSystemTime(vi.getRealSystemTime() + 30 * days);
    expect(await gc(store, name, { keep: 3 })).toMatchObject({ removed: [versions[0]] });
    expect(await restore(store, name)).toMatchObject({ lost: 0, written: 0, left: [] });
    expect(await publish(store, await editionOf(name, 3), me)).toMatchObject({ outcome: "unchanged" });
  } finally {
    vi.useRealTimers();
  }
});

test("the current version and the one before it stay, even with nothing to keep and after a rollback", async () => {
  const name = "needed";
  const versions = await publishEditions(name, 4);
  await rollback(store, name, versions[0], me);
  const { kept } = await gc(store, name, { keep: 0, ...now });
  expect(new Set(kept)).toEqual(new Set([versions[0], versions[3]]));
  expect((await readCurrent(store, name))?.documents).toEqual(documentsOf(0));
  expect(await rollback(store, name, undefined, me)).toMatchObject({ version: versions[3] });
  expect((await readCurrent(store, name))?.documents).toEqual(documentsOf(3));
});

test("other indexes in the same bucket and namespace are left alone", async () => {
  await publishEditions("neighbour", 1);
  await publishEditions("neighbour-2", 1);
  await publishEditions("neighbou", 3);
  await gc(store, "neighbou", { keep: 1, ...now });
  expect((await readCurrent(store, "neighbour"))?.documents).toEqual(documentsOf(0));
  expect((await readCurrent(store, "neighbour-2"))?.documents).toEqual(documentsOf(0));
});

test("what an unfinished publish wrote today stays, and goes when it is old", async () => {
  const name = "unfinished";
  await publishEditions(name, 2);
  const folder = await editionOf(name, 2);
  await expect(publish(dying(store, { write: 4, when: "before" }).store, folder, me)).rejects.toThrow(Killed);
  const before = await keysOf(name);
  expect(await gc(store, name, { keep: 1 })).toMatchObject({ removed: [], deleted: { pages: 0 } });
  expect(await keysOf(name)).toEqual(before);
  const { removed } = await gc(store, name, { keep: 1, ...now });
  expect(removed).toHaveLength(1);
  await publish(store, folder, me);
  expect((await readCurrent(store, name))?.documents).toEqual(documentsOf(2));
});

test("a collection killed at any write leaves what is needed, and the next one finishes it", async () => {
  const rehearsal = dying(store);
  await publishEditions("rehearsal", 5);
  await gc(rehearsal.store, "rehearsal", { keep: 2, ...now });
  const total = rehearsal.writes().length;
  expect(total).toBeGreaterThanOrEqual(7);
  for (let write = 0; write < total; write++) {
    const name = `killed-${write}`;
    const versions = await publishEditions(name, 5);
    const when = (["before", "during", "after"] as const)[write % 3]!;
    await expect(gc(dying(store, { write, when }).store, name, { keep: 2, ...now })).rejects.toThrow(Killed);
    expect((await readCurrent(store, name))?.documents).toEqual(documentsOf(4));
    expect((await readVersion(store, name, versions[3]!)).documents).toEqual(documentsOf(3));
    await gc(store, name, { keep: 2, ...now });
    expect((await listVersions(store, name)).map(({ version }) => version)).toEqual([
      versions[4],
      versions[3],
    ]);
    expect((await readPointerState(store, name))?.pointer.collecting).toBeUndefined();
    await publish(store, await editionOf(name, 0), me);
    expect((await readCurrent(store, name))?.documents).toEqual(documentsOf(0));
  }
});

test("a version that is being collected cannot be promoted", async () => {
  const name = "marked";
  const versions = await publishEditions(name, 4);
  await expect(
    gc(dying(store, { write: 1, when: "before" }).store, name, { keep: 2, ...now }),
  ).rejects.toThrow(Killed);
  await expect(rollback(store, name, versions[0], me)).rejects.toMatchObject({ code: "VERSION_COLLECTED" });
  expect((await readCurrent(store, name))?.documents).toEqual(documentsOf(3));
});

test("a collection and a publish at once leave a whole version", async () => {
  const name = "both";
  await publishEditions(name, 5);
  for (let edition = 5; edition < 10; edition++) {
    const folder = await editionOf(name, edition);
    const [published] = await Promise.allSettled([
      publish(store, folder, me),
      gc(store, name, { keep: 1 }),
      gc(store, name, { keep: 2 }),
    ]);
    if (published.status === "rejected") await publish(store, folder, me);
    expect((await readCurrent(store, name))?.documents).toEqual(documentsOf(edition));
  }
});

test("a version whose pages are gone is not promoted as it is: they come back, from R2 or from the artifact", async () => {
  const name = "gone";
  const folder = await editionOf(name, 0);
  const { version } = await publish(store, folder, me);
  await publish(store, await editionOf(name, 1), me);
  const { pages, packs } = await keysOf(name);
  await store.deletePages([...pages]);
  expect(await publish(store, folder, me)).toMatchObject({ outcome: "promoted", version });
  expect((await readCurrent(store, name))?.documents).toEqual(documentsOf(0));

  await rollback(store, name, undefined, me);
  await store.deletePages([...(await keysOf(name)).pages]);
  await store.deleteObjects([...packs]);
  expect(await publish(store, folder, me)).toMatchObject({ outcome: "published", version });
});

test("documents that KV has lost come back from R2 alone", async () => {
  const name = "disaster";
  await publishEditions(name, 3);
  const { pages } = await keysOf(name);
  await store.deletePages([...pages]);
  await expect(readCurrent(store, name)).rejects.toThrow("is missing");
  const result = await restore(store, name);
  expect(result).toMatchObject({ lost: 0 });
  expect(result.written).toBe(result.pages);
  expect((await readCurrent(store, name))?.documents).toEqual(documentsOf(2));
  expect(await restore(store, name)).toMatchObject({ written: 0, lost: 0 });
});

test("a kept version without its placement ends the collection before anything is removed", async () => {
  const name = "blind";
  const versions = await publishEditions(name, 4);
  await store.deleteObjects([versionKey(name, versions[3]!, "placement.bin")]);
  const before = await keysOf(name);
  await expect(gc(store, name, { keep: 2, ...now })).rejects.toMatchObject({ code: "VERSION_INCOMPLETE" });
  expect(await keysOf(name)).toEqual(before);
});
