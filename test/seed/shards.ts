import { join } from "node:path";
import type { TestProject } from "vitest/node";
import type { BuildOptions } from "../../build/index.ts";
import { readManifest } from "../../build/pipeline/folder.ts";
import { publish } from "../../build/publish/publish.ts";
import { pointerKey, shardFolder, versionKey } from "../../worker/format/keys.ts";
import { buildShardedFolder } from "../support/sharded-folder.ts";
import { textCorpus, vectorCorpus } from "./corpus.ts";
import { createRecordingStore } from "./recording-store.ts";

type Store = ReturnType<typeof createRecordingStore>;

/** Every third document lies in the same shard. */
const SHARDS = 3;
const shardOf = (item: number): number => item % SHARDS;

/** Builds and publishes indexes that are cut into shards. */
export async function setupShards(
  project: TestProject,
  folder: string,
  embedder: NonNullable<BuildOptions["embedder"]>,
): Promise<void> {
  const store = createRecordingStore();
  const out = join(folder, "shards");
  await buildShardedFolder(out, textCorpus(), shardOf, { name: "shards", embedder, jobs: 1 });
  await publishFolder(store, out);

  const swap: string[] = [];
  for (const text of ["before", "after"]) {
    // Every document says which version it is of.
    const documents = vectorCorpus(60, 8).map((one) => ({ ...one, pageContent: text }));
    const dir = join(folder, `shards-swap-${text}`);
    await buildShardedFolder(dir, documents, shardOf, { name: "shards-swap", embedder: "none", jobs: 1 });
    await publishFolder(store, dir);
    const pointer = await store.getObject(pointerKey("shards-swap"));
    swap.push(Buffer.from(pointer?.bytes ?? []).toString());
  }
  project.provide("shards", { snapshot: store.snapshot(), swap });
}

async function publishFolder(store: Store, dir: string): Promise<void> {
  const whole = await readManifest(dir);
  for (const i of whole.shards?.list.keys() ?? []) {
    const own = createRecordingStore();
    const folder = join(dir, shardFolder(i));
    await publish(own, folder, { by: "tests", force: true });
    const { version } = await readManifest(folder);
    for (const file of ["forest.bin", "placement.bin", "manifest.json"] as const) {
      const object = await own.getObject(versionKey(whole.name, version, file));
      await store.putObject(versionKey(whole.name, whole.version, file, i), object!.bytes);
    }
    for await (const { key } of own.listObjects(`${whole.name}/packs/`)) {
      await store.putObject(key, (await own.getObject(key))!.bytes);
    }
    await store.putPages(own.snapshot().pages as never);
  }
  await publish(store, dir, { by: "tests", force: true });
}
