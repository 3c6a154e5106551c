import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openForest } from "../../worker/core/forest/open-forest.ts";
import { openArtifact, requireView } from "../../worker/core/format/artifact.ts";
import { vectorCorpus } from "../seed/corpus.ts";
import { buildShardedFolder } from "./sharded-folder.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "annoy-edge-sharded-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const read = async (path: string) =>
  openArtifact(new Uint8Array(await readFile(join(dir, "out", path, "forest.bin"))));

test("a folder made by hand has a router over its shards' means, and shards that know their items' numbers", async () => {
  const documents = vectorCorpus(90, 8);
  const options = { embedder: "none", codec: "float32", metric: "euclidean" } as const;
  const manifest = await buildShardedFolder(join(dir, "out"), documents, (item) => item % 3, options);
  const router = await read("");
  expect(router.meta.shards?.list).toMatchObject([{ items: 30 }, { items: 30 }, { items: 30 }]);
  expect(manifest.items).toBe(90);
  expect([...requireView(router, "shardOwners", Uint16Array)]).toEqual([0, 1, 2]);
  const shard = await read("shards/0001");
  const numbers = requireView(shard, "shardItems", Uint32Array);
  expect([...numbers.subarray(0, 3)]).toEqual([1, 4, 7]);
  const forest = openForest(shard);
  expect(forest.vector(1)).toEqual(Float32Array.from(documents[4]!.vector!));
  const mean = openForest(router).vector(1)!;
  expect(openForest(router).search(mean, { k: 1 }).items).toEqual([1]);
});
