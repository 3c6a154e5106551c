import { cp, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clusteredVectors } from "../../scripts/bench/clusters.ts";
import { type BuildOptions, build, type InputDocument, inspect, verify } from "../index.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-verify-shards-"));
  await make("sound");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const COUNT = 1500;
const DIMENSIONS = 16;
const vectors = clusteredVectors(COUNT, DIMENSIONS, 3);

function* documents(): Generator<InputDocument> {
  for (let i = 0; i < COUNT; i++)
    yield {
      id: `d${i}`,
      pageContent: `number ${i}`,
      vector: vectors.subarray(i * DIMENSIONS, (i + 1) * DIMENSIONS),
    };
}

const make = (name: string, options: Partial<BuildOptions> = {}) =>
  build({ documents, out: at(name), shards: 3, trees: 1, seed: 2, ...options });

/** A copy of the sound folder, damaged. */
async function damaged(name: string, damage: (dir: string) => Promise<void>): Promise<string> {
  await cp(at("sound"), at(name), { recursive: true });
  await damage(at(name));
  return at(name);
}

const failed = async (dir: string) => (await verify(dir)).checks.filter(({ ok }) => !ok);

describe("verify", () => {
  test.each([
    ["angular", "clusters"],
    ["euclidean", "clusters"],
    ["dot", "clusters"],
    ["manhattan", "clusters"],
    ["hamming", "random"],
  ] as const)(
    "finds a sharded folder sound and measures the recall of all together (%s)",
    async (metric, partition) => {
      await make(metric, { metric, partition });
      const { ok, checks, recall } = await verify(at(metric));
      expect(checks.map(({ name }) => name)).toEqual([
        "manifest",
        "files",
        "structure",
        "shards",
        "embedder",
        "recall",
      ]);
      expect(checks.filter((check) => !check.ok)).toEqual([]);
      expect(ok).toBe(true);
      expect(checks[3]!.message).toContain(`hold all ${COUNT} items`);
      expect(recall!.recall).toBeGreaterThan(recall!.certified - 0.05);
    },
  );

  test("a shard that is missing", async () => {
    const dir = await damaged("missing", (path) => rm(join(path, "shards/0001"), { recursive: true }));
    expect(await failed(dir)).toMatchObject([{ name: "shards", code: "NOT_AN_ARTIFACT" }]);
    const message = expect.stringContaining(`the index of ${dir} needs it. Build the index anew`);
    await expect(inspect(dir)).rejects.toMatchObject({ code: "NOT_AN_ARTIFACT", message });
  });

  test("two shards in each other's place", async () => {
    const dir = await damaged("swapped", async (path) => {
      await rename(join(path, "shards/0000"), join(path, "aside"));
      await rename(join(path, "shards/0002"), join(path, "shards/0000"));
      await rename(join(path, "aside"), join(path, "shards/0002"));
    });
    expect(await failed(dir)).toMatchObject([{ name: "shards", code: "SHARD_MISMATCH" }]);
    await expect(inspect(dir)).rejects.toMatchObject({ code: "SHARD_MISMATCH" });
  });

  test("a shard of another version", async () => {
    await make("later", { seed: 3 });
    const dir = await damaged("mixed", async (path) => {
      await rm(join(path, "shards/0001"), { recursive: true });
      await cp(join(at("later"), "shards/0001"), join(path, "shards/0001"), { recursive: true });
    });
    const [only] = await failed(dir);
    expect(only).toMatchObject({ name: "shards", code: "SHARD_MISMATCH" });
    expect(only!.message).toMatch(/^Shard 1 is not the one that belongs here/);
  });

  test("a shard with a changed byte, and one that lost a document", async () => {
    const flipped = await damaged("flipped", async (path) => {
      const file = join(path, "shards/0002/forest.bin");
      const bytes = await readFile(file);
      bytes[bytes.length >> 1]! ^= 1;
      await writeFile(file, bytes);
    });
    expect(await failed(flipped)).toMatchObject([{ name: "shards", code: "CHECKSUM_MISMATCH" }]);
    const shorter = await damaged("shorter", async (path) => {
      const file = join(path, "shards/0000/documents.jsonl");
      await writeFile(file, (await readFile(file, "utf8")).split("\n").slice(1).join("\n"));
    });
    expect(await failed(shorter)).toMatchObject([{ name: "shards", code: "CHECKSUM_MISMATCH" }]);
  });
});

test("inspect tells each shard's items, bytes and recall, and all documents", async () => {
  const found = await inspect(at("sound"));
  expect(found.shards).toHaveLength(3);
  expect(found.shards!.reduce((sum, { items }) => sum + items, 0)).toBe(COUNT);
  for (const { certified, hotBytes } of found.shards!) {
    expect(certified.recallAt10).toBeGreaterThan(0.9);
    expect(hotBytes).toBeGreaterThan(1000);
  }
  expect(found.documents.bytes).toBe(
    found.shards!.reduce((sum, { documentBytes }) => sum + documentBytes, 0),
  );
  expect(found.manifest.shards!.rows.length).toBeGreaterThan(2);
});
