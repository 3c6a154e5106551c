import { cp, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clusteredVectors } from "../../scripts/bench/clusters.ts";
import { loadStaticEmbedder } from "../embedding/index.ts";
import {
  assemble,
  type BuildOptions,
  build,
  type InputDocument,
  openLocalIndex,
  query,
  verify,
} from "../index.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-assemble-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const DIMENSIONS = 16;
const vectors = clusteredVectors(2400, DIMENSIONS, 3);

function* documents(from = 0, to = 1200): Generator<InputDocument> {
  for (let item = from; item < to; item++) {
    const vector = vectors.subarray(item * DIMENSIONS, (item + 1) * DIMENSIONS);
    yield { id: `d${item}`, pageContent: `number ${item}`, metadata: { odd: item % 2 === 1 }, vector };
  }
}

const make = (name: string, options: Partial<BuildOptions> = {}) =>
  build({ documents: () => documents(), out: at(name), seed: 2, ...options });

async function bytesOf(dir: string): Promise<Record<string, string>> {
  const names = (await readdir(dir, { recursive: true, withFileTypes: true })).filter((e) => e.isFile());
  const paths = names.map((entry) => join(entry.parentPath, entry.name)).sort();
  const contents = paths.map(
    async (path) => [path.slice(dir.length), (await readFile(path)).toString("base64")] as const,
  );
  return Object.fromEntries(await Promise.all(contents));
}

describe("shards that were built by separate jobs", () => {
  test("make, put together in any order, the bytes that one build makes", async () => {
    const whole = await make("together", { shards: 3 });
    for (const onlyShard of [0, 1, 2]) await make(`job-${onlyShard}`, { shards: 3, onlyShard });
    const { manifest } = await assemble([at("job-2"), at("job-0"), at("job-1")], { out: at("joined") });
    expect(manifest).toEqual(whole.manifest);
    expect(await bytesOf(at("joined"))).toEqual(await bytesOf(at("together")));
    const inode = async (dir: string) => (await stat(join(at(dir), "forest.bin"))).ino;
    expect(await inode("joined/shards/0001")).toBe(await inode("job-1"));
  });

  test("carry the embedder, which moves to the router", async () => {
    const texts = [...documents(0, 200)].map(({ vector: _, ...document }) => document);
    const options = { documents: texts, embedder: "static", shards: 2 };
    const whole = await build({ ...options, out: at("texts") });
    for (const onlyShard of [0, 1]) await build({ ...options, onlyShard, out: at(`text-${onlyShard}`) });
    await query(at("text-1"), { query: "number" });
    const { manifest } = await assemble([at("text-0"), at("text-1")], { out: at("texts-joined") });
    expect(manifest.version).toBe(whole.manifest.version);
    expect(await bytesOf(at("texts-joined"))).toEqual(await bytesOf(at("texts")));
    const again = assemble([at("texts/shards/0000"), at("texts/shards/0001")], { out: at("no") });
    await expect(again).rejects.toMatchObject({ code: "MISSING_EMBEDDER" });
  });

  test("are refused where one is missing, there twice, or of another build", async () => {
    const join = (...names: string[]) => assemble(names.map(at), { out: at("no") });
    await expect(join("job-0", "job-2")).rejects.toMatchObject({ code: "SHARDS_INCOMPLETE" });
    await cp(at("job-0"), at("job-0-copy"), { recursive: true });
    await expect(join("job-0", "job-0-copy", "job-1")).rejects.toMatchObject({ code: "DUPLICATE_ID" });
    await make("other", { shards: 3, onlyShard: 1, seed: 5 });
    await expect(join("job-0", "other", "job-2")).rejects.toMatchObject({ code: "SHARDS_DIFFER" });
    await expect(join("together", "job-0")).rejects.toMatchObject({ code: "NOT_A_SHARD" });
    await expect(join("nowhere")).rejects.toMatchObject({ code: "NOT_AN_ARTIFACT" });
    await expect(stat(at("no"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("ordinary artifacts", () => {
  test("become shards whose items are numbered one behind the other", async () => {
    await make("first");
    await make("second", { documents: () => documents(1200, 2400) });
    const { manifest } = await assemble([at("first"), at("second")], { out: at("both"), name: "both" });
    expect(manifest).toMatchObject({ name: "both", items: 2400 });
    expect(manifest.shards?.list).toMatchObject([{ firstItem: 0 }, { firstItem: 1200 }]);
    expect(manifest.certified.recallAt10).toBeGreaterThan(0.95);
    const index = await openLocalIndex(at("both"));
    await index.close();
    const { hits } = await query(at("both"), { item: 1234, k: 2 });
    expect(hits[0]).toMatchObject({ item: 1234, id: "d1234", document: { pageContent: "number 1234" } });
  });

  test("that carry one embedder answer text: its table moves to the router, words and vectors are weighed anew", async () => {
    const embedder = await loadStaticEmbedder();
    const texts = (await readFile("test/fixtures/texts/state_of_the_union.txt", "utf8")).split(/\n\n+/);
    const parts = [texts.slice(0, 60), texts.slice(60, 150)];
    for (const [i, part] of parts.entries()) {
      const embedded = await embedder.embedDocuments(part);
      const rows = part.map((pageContent, j) => ({ id: `${i}/${j}`, pageContent, vector: embedded[j]! }));
      await build({ documents: rows, out: at(`speech-${i}`), embedder: "static" });
    }
    const { manifest } = await assemble([at("speech-0"), at("speech-1")], { out: at("speech") });
    expect(manifest.embedder).toMatchObject({ provider: "static" });
    expect(manifest.fusion?.queries).toBeGreaterThan(16);
    expect(manifest.shards?.list).toMatchObject([{ firstItem: 0 }, { firstItem: 0 }]);
    expect(manifest.keyword?.documents).toBe(150);
    for (const mode of ["vector", "hybrid", "keyword"] as const) {
      const { hits } = await query(at("speech"), { query: texts[100]!.slice(0, 60), mode, k: 3 });
      expect(hits.map(({ item }) => item)).toContain(100);
    }
    const { checks } = await verify(at("speech"));
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    // Whitened by its own corpus: another embedder.
    const plain = parts[1]!.map((pageContent, j) => ({ id: `plain ${j}`, pageContent }));
    await build({ documents: plain, out: at("whitened") });
    const differ = assemble([at("speech-0"), at("whitened")], { out: at("no") });
    await expect(differ).rejects.toMatchObject({ code: "SHARDS_DIFFER" });
  });

  test("need one metric, one dimension, one embedder and ids of their own", async () => {
    const join = (...names: string[]) => assemble(names.map(at), { out: at("no") });
    await make("euclidean", { metric: "euclidean", documents: () => documents(1200, 1300) });
    await expect(join("first", "euclidean")).rejects.toMatchObject({ code: "SHARDS_DIFFER" });
    await expect(join("first", "first")).rejects.toMatchObject({ code: "DUPLICATE_ID" });
    await expect(join("first", "job-1")).rejects.toMatchObject({
      code: expect.stringMatching(/SHARDS_DIFFER|DUPLICATE_ID/),
    });
    const small = assemble([at("first"), at("second")], { out: at("no"), shardBytes: 10_000 });
    await expect(small).rejects.toMatchObject({ code: "SHARD_OVER_BUDGET" });
  });
});
