import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { idsOf } from "../../build/changes/documents.ts";
import { update } from "../../build/changes/update.ts";
import { openLocalIndex } from "../../build/local/local-index.ts";
import { build } from "../../build/pipeline/build.ts";
import { downloadVersion } from "../../build/publish/download.ts";
import { gc } from "../../build/publish/gc.ts";
import { readPointerState } from "../../build/publish/pointer.ts";
import { publish } from "../../build/publish/publish.ts";
import { checkPublished, restore } from "../../build/publish/restore.ts";
import { listVersions, rollback } from "../../build/publish/versions.ts";
import { pagesPrefix, versionKey, versionPrefix } from "../../worker/core/format/keys.ts";
import type { ReaderStatus } from "../../worker/storage/types.ts";
import { killAtEachWrite } from "./killed.ts";
import { dir, store } from "./own-store.ts";
import { modulesOf, runWorker } from "./runtime.ts";
import { dying } from "./stores.ts";

/** Versions that are changes on top of a base: published, read, rolled back, collected. */

const me = { by: "me" };
const now = { graceSeconds: -1 };
const COUNT = 400;

function documentOf(i: number, edition = 0) {
  const angle = i + edition / 10;
  return {
    id: `d${i}`,
    pageContent: `document ${i} edition ${edition} ${"word ".repeat(60)}`,
    metadata: { edition },
    vector: Array.from({ length: 16 }, (_, j) => Math.sin(angle * (j + 1))),
  };
}

async function baseOf(name: string, count = COUNT): Promise<string> {
  const out = join(dir, `folder-${name}`);
  await build({ documents: Array.from({ length: count }, (_, i) => documentOf(i)), name, out });
  return out;
}

/** Replaces d1, adds one, removes d2 the first time. */
async function change(folder: string, edition: number): Promise<string> {
  const documents = [documentOf(1, edition), documentOf(COUNT + edition, edition)];
  const { manifest } = await update(folder, { documents, ...(edition === 1 && { remove: ["d2"] }) });
  return manifest.version;
}

/** The ids of a published version, all of it read back. */
async function idsIn(name: string, version: string): Promise<string[]> {
  const folder = join(dir, "downloaded");
  await rm(folder, { recursive: true, force: true });
  await downloadVersion(store, name, version, folder);
  const index = await openLocalIndex(folder);
  try {
    return [...idsOf(index)].map(([id]) => id);
  } finally {
    await index.close();
  }
}

async function currentOf(name: string): Promise<string> {
  return (await readPointerState(store, name))!.pointer.version;
}

test("publishes the changes alone, names the base, and says what changed", async () => {
  const name = "alone";
  const folder = await baseOf(name);
  const first = await publish(store, folder, me);
  const version = await change(folder, 1);
  const { store: watched, writes } = dying(store);
  const result = await publish(watched, folder, me);
  expect(result).toMatchObject({
    outcome: "published",
    version,
    previous: first.version,
    documents: { added: 2, kept: COUNT - 2, removed: 2 },
  });
  expect(writes().filter((write) => write.includes(first.version))).toEqual([]);
  expect(result.written.objectBytes).toBeLessThan(first.written.objectBytes / 10);
  const [current, base] = await listVersions(store, name);
  expect(current).toMatchObject({ version, state: "current", base: first.version });
  expect(base).toMatchObject({ version: first.version, state: "previous" });
  const { pointer } = (await readPointerState(store, name))!;
  expect(pointer.lengths?.base?.version).toBe(first.version);
  const ids = await idsIn(name, version);
  expect(ids).toHaveLength(COUNT);
  expect(ids).not.toContain("d2");
  expect(await publish(store, folder, me)).toMatchObject({ outcome: "unchanged" });
});

test("a base that was never published goes along, and is published once", async () => {
  const name = "along";
  const folder = await baseOf(name);
  const base = (await update(folder, { documents: [documentOf(1, 1)] })).manifest.base!.version;
  const planned = await publish(store, folder, { ...me, dryRun: true });
  const result = await publish(store, folder, me);
  expect(planned.written).toEqual(result.written);
  expect(result.documents).toMatchObject({ added: COUNT, removed: 0 });
  expect(await idsIn(name, result.version)).toHaveLength(COUNT);
  await change(folder, 2);
  const { store: watched, writes } = dying(store);
  await publish(watched, folder, me);
  expect(writes().filter((write) => write.includes(base))).toEqual([]);
});

test("killed at any write, what was current stays whole, and publishing again goes on", async () => {
  const name = "killed";
  const folder = await baseOf(name, 60);
  await publish(store, folder, me);
  await killAtEachWrite({
    ...{ name, folder, change: (edition) => change(folder, edition), least: 5 },
    check: async (current, isNew, write) =>
      expect(await idsIn(name, current)).toHaveLength(60 + write + (isNew ? 1 : 0)),
  });
});

test("of two publishers of changes on one base one wins and the other is told", async () => {
  const name = "two";
  const folder = await baseOf(name, 60);
  await publish(store, folder, me);
  const other = `${folder}-other`;
  await cp(folder, other, { recursive: true });
  const versions = [await change(folder, 1), await change(other, 2)];
  const results = await Promise.allSettled([publish(store, folder, me), publish(store, other, me)]);
  expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  const lost = results.find((result) => result.status === "rejected");
  expect(lost?.reason).toMatchObject({ code: "PUBLISH_CONFLICT" });
  expect(versions).toContain(await currentOf(name));
});

test("gc keeps the base that changes need, rollback crosses a compaction, and restore mends both", async () => {
  const name = "kept";
  const folder = await baseOf(name);
  const base = (await publish(store, folder, me)).version;
  const changed = await change(folder, 1);
  await publish(store, folder, me);
  const second = await change(folder, 2);
  await publish(store, folder, me);
  const { kept, removed } = await gc(store, name, { keep: 0, ...now });
  expect(new Set(kept)).toEqual(new Set([base, changed, second]));
  expect(removed).toEqual([]);

  const whole = `${folder}-whole`;
  await build({ documents: Array.from({ length: COUNT }, (_, i) => documentOf(i, 3)), name, out: whole });
  const compacted = (await publish(store, whole, me)).version;
  expect(await rollback(store, name, undefined, me)).toMatchObject({ version: second });
  expect(await idsIn(name, second)).toHaveLength(COUNT + 1);
  expect((await checkPublished(store, name)).flatMap(({ findings }) => findings)).toEqual([]);

  // A page of the base and one of the changes.
  const pages: string[] = [];
  for await (const { key } of store.listPages(pagesPrefix(name))) pages.push(key);
  await store.deletePages(pages);
  expect((await restore(store, name)).lost).toBe(0);
  expect(await idsIn(name, second)).toHaveLength(COUNT + 1);

  await rollback(store, name, compacted, me);
  await publish(store, await again(whole, 4), me);
  const after = await gc(store, name, { keep: 0, ...now });
  expect(new Set(after.removed)).toEqual(new Set([base, changed, second]));
  for await (const { key } of store.listObjects(versionPrefix(name, base))) throw new Error(`${key} is left`);
});

async function again(folder: string, edition: number): Promise<string> {
  await update(folder, { documents: [documentOf(3, edition)] });
  return folder;
}

test("a base that is lost keeps its changes from being promoted, and publishing writes it again", async () => {
  const name = "lost";
  const folder = await baseOf(name, 60);
  const base = (await publish(store, folder, me)).version;
  const version = await change(folder, 1);
  await publish(store, folder, me);
  await rollback(store, name, base, me);
  await store.deleteObjects([versionKey(name, base, "forest.bin")]);
  await expect(rollback(store, name, version, me)).rejects.toMatchObject({ code: "VERSION_INCOMPLETE" });
  expect(await publish(store, folder, me)).toMatchObject({ version });
  expect(await idsIn(name, version)).toHaveLength(60);
});

/** Runs an isolate that reads an index and looks for a new version only when `/refresh` asks it to. */
async function readerOf(name: string) {
  const modules = await modulesOf("test/workerd/artifact/reader-worker.ts");
  const worker = await runWorker(dir, modules, { INDEX_NAME: name, REFRESH_SECONDS: "3600" });
  const ask = async (path: string) => (await fetch(new URL(path, worker.url))).json();
  return { ask, stop: () => worker.stop() };
}

test("gc leaves what an isolate goes on to, though it still holds an old base", async () => {
  const name = "holding";
  const folder = await baseOf(name, 60);
  const base = (await publish(store, folder, me)).version;
  const { ask, stop } = await readerOf(name);
  try {
    expect(await ask("/")).toMatchObject({ version: base });
    const changed = await change(folder, 1);
    await publish(store, folder, me);
    await gc(store, name, { keep: 0, ...now });
    expect(await ask("/")).toMatchObject({ version: base });
    expect(await ask("/refresh")).toMatchObject({ version: changed, lastError: null });

    // A new base, and changes on it: the old base goes while it is held.
    const whole = `${folder}-whole`;
    await build({ documents: Array.from({ length: 60 }, (_, i) => documentOf(i, 3)), name, out: whole });
    const second = (await publish(store, whole, me)).version;
    await publish(store, await again(whole, 4), me);
    expect((await gc(store, name, { keep: 0, ...now })).removed).toContain(base);
    expect(await ask("/")).toMatchObject({ version: changed, base });
    const version = await currentOf(name);
    expect(await ask("/refresh")).toMatchObject({ version, lastError: null });
    expect(await ask("/")).toMatchObject({ version, base: second });
  } finally {
    await stop();
  }
});

test("changes that remove most documents are not published unless that is allowed", async () => {
  const name = "shrunk";
  const folder = await baseOf(name, 60);
  await publish(store, folder, me);
  await update(folder, { remove: Array.from({ length: 40 }, (_, i) => `d${i}`) });
  const refused = { code: "GATE_FAILED", message: expect.stringContaining("CORPUS_SHRANK") };
  await expect(publish(store, folder, me)).rejects.toMatchObject(refused);
  expect(await publish(store, folder, { ...me, mayShrink: 1 })).toMatchObject({ outcome: "published" });
});

test("an isolate that holds the base reads the changes alone, back and forth", async () => {
  const name = "reader";
  const folder = await baseOf(name);
  const base = (await publish(store, folder, me)).version;
  const { ask, stop } = await readerOf(name);
  try {
    expect(await ask("/")).toMatchObject({ version: base });
    const { heldBytes: held } = (await ask("/status")) as ReaderStatus;
    const version = await change(folder, 1);
    await publish(store, folder, me);
    await ask("/reads");
    expect(await ask("/refresh")).toMatchObject({ version, lastError: null });
    expect(await ask("/")).toMatchObject({ version, base });
    const read = (await ask("/reads")) as string[];
    expect(read.filter((key) => key.includes(base))).toEqual([]);
    expect(read).toContain(versionKey(name, version, "forest.bin"));
    const second = await change(folder, 2);
    await publish(store, folder, me);
    expect(await ask("/refresh")).toMatchObject({ version: second });
    const status = (await ask("/status")) as ReaderStatus;
    expect(status.heldBytes).toBeGreaterThan(held);
    expect(status.peakBytes).toBeLessThan(held * 1.5);

    await ask("/reads");
    await rollback(store, name, base, me);
    expect(await ask("/refresh")).toMatchObject({ version: base, heldBytes: held, lastError: null });
    expect(((await ask("/reads")) as string[]).filter((key) => key.endsWith("forest.bin"))).toEqual([]);
  } finally {
    await stop();
  }
  // A cold isolate reads both.
  await publish(store, folder, me);
  const cold = await readerOf(name);
  try {
    expect(await cold.ask("/")).toMatchObject({ base });
  } finally {
    await cold.stop();
  }
});
