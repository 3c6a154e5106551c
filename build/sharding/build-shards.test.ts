import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clusteredVectors } from "../../scripts/bench/clusters.ts";
import { openForest } from "../../worker/core/forest/open-forest.ts";
import { openArtifact, requireView } from "../../worker/core/format/artifact.ts";
import { shardFolder } from "../../worker/core/format/keys.ts";
import type { ItemDocument, Manifest } from "../../worker/core/format/meta.ts";
import { type BuildOptions, build, type InputDocument } from "../index.ts";
import { buildUnlessEqual } from "../pipeline/build.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-shards-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const COUNT = 3000;
const DIMENSIONS = 16;
const vectors = clusteredVectors(COUNT, DIMENSIONS, 3);
const vectorOf = (item: number) => vectors.slice(item * DIMENSIONS, (item + 1) * DIMENSIONS);

function* documents(count = COUNT): Generator<InputDocument> {
  for (let item = 0; item < count; item++) {
    const colour = ["red", "green", "blue"][item % 3];
    yield { id: `d${item}`, pageContent: `number ${item}`, metadata: { colour }, vector: vectorOf(item) };
  }
}

const cut = (name: string, options: Partial<BuildOptions> = {}) =>
  build({ documents: () => documents(), out: join(folder, name), codec: "float32", seed: 2, ...options });

async function openShard(dir: string, shard?: number) {
  const path = join(folder, dir, shard === undefined ? "" : shardFolder(shard));
  const artifact = openArtifact(new Uint8Array(await readFile(join(path, "forest.bin"))));
  const manifest = JSON.parse(await readFile(join(path, "manifest.json"), "utf8")) as Manifest;
  const lines = (await readFile(join(path, "documents.jsonl"), "utf8")).split("\n").filter(Boolean);
  return { artifact, manifest, documents: lines.map((line) => JSON.parse(line) as ItemDocument) };
}

async function bytesOf(dir: string): Promise<Record<string, string>> {
  const names = (await readdir(dir, { recursive: true, withFileTypes: true })).filter((e) => e.isFile());
  const paths = names.map((entry) => join(entry.parentPath, entry.name)).sort();
  const contents = paths.map(async (path) => [
    path.slice(dir.length),
    (await readFile(path)).toString("base64"),
  ]);
  return Object.fromEntries(await Promise.all(contents));
}

describe.each(["clusters", "random"] as const)("partition %s", (partition) => {
  test("every item is in one shard, with its vector, its document and its number in the whole", async () => {
    const name = `complete-${partition}`;
    const { manifest } = await cut(name, { shards: 4, partition });
    expect(manifest.items).toBe(COUNT);
    expect(manifest.shards).toMatchObject({ partition, list: { length: 4 } });
    const seen = new Set<number>();
    for (const [shard, meta] of manifest.shards!.list.entries()) {
      const { artifact, manifest: own, documents } = await openShard(name, shard);
      expect(meta).toEqual({
        version: own.version,
        items: own.items,
        firstItem: 0,
        hotBytes: own.hotBytes,
      });
      const forest = openForest(artifact);
      const numbers = requireView(artifact, "shardItems", Uint32Array, forest.nItems);
      expect([...numbers].every((item, i) => i === 0 || item > numbers[i - 1]!)).toBe(true);
      for (const [local, item] of numbers.entries()) {
        expect(seen.has(item)).toBe(false);
        seen.add(item);
        expect(documents[local]).toMatchObject({
          item: local,
          id: `d${item}`,
          pageContent: `number ${item}`,
        });
        expect(forest.vector(local)).toEqual(vectorOf(item));
      }
    }
    expect(seen.size).toBe(COUNT);
  });

  test("the same input, settings and seed give the same bytes for any number of jobs", async () => {
    const one = await cut(`jobs-1-${partition}`, { shards: 3, partition, jobs: 1 });
    const two = await cut(`jobs-2-${partition}`, { shards: 3, partition, jobs: 2 });
    expect(await bytesOf(two.out)).toEqual(await bytesOf(one.out));
    const other = await cut(`seed-${partition}`, { shards: 3, partition, seed: 9 });
    expect(other.manifest.version).not.toBe(one.manifest.version);
  });
});

test("the router's centroids lead to the shards that hold what is near", async () => {
  const { manifest } = await cut("router", { shards: 4 });
  const { artifact, documents: none } = await openShard("router");
  expect(none).toEqual([]);
  const owners = requireView(artifact, "shardOwners", Uint16Array);
  const router = openForest(artifact);
  expect(owners).toHaveLength(router.nItems);
  expect(new Set(owners)).toEqual(new Set([0, 1, 2, 3]));
  expect(manifest.codec).toBe("float32");
  let found = 0;
  for (let shard = 0; shard < 4; shard++) {
    const numbers = requireView((await openShard("router", shard)).artifact, "shardItems", Uint32Array);
    for (const item of numbers) {
      const { items } = router.search(vectorOf(item), { k: 1 });
      if (owners[items[0]!] === shard) found++;
    }
  }
  expect(found / COUNT).toBeGreaterThan(0.9);
});

test("shards are balanced, and their number follows from the bytes that each may take", async () => {
  const shardBytes = 150_000;
  const { manifest } = await cut("auto", { shards: "auto", shardBytes });
  const { list } = manifest.shards!;
  expect(list.length).toBeGreaterThan(1);
  for (const { hotBytes } of list) expect(hotBytes).toBeLessThanOrEqual(shardBytes);
  const sizes = list.map(({ items }) => items);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(Math.ceil((COUNT / list.length) * 1.25));
});

test("where one shard is enough, an ordinary artifact comes out, the same as without shards", async () => {
  const whole = await cut("whole");
  for (const shards of ["auto", 1] as const) {
    const { out } = await cut("enough", { shards });
    expect(await bytesOf(out)).toEqual(await bytesOf(whole.out));
  }
});

test("texts are embedded and whitened as in one piece; the table lies in the router alone", async () => {
  const texts = [...documents(300)].map(({ vector: _, ...document }) => document);
  const whole = await build({
    documents: texts,
    embedder: "static",
    out: join(folder, "text-whole"),
    rescore: "float32",
  });
  const { manifest } = await build({
    documents: texts,
    embedder: "static",
    out: join(folder, "text-cut"),
    shards: 2,
    rescore: "float32",
  });
  expect(manifest.embedder).toEqual(whole.manifest.embedder);
  const one = await openShard("text-whole");
  const router = await openShard("text-cut");
  const whitening = (artifact: typeof one.artifact) => requireView(artifact, "whitening", Float32Array);
  expect(whitening(router.artifact)).toEqual(whitening(one.artifact));
  const forest = openForest(one.artifact);
  for (const shard of [0, 1]) {
    const { artifact } = await openShard("text-cut", shard);
    expect(artifact.sections.map(({ kind }) => kind)).not.toContain(64);
    for (const [local, item] of requireView(artifact, "shardItems", Uint32Array).entries())
      expect(openForest(artifact).vector(local)).toEqual(forest.vector(item));
  }
});

test("a sharded folder is replaced by an ordinary one, and back, without remains", async () => {
  await cut("replaced", { shards: 2 });
  await cut("replaced");
  expect((await readdir(join(folder, "replaced"))).sort()).toEqual([
    "documents.jsonl",
    "forest.bin",
    "manifest.json",
  ]);
  await cut("replaced", { shards: 2 });
  expect(await readdir(join(folder, "replaced", "shards"))).toEqual(["0000", "0001"]);
});

test("a rebuild knows that nothing has changed, in shards and where one is enough", async () => {
  for (const shards of [2, "auto"] as const) {
    const options = { documents: () => documents(400), out: join(folder, "same"), shards, seed: 1 };
    const { manifest } = await build(options);
    expect(manifest.shards === undefined).toBe(shards === "auto");
    expect(await buildUnlessEqual(options, manifest)).toBeUndefined();
    const longer = await buildUnlessEqual({ ...options, documents: () => documents(401) }, manifest);
    expect(longer?.manifest.items).toBe(401);
    expect(await buildUnlessEqual({ ...options, shards: 3 }, manifest)).toBeDefined();
  }
});

test("settings that cannot be are told before any work", async () => {
  await expect(cut("no", { partition: "random" })).rejects.toThrow(/say shards as well/);
  await expect(cut("no", { shards: 0 })).rejects.toThrow(/from 1 to 500/);
  await expect(cut("no", { shards: "auto", onlyShard: 0 })).rejects.toThrow(/needs a number of shards/);
  await expect(cut("no", { shards: 2, onlyShard: 2 })).rejects.toThrow(/from 0 to 1/);
  const hamming = { metric: "hamming", shards: 2, partition: "clusters" } as const;
  await expect(cut("no", hamming)).rejects.toThrow(/it can be random/);
  const tight = cut("no", { shards: 2, shardBytes: 70_000 });
  await expect(tight).rejects.toMatchObject({ code: "TOO_FEW_SHARDS" });
  const many = build({ documents: [...documents(3)], out: join(folder, "no"), shards: 4 });
  await expect(many).rejects.toMatchObject({ code: "TOO_MANY_SHARDS" });
  const twice = [...documents(3), ...documents(1)];
  const ids = build({ documents: twice, out: join(folder, "no"), shards: 2 });
  await expect(ids).rejects.toMatchObject({ code: "DUPLICATE_ID" });
});
