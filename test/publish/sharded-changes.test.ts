import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readManifest } from "../../build/artifact/folder.ts";
import { idsOf } from "../../build/changes/documents.ts";
import { openParts } from "../../build/changes/open-parts.ts";
import { update } from "../../build/changes/update.ts";
import { build } from "../../build/pipeline/build.ts";
import { verify } from "../../build/pipeline/verify.ts";
import { checkVersion } from "../../build/publish/check.ts";
import { downloadVersion } from "../../build/publish/download.ts";
import { gc } from "../../build/publish/gc.ts";
import { readPointerState } from "../../build/publish/pointer.ts";
import { publish } from "../../build/publish/publish.ts";
import { checkPublished, restore } from "../../build/publish/restore.ts";
import { listVersions, rollback } from "../../build/publish/versions.ts";
import { pagesPrefix, versionKey, versionPrefix } from "../../worker/core/format/keys.ts";
import { killAtEachWrite } from "./killed.ts";
import { dir, store } from "./own-store.ts";
import { dying } from "./stores.ts";

/** Versions of an index in shards that are changes on top of a base: published, read back, rolled back, collected. */

const me = { by: "me" };
const now = { graceSeconds: -1 };
const COUNT = 60;

/** Three directions, which come to lie in three shards. */
function documentOf(i: number, edition = 0) {
  const vector = [0, 1, 2].map((axis) => (axis === i % 3 ? 1 : ((i * 7 + edition) % 50) / 500));
  return { id: `d${i}`, pageContent: `document ${i} edition ${edition} ${"word ".repeat(40)}`, vector };
}

async function baseOf(name: string, edition = 0): Promise<string> {
  const out = join(dir, `folder-${name}`);
  const documents = Array.from({ length: COUNT }, (_, i) => documentOf(i, edition));
  await build({ documents, name, out, shards: 3, embedder: "none", jobs: 1 });
  return out;
}

/** Replaces d1, adds one of the same direction, removes d4 the first time. */
async function change(folder: string, edition: number): Promise<string> {
  const documents = [documentOf(1, edition), documentOf(COUNT + 3 * edition + 1, edition)];
  const remove = edition === 1 ? ["d4"] : [];
  return (await update(folder, { documents, remove, jobs: 1 })).manifest.version;
}

/** The ids of a published version, all of it read back, and verified where that is asked for. */
async function idsIn(name: string, version: string, isVerified = true): Promise<string[]> {
  const folder = join(dir, "downloaded");
  await rm(folder, { recursive: true, force: true });
  await downloadVersion(store, name, version, folder);
  if (isVerified)
    expect((await verify(folder, { recall: false })).checks.filter(({ ok }) => !ok)).toEqual([]);
  const { parts, close } = await openParts(folder, await readManifest(folder));
  try {
    return parts.flatMap(({ index }) => [...idsOf(index)].map(([id]) => id));
  } finally {
    await close();
  }
}

const currentOf = async (name: string) => (await readPointerState(store, name))!.pointer.version;

test("publishes the changes of the changed shard alone, over and over, and what is unchanged not at all", async () => {
  const name = "alone";
  const folder = await baseOf(name);
  const first = await publish(store, folder, me);
  const version = await change(folder, 1);
  const planned = await publish(store, folder, { ...me, dryRun: true });
  const { store: watched, writes } = dying(store);
  const result = await publish(watched, folder, me);
  expect({ ...planned, outcome: "published" }).toEqual(result);
  expect(result).toMatchObject({ version, previous: first.version, shards: 3 });
  expect(result.documents).toMatchObject({ added: 2, kept: COUNT - 2, removed: 2 });
  const written = writes().filter((write) => write.includes("/versions/"));
  expect(written.filter((write) => write.includes(first.version))).toEqual([]);
  // Forest, placement and manifest of the router and of one shard.
  expect(written.length).toBe(6);
  const [current] = await listVersions(store, name);
  expect(current).toMatchObject({ version, state: "current", base: first.version, objects: 6 });
  const ids = await idsIn(name, version);
  expect(ids).toHaveLength(COUNT);
  expect(ids).not.toContain("d4");
  expect(await publish(store, folder, me)).toMatchObject({ outcome: "unchanged" });
  expect((await checkPublished(store, name)).flatMap(({ findings }) => findings)).toEqual([]);
});

test("killed at any write, what was current stays whole, and publishing again goes on", async () => {
  const name = "killed";
  const folder = await baseOf(name);
  await publish(store, folder, me);
  const { last, total } = await killAtEachWrite({
    ...{ name, folder, change: (edition) => change(folder, edition), least: 8 },
    check: async (current) => {
      const left = (await checkVersion(store, name, current)).findings;
      expect(left.filter(({ mendedBy }) => mendedBy === "publish")).toEqual([]);
    },
  });
  expect(await idsIn(name, last)).toHaveLength(COUNT + total);
}, 120_000);

test("gc keeps the base that changes need, rollback goes back and forth, restore and publish mend both", async () => {
  const name = "kept";
  const folder = await baseOf(name);
  const base = (await publish(store, folder, me)).version;
  const changed = await change(folder, 1);
  await publish(store, folder, me);
  const second = await change(folder, 2);
  await publish(store, folder, me);
  const { kept, removed } = await gc(store, name, { keep: 0, ...now });
  expect([kept.length, removed]).toEqual([3, []]);
  expect(await rollback(store, name, base, me)).toMatchObject({ version: base });
  expect(await rollback(store, name, changed, me)).toMatchObject({ version: changed });

  const pages: string[] = [];
  for await (const { key } of store.listPages(pagesPrefix(name))) pages.push(key);
  await store.deletePages(pages);
  expect((await restore(store, name)).lost).toBe(0);
  expect(await idsIn(name, changed, false)).toHaveLength(COUNT);

  // A shard of the base that is lost keeps its changes from being promoted, and publishing writes it again.
  await store.deleteObjects([versionKey(name, base, "forest.bin", 0)]);
  await expect(rollback(store, name, second, me)).rejects.toMatchObject({ code: "VERSION_INCOMPLETE" });
  expect(await publish(store, folder, me)).toMatchObject({ version: second });

  // A new base, and changes on it.
  const whole = await baseOf(name, 3);
  await publish(store, whole, me);
  await change(whole, 4);
  await publish(store, whole, me);
  const after = await gc(store, name, { keep: 0, ...now });
  expect(new Set(after.removed)).toEqual(new Set([base, changed, second]));
  for await (const { key } of store.listObjects(versionPrefix(name, base))) throw new Error(`${key} is left`);
  expect(await idsIn(name, await currentOf(name), false)).toHaveLength(COUNT + 1);
});

test("a base that was never published goes along", async () => {
  const name = "along";
  const folder = await baseOf(name);
  const version = await change(folder, 1);
  const planned = await publish(store, folder, { ...me, dryRun: true });
  const result = await publish(store, folder, me);
  expect(planned.written).toEqual(result.written);
  expect(result.documents).toMatchObject({ added: COUNT, removed: 0 });
  expect(await idsIn(name, version)).toHaveLength(COUNT);
});
