import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { update } from "../../build/changes/update.ts";
import { type BuildOptions, build } from "../../build/index.ts";
import { publish } from "../../build/publish/publish.ts";
import { pointerKey } from "../../worker/core/format/keys.ts";
import { buildShardedFolder } from "../support/sharded-folder.ts";
import { textCorpus, vectorCorpus } from "./corpus.ts";
import { createRecordingStore } from "./recording-store.ts";

/** Every third document lies in the same shard. */
const SHARDS = 3;
const shardOf = (item: number): number => item % SHARDS;

/** Documents of index "shards-changed" that go, and those that are added or replace one of the same id. */
const REMOVED = ["animals-1", "music-2"];
function changesOf() {
  return [
    { id: "food-0", pageContent: "pizza with zucchini is great", metadata: { topic: "food", year: 2024 } },
    {
      id: "music-9",
      pageContent: "the orchestra plays for the dog",
      metadata: { topic: "music", year: 2024 },
    },
    {
      id: "music-10",
      pageContent: "a zither in the oven",
      metadata: { topic: "music", year: 2019, tags: ["n3"] },
    },
  ];
}

/** Builds and publishes indexes that are cut into shards; what they hold is in `provided.ts`. */
export async function setupShards(
  project: TestProject,
  folder: string,
  embedder: NonNullable<BuildOptions["embedder"]>,
): Promise<void> {
  const store = createRecordingStore();
  const publishFolder = (dir: string) => publish(store, dir, { by: "tests", force: true });
  const shards = join(folder, "shards");
  await buildShardedFolder(shards, textCorpus(), shardOf, { name: "shards", embedder, jobs: 1 });
  await publishFolder(shards);

  const built = join(folder, "shards-built");
  const table = { embedder: "static", shards: 3, jobs: 1 } as const;
  await build({ documents: textCorpus(), name: "shards-built", out: built, ...table });
  await publishFolder(built);

  const lone = join(folder, "shards-lone");
  const corners = Array.from({ length: 30 }, (_, item) => ({
    id: `corner-${item}`,
    pageContent: "",
    vector: [0, 1, 2].map((axis) => (axis === shardOf(item) ? 1 : 0) + item / 1000),
  }));
  const settings = { name: "shards-lone", embedder: "none", metric: "euclidean", jobs: 1 } as const;
  await buildShardedFolder(lone, corners, shardOf, settings, { probes: 1 });
  await publishFolder(lone);

  const swap: string[] = [];
  for (const text of ["before", "after", "whole"]) {
    // Every document says which version it is of.
    const documents = vectorCorpus(60, 8).map((one) => ({ ...one, pageContent: text }));
    const dir = join(folder, `shards-swap-${text}`);
    const options = { name: "shards-swap", embedder: "none", jobs: 1 } as const;
    if (text === "whole") await build({ ...options, documents, out: dir });
    else await buildShardedFolder(dir, documents, shardOf, options);
    await publishFolder(dir);
    const pointer = await store.getObject(pointerKey("shards-swap"));
    swap.push(Buffer.from(pointer?.bytes ?? []).toString());
  }

  const changed: string[] = [];
  const pointerOf = async () =>
    Buffer.from((await store.getObject(pointerKey("shards-changed")))?.bytes ?? []).toString();
  const exact = { embedder, codec: "float32", keyword: { language: "en" }, jobs: 1 } as const;
  const fields = { filterable: ["topic", "year", "tags"] };
  const [base, given] = [textCorpus(), changesOf()];
  const under = join(folder, "shards-changed");
  const random = { shards: SHARDS, partition: "random" } as const;
  await build({ ...exact, ...fields, ...random, documents: base, name: "shards-changed", out: under });
  await publishFolder(under);
  changed.push(await pointerOf());
  await update(under, { ...exact, documents: given, remove: REMOVED });
  await publishFolder(under);
  changed.push(await pointerOf());
  // The same documents in one piece.
  const gone = new Set([...REMOVED, ...given.map(({ id }) => id)]);
  const documents = [...base.filter(({ id }) => !gone.has(id)), ...given];
  const anew = join(folder, "shards-anew");
  await build({ ...exact, ...fields, documents, name: "shards-anew", out: anew });
  await publishFolder(anew);
  project.provide("shards", { snapshot: store.snapshot(), swap, changed });
}
