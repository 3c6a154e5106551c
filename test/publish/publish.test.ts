import { appendFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { publish } from "../../build/publish/publish.ts";
import { listVersions, rollback } from "../../build/publish/versions.ts";
import { pointerKey, versionKey } from "../../worker/core/format/keys.ts";
import { corpus, type FolderOptions, writeFolder } from "./folder.ts";
import { dir, store } from "./own-store.ts";
import { dying, type Fault, Killed, readCurrent, readVersion } from "./stores.ts";

const me = { by: "me@here" };
let folders = 0;
async function folderOf(options: FolderOptions): Promise<string> {
  const folder = join(dir, `folder-${folders++}`);
  await writeFolder(folder, options);
  return folder;
}

test("what is published is read back, every document of it", async () => {
  const documents = [...corpus(3000), undefined, { id: "last", pageContent: "ü\n🐕", metadata: { a: [1] } }];
  const folder = await folderOf({ name: "round", documents });
  const result = await publish(store, folder, me);
  expect(result).toMatchObject({
    outcome: "published",
    previous: null,
    documents: { added: 3001, kept: 0, removed: 0 },
  });
  const current = await readCurrent(store, "round");
  expect(current?.version).toBe(result.version);
  expect(current?.documents).toEqual(documents);
});

test("unchanged content publishes nothing and says so", async () => {
  const folder = await folderOf({ name: "same", documents: corpus(10) });
  await publish(store, folder, me);
  const { store: counted, writes } = dying(store);
  expect(await publish(counted, folder, me)).toMatchObject({ outcome: "unchanged" });
  expect(writes()).toEqual([]);
});

test("a version published before is made current again without writing it", async () => {
  const first = await folderOf({ name: "again", documents: corpus(10) });
  const { version } = await publish(store, first, me);
  await publish(store, await folderOf({ name: "again", documents: corpus(12) }), me);
  const { store: counted, writes } = dying(store);
  expect(await publish(counted, first, me)).toMatchObject({ outcome: "promoted", version });
  expect(writes()).toHaveLength(1);
  expect((await readCurrent(store, "again"))?.version).toBe(version);
});

test("a dry run writes nothing and says what would be written and what it costs", async () => {
  const folder = await folderOf({ name: "dry", documents: corpus(1000) });
  const { store: counted, writes } = dying(store);
  const planned = await publish(counted, folder, { ...me, dryRun: true });
  expect(writes()).toEqual([]);
  const done = await publish(counted, folder, me);
  expect({ ...planned, outcome: "published" }).toEqual(done);
  const objects = writes().filter((write) => write.startsWith("putObject")).length;
  expect(done.cost.classA).toBe(objects);
  expect(done.written.objects).toBe(objects);
  expect(done.cost.kvWrites).toBe(done.pages);
});

test("a second version writes what changed, and both versions stay whole", async () => {
  const before = corpus(5000);
  const after = corpus(5000, 200, (item) => item % 100 === 7, 1);
  const one = await publish(store, await folderOf({ name: "step", documents: before }), me);
  const two = await publish(store, await folderOf({ name: "step", documents: after, seed: 2 }), me);
  expect(two.documents).toMatchObject({ added: 50, kept: 4950, removed: 50 });
  expect(two.written.pageBytes).toBeLessThanOrEqual(0.02 * one.pageBytes);
  expect((await readVersion(store, "step", one.version)).documents).toEqual(before);
  expect((await readVersion(store, "step", two.version)).documents).toEqual(after);
});

test("a publish killed at any write leaves the old version or the new one, whole, and the next one succeeds", async () => {
  const before = corpus(700, 200);
  const after = corpus(700, 200, (item) => item % 3 === 0, 1);
  const rehearsal = dying(store);
  await publish(rehearsal.store, await folderOf({ name: "rehearsal", documents: before }), me);
  const first = rehearsal.writes().length;
  await publish(rehearsal.store, await folderOf({ name: "rehearsal", documents: after, seed: 2 }), me);
  const writes = rehearsal.writes().slice(first);
  expect(writes.length).toBeGreaterThanOrEqual(6);
  // Right after a write is right before the next one.
  const faults = writes.flatMap((what, write): Fault[] => [
    { write, when: "before" },
    ...(what.startsWith("putPages") ? [{ write, when: "during" } as const] : []),
    ...(write === writes.length - 1 ? [{ write, when: "after" } as const] : []),
  ]);
  for (const fault of faults) {
    const name = `kill-${fault.write}-${fault.when}`;
    const old = await publish(store, await folderOf({ name, documents: before }), me);
    const folder = await folderOf({ name, documents: after, seed: 2 });
    await expect(publish(dying(store, fault).store, folder, me)).rejects.toThrow(Killed);
    const seen = await readCurrent(store, name);
    expect(seen?.documents).toEqual(seen?.version === old.version ? before : after);
    const { version } = await publish(store, folder, me);
    expect(version).not.toBe(old.version);
    expect(await readCurrent(store, name)).toEqual({ version, documents: after });
  }
});

test("a publish that was killed while it wrote pages finds them again", async () => {
  const folder = await folderOf({ name: "resume", documents: corpus(2000, 4000) });
  await expect(publish(dying(store, { write: 1, when: "during" }).store, folder, me)).rejects.toThrow(Killed);
  const { written, pages } = await publish(store, folder, me);
  expect(written.pagesFound).toBeGreaterThanOrEqual(100);
  expect(written.pages + written.pagesFound).toBe(pages);
});

test("of two publishers at once one wins, and the other is told who", async () => {
  await publish(store, await folderOf({ name: "race", documents: corpus(10) }), me);
  const folders = [
    await folderOf({ name: "race", documents: corpus(11) }),
    await folderOf({ name: "race", documents: corpus(12) }),
  ];
  const results = await Promise.allSettled(
    folders.map((folder, i) => publish(store, folder, { by: `publisher ${i}` })),
  );
  const won = results.findIndex(({ status }) => status === "fulfilled");
  const lost = results.findIndex(({ status }) => status === "rejected");
  expect([won, lost].sort()).toEqual([0, 1]);
  const winner = (results[won] as PromiseFulfilledResult<{ version: string }>).value;
  const { reason } = results[lost] as PromiseRejectedResult;
  expect(reason).toMatchObject({ code: "PUBLISH_CONFLICT" });
  expect(reason.message).toContain(`publisher ${won} made version ${winner.version} current`);
  expect((await readCurrent(store, "race"))?.version).toBe(winner.version);
  const again = await publish(store, folders[lost]!, me);
  expect(again).toMatchObject({ outcome: "promoted", previous: winner.version });
});

test("two publishers of the same content both succeed", async () => {
  const folder = await folderOf({ name: "twins", documents: corpus(500) });
  const results = await Promise.all([publish(store, folder, me), publish(store, folder, me)]);
  expect(new Set(results.map(({ version }) => version)).size).toBe(1);
  expect((await readCurrent(store, "twins"))?.documents).toEqual(corpus(500));
});

test("an artifact whose files do not match its manifest is not published", async () => {
  const cut = await folderOf({ name: "bad", documents: corpus(10) });
  await truncate(join(cut, "forest.bin"), 100);
  await expect(publish(store, cut, me)).rejects.toMatchObject({ code: "ARTIFACT_CHANGED" });
  const longer = await folderOf({ name: "bad", documents: corpus(10) });
  await appendFile(join(longer, "documents.jsonl"), "\n");
  await expect(publish(store, longer, me)).rejects.toMatchObject({ code: "ARTIFACT_CHANGED" });
  const other = await folderOf({ name: "bad", documents: corpus(10) });
  const text = JSON.stringify({ item: 0, ...corpus(1)[0] });
  await writeFile(join(other, "documents.jsonl"), text.replace("edition 0", "edition 1"), { flag: "r+" });
  await expect(publish(store, other, me)).rejects.toMatchObject({ code: "ARTIFACT_CHANGED" });
  expect(await readCurrent(store, "bad")).toBeUndefined();
});

test("recall below the target, or below that of the version before, is not promoted unless forced", async () => {
  const name = "gate";
  const below = await folderOf({ name, documents: corpus(10), recall: 0.94 });
  await expect(publish(store, below, me)).rejects.toMatchObject({ code: "GATE_FAILED" });
  const good = await publish(store, await folderOf({ name, documents: corpus(11), recall: 0.99 }), me);
  const fell = await folderOf({ name, documents: corpus(12), recall: 0.92, target: 0.9 });
  await expect(publish(store, fell, me)).rejects.toThrow(/RECALL_FELL: .*92\.00%.*99\.00%.*95\.00%/);
  expect((await readCurrent(store, name))?.version).toBe(good.version);
  const forced = await publish(store, fell, { ...me, force: true });
  expect(forced.forced).toEqual([expect.stringContaining("RECALL_FELL")]);
  const manifest = await store.getObject(versionKey(name, forced.version, "manifest.json"));
  expect(JSON.parse(new TextDecoder().decode(manifest!.bytes)).publication.forced).toEqual(forced.forced);
  expect((await listVersions(store, name))[0]?.record?.forced).toEqual(forced.forced);
});

test("a gate of one's own keeps a version from being promoted", async () => {
  const folder = await folderOf({ name: "own", documents: corpus(10) });
  const gate = async () => [{ code: "GOLDEN_QUERY", message: '"food" does not find "pizza".' }];
  await expect(publish(store, folder, { ...me, gate })).rejects.toThrow(/GOLDEN_QUERY: "food"/);
  expect(await readCurrent(store, "own")).toBeUndefined();
});

test("versions lists what is current, what came before and what was changed", async () => {
  const name = "list";
  const one = await publish(store, await folderOf({ name, documents: corpus(10) }), me);
  const two = await publish(store, await folderOf({ name, documents: corpus(12) }), {
    ...me,
    message: "two more",
  });
  const folder = await folderOf({ name, documents: corpus(13) });
  await expect(publish(dying(store, { write: 4, when: "before" }).store, folder, me)).rejects.toThrow(Killed);
  const versions = await listVersions(store, name);
  expect(versions.map(({ state }) => state)).toEqual(["incomplete", "current", "previous"]);
  expect(versions[1]).toMatchObject({
    version: two.version,
    record: { by: "me@here", message: "two more", items: 12, changes: { added: 2, kept: 10, removed: 0 } },
  });
  expect(versions[2]).toMatchObject({ version: one.version });
});

test("rollback returns to the version before, and with a version's first digits to that one", async () => {
  const name = "back";
  const one = await publish(store, await folderOf({ name, documents: corpus(10) }), me);
  await expect(rollback(store, name, undefined, me)).rejects.toMatchObject({ code: "NO_PREVIOUS_VERSION" });
  const two = await publish(store, await folderOf({ name, documents: corpus(12) }), me);
  const three = await publish(store, await folderOf({ name, documents: corpus(13) }), me);
  expect(await rollback(store, name, undefined, me)).toMatchObject({
    version: two.version,
    previous: three.version,
  });
  expect((await readCurrent(store, name))?.documents).toHaveLength(12);
  expect(await rollback(store, name, one.version.slice(0, 6), me)).toMatchObject({ version: one.version });
  await expect(rollback(store, name, one.version, me)).rejects.toMatchObject({ code: "ALREADY_CURRENT" });
  await expect(rollback(store, name, "ffff0000", me)).rejects.toMatchObject({ code: "UNKNOWN_VERSION" });
  await expect(rollback(store, "nothing", undefined, me)).rejects.toMatchObject({
    code: "INDEX_NOT_PUBLISHED",
  });
});

test("a damaged pointer is named, and replaced when one insists", async () => {
  const name = "pointer";
  const folder = await folderOf({ name, documents: corpus(10) });
  const damage = () => store.putObject(pointerKey(name), new TextEncoder().encode("{"));
  await damage();
  await expect(publish(store, folder, me)).rejects.toMatchObject({ code: "CORRUPT_POINTER" });
  const { version } = await publish(store, folder, { ...me, force: true });
  expect((await readCurrent(store, name))?.version).toBe(version);
  await damage();
  await expect(rollback(store, name, undefined, me)).rejects.toMatchObject({ code: "CORRUPT_POINTER" });
  expect(await rollback(store, name, version, me)).toMatchObject({ version, previous: null });
  expect((await readCurrent(store, name))?.version).toBe(version);
});
