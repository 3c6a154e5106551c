import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { gc } from "../../build/publish/gc.ts";
import { publish } from "../../build/publish/publish.ts";
import { checkPublished, restore } from "../../build/publish/restore.ts";
import type { PublishStore } from "../../build/publish/store.ts";
import { rollback } from "../../build/publish/versions.ts";
import { packsPrefix, pagesPrefix, versionKey, versionPrefix } from "../../worker/core/format/keys.ts";
import { corpus, writeFolder } from "./folder.ts";
import { dir, store } from "./own-store.ts";
import { readCurrent, readVersion } from "./stores.ts";

const me = { by: "me" };
const documents = corpus(300, 400);
let names = 0;

/** An index with a version before and a current one, and the current one's folder. */
async function published(): Promise<{ name: string; folder: string; version: string; first: string }> {
  const name = `mend-${names++}`;
  const old = join(dir, `${name}-old`);
  await writeFolder(old, { name, documents: corpus(300, 400, (item) => item < 40, 1), seed: 1 });
  const first = (await publish(store, old, me)).version;
  const folder = join(dir, name);
  await writeFolder(folder, { name, documents, seed: 2 });
  const { version } = await publish(store, folder, me);
  return { name, folder, version, first };
}

async function pagesOf(name: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.listPages(pagesPrefix(name))) keys.push(key);
  return keys;
}
async function packsOf(name: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.listObjects(packsPrefix(name))) keys.push(key);
  return keys;
}
/** Replaces an object by one of the same length with one byte changed. */
async function flip(key: string, at = 1000): Promise<void> {
  const { bytes } = (await store.getObject(key))!;
  const changed = bytes.slice();
  changed[Math.min(at, bytes.length - 1)]! ^= 1;
  await store.putObject(key, changed);
}
async function cut(key: string): Promise<void> {
  const { bytes } = (await store.getObject(key))!;
  await store.putObject(key, bytes.slice(0, bytes.length >> 1));
}

type Damage = (name: string, version: string) => Promise<void>;
const ofVersion =
  (file: "forest.bin" | "placement.bin" | "manifest.json", harm: (key: string) => Promise<void>): Damage =>
  (name, version) =>
    harm(versionKey(name, version, file));
const remove = (key: string) => store.deleteObjects([key]);

const LOSSES: [string, Damage][] = [
  ["forest.bin lost", ofVersion("forest.bin", remove)],
  ["forest.bin cut", ofVersion("forest.bin", cut)],
  ["forest.bin changed", ofVersion("forest.bin", flip)],
  ["placement.bin lost", ofVersion("placement.bin", remove)],
  ["placement.bin changed", ofVersion("placement.bin", flip)],
  ["manifest.json lost", ofVersion("manifest.json", remove)],
  ["manifest.json changed", ofVersion("manifest.json", (key) => flip(key, 3))],
  [
    "all pages and packs lost",
    async (name) => {
      await store.deletePages(await pagesOf(name));
      await store.deleteObjects(await packsOf(name));
    },
  ],
  [
    "packs lost, and one page",
    async (name) => {
      await store.deletePages((await pagesOf(name)).slice(0, 1));
      await store.deleteObjects(await packsOf(name));
    },
  ],
];

describe.each(LOSSES)("%s", (_, damage) => {
  test("is found by verify, and mended by publishing again", async () => {
    const { name, folder, version } = await published();
    await damage(name, version);
    const found = await checkPublished(store, name);
    expect(found[0]?.findings.length).toBeGreaterThan(0);
    expect(await publish(store, folder, { ...me, dryRun: true })).toMatchObject({ outcome: "planned" });
    expect(await publish(store, folder, me)).toMatchObject({ outcome: "repaired", version });
    expect(await readCurrent(store, name)).toEqual({ version, documents });
    expect((await checkPublished(store, name))[0]).toEqual({ version, state: "current", findings: [] });
    expect(await publish(store, folder, me)).toMatchObject({ outcome: "unchanged" });
  });
});

test.each(LOSSES.slice(0, 7))(
  "a version with its %s is no target of a rollback until it is published again",
  async (_, damage) => {
    const { name, folder, version, first } = await published();
    await rollback(store, name, undefined, me);
    await damage(name, version);
    await expect(rollback(store, name, version, me)).rejects.toMatchObject({
      code: expect.stringMatching(/VERSION_INCOMPLETE|UNKNOWN_VERSION/),
    });
    expect((await readCurrent(store, name))?.version).toBe(first);
    expect((await publish(store, folder, me)).outcome).toMatch(/published/);
    expect(await readCurrent(store, name)).toEqual({ version, documents });
    await readVersion(store, name, first);
  },
);

test("pages that KV lost come back with a rollback, with publish and with restore; changed ones with restore and --force", async () => {
  const { name, folder, version, first } = await published();
  const lose = async () => store.deletePages(await pagesOf(name));
  await lose();
  expect((await checkPublished(store, name))[0]?.findings[0]).toMatchObject({
    ...{ kind: "page", fault: "missing", mendedBy: "restore" },
  });
  expect(await publish(store, folder, me)).toMatchObject({ outcome: "repaired", version });
  expect(await readCurrent(store, name)).toEqual({ version, documents });
  await lose();
  await rollback(store, name, first, me);
  await readVersion(store, name, first);
  await rollback(store, name, version, me);
  expect(await readCurrent(store, name)).toEqual({ version, documents });
  await lose();
  expect(await restore(store, name)).toMatchObject({ lost: 0, left: [] });
  expect(await readCurrent(store, name)).toEqual({ version, documents });

  for (const mend of [() => restore(store, name), () => publish(store, folder, { ...me, force: true })]) {
    const [key] = await pagesOf(name);
    const text = (await store.getPages([key!])).get(key!)!;
    await store.putPages([{ key: key!, value: text.replace("edition", "edItion") }]);
    expect((await checkPublished(store, name)).flatMap(({ findings }) => findings)).toContainEqual({
      ...{ kind: "page", fault: "changed", key, mendedBy: "restore" },
    });
    await mend();
    expect((await store.getPages([key!])).get(key!)).toBe(text);
  }
});

test("a lost or changed pack is put together again from KV by restore", async () => {
  const { name, version } = await published();
  for (const harm of [remove, flip]) {
    for (const key of await packsOf(name)) await harm(key);
    const result = await restore(store, name);
    expect(result.packsWritten).toBeGreaterThan(0);
    expect(result.lost).toBe(0);
    expect(await readCurrent(store, name)).toEqual({ version, documents });
  }
});

test("a page that a later version would keep is written anew when it is lost", async () => {
  const { name } = await published();
  await store.deletePages(await pagesOf(name));
  await store.deleteObjects(await packsOf(name));
  const next = join(dir, `${name}-next`);
  const more = [...documents, { id: "more", pageContent: "more", metadata: {} }];
  await writeFolder(next, { name, documents: more, seed: 3 });
  const { outcome, version } = await publish(store, next, me);
  expect(outcome).toBe("published");
  expect(await readCurrent(store, name)).toEqual({ version, documents: more });
});

test("a publish that a collection with a wrong clock overtakes looks again before the pointer moves", async () => {
  const { name } = await published();
  const next = join(dir, `${name}-next`);
  await writeFolder(next, { name, documents: corpus(300, 400, () => true, 5), seed: 3 });
  let collected = 0;
  const racing: PublishStore = {
    ...store,
    async putObject(key, source, options) {
      const written = await store.putObject(key, source, options);
      // Once all is uploaded and before the pointer moves: a collection whose clock is two days ahead.
      if (key.endsWith("/manifest.json") && collected === 0)
        collected = (await gc(store, name, { keep: 1, graceSeconds: -172_800 })).deleted.pages;
      return written;
    },
  };
  const { version } = await publish(racing, next, me);
  expect(collected).toBeGreaterThan(0);
  expect(await readCurrent(store, name)).toEqual({ version, documents: corpus(300, 400, () => true, 5) });
  expect((await checkPublished(store, name))[0]?.findings).toEqual([]);
});

test("a publish whose files are removed as fast as it writes them gives up, and the old version stays", async () => {
  const { name, version, folder } = await published();
  const next = join(dir, `${name}-next`);
  await writeFolder(next, { name, documents: corpus(300, 400, () => true, 5), seed: 3 });
  const racing: PublishStore = {
    ...store,
    async putObject(key, source, options) {
      const written = await store.putObject(key, source, options);
      if (key.endsWith("/manifest.json")) await gc(store, name, { keep: 1, graceSeconds: -172_800 });
      return written;
    },
  };
  await expect(publish(racing, next, me)).rejects.toMatchObject({ code: "PUBLISH_OVERTAKEN" });
  expect((await readCurrent(store, name))?.version).toBe(version);
  expect(await publish(store, folder, me)).toMatchObject({ outcome: "unchanged" });
  expect((await publish(store, next, me)).outcome).toBe("published");
});

test("a publish that goes on days later writes only the pages that are not there", async () => {
  const name = "resumed";
  const folder = join(dir, name);
  await writeFolder(folder, { name, documents });
  const old = Math.floor(Date.now() / 1000) - 3 * 86_400;
  const dying: PublishStore = {
    ...store,
    putPages: async (pages) => {
      await store.putPages(pages.slice(0, 2));
      throw new Error("the day's writes are used up");
    },
  };
  await expect(publish(dying, folder, me)).rejects.toThrow("used up");
  expect(await pagesOf(name)).toHaveLength(2);
  // The listing's time of writing, three days back.
  const later: PublishStore = {
    ...store,
    async *listPages(prefix) {
      for await (const { key } of store.listPages(prefix)) yield { key, writtenAt: new Date(old * 1000) };
    },
  };
  const { written, pages } = await publish(later, folder, me);
  expect(written).toMatchObject({ pagesFound: 2, pages: pages - 2 });
  expect(await readCurrent(store, name)).toMatchObject({ documents });
});

test("a temporary file that lost its end is found before its pages are published", async () => {
  const { packPages } = await import("../../build/publish/pack.ts");
  const { hashLines, planPages } = await import("../../build/publish/plan.ts");
  const lines = await hashLines([{ documents: itemsOf(), nItems: documents.length }], true);
  const packed = await packPages(planPages(lines, [], undefined), lines, undefined);
  const pack = packed.packs[0]!;
  await truncate(pack.path, pack.bytes - 1);
  await expect(packed.readPages(pack, pack.pages)).rejects.toMatchObject({ code: "TEMPORARY_FILE_CHANGED" });
  await packed.discard();
});

async function* itemsOf() {
  for (const [item, document] of documents.entries()) yield { item, ...document };
}

test("verify looks at the version before as well", async () => {
  const { name, first } = await published();
  for await (const { key } of store.listObjects(versionPrefix(name, first))) await store.deleteObjects([key]);
  const [current, previous] = await checkPublished(store, name);
  expect(current?.findings).toEqual([]);
  expect(previous).toMatchObject({ state: "previous", findings: [{ kind: "manifest", fault: "missing" }] });
});

test("a rollback that a whole collection overtakes is refused, and the version that is current stays", async () => {
  const { name, version, first } = await published();
  let collected: readonly string[] = [];
  const next = join(dir, `${name}-next`);
  await writeFolder(next, { name, documents: corpus(300, 400, () => true, 5), seed: 3 });
  const third = (await publish(store, next, me)).version;
  const racing: PublishStore = {
    ...store,
    async putObject(key, source, options) {
      // A rollback that was paused before it moves the pointer, until a collection has begun and ended.
      if (key.endsWith("/current.json") && collected.length === 0)
        collected = (await gc(store, name, { keep: 1 })).removed;
      return store.putObject(key, source, options);
    },
  };
  await expect(rollback(racing, name, first, me)).rejects.toMatchObject({ code: "VERSION_COLLECTED" });
  expect(collected).toEqual([first]);
  expect((await readCurrent(store, name))?.version).toBe(third);
  await readVersion(store, name, version);
});

test("gc leaves what is left of the current version, whose manifest is lost, and says why", async () => {
  const { name, folder, version } = await published();
  const key = versionKey(name, version, "manifest.json");
  for (const harm of [remove, cut]) {
    await harm(key);
    const collecting = gc(store, name, { keep: 1, graceSeconds: -10 });
    await expect(collecting).rejects.toMatchObject({ code: "VERSION_INCOMPLETE" });
    await expect(collecting).rejects.toThrow(/Nothing was removed\. Publish its artifact again/);
    for (const file of ["forest.bin", "placement.bin"] as const)
      expect(await store.headObject(versionKey(name, version, file))).toBeDefined();
    expect(await publish(store, folder, me)).toMatchObject({ outcome: "repaired" });
    expect(await readCurrent(store, name)).toEqual({ version, documents });
  }
});

test("--force writes packs anew of which a part has changed", async () => {
  const { name, folder, version } = await published();
  for (const key of await packsOf(name)) await flip(key, Number.MAX_SAFE_INTEGER);
  expect(await publish(store, folder, { ...me, force: true })).toMatchObject({ outcome: "repaired" });
  expect(await readCurrent(store, name)).toEqual({ version, documents });
  expect((await checkPublished(store, name))[0]?.findings).toEqual([]);
});
