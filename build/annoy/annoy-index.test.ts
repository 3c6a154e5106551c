import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { METRICS, type Metric } from "../../worker/core/format/constants.ts";
import { AnnoyIndex } from "./annoy-index.ts";
import { importAnnoy } from "./import.ts";
import { Kiss64 } from "./random.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "annoy-index-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const F = 20;

/** Vectors that every metric can use: for hamming zeros and ones. */
function vectors(metric: Metric, count: number, f = F): number[][] {
  const random = new Kiss64(11n);
  return Array.from({ length: count }, () =>
    Array.from({ length: f }, () =>
      metric === "hamming" ? random.index(2) : Math.fround(random.index(2000) / 1000 - 1),
    ),
  );
}

async function filled(metric: Metric, rows: number[][], trees = 10): Promise<AnnoyIndex> {
  const index = new AnnoyIndex(F, metric);
  for (const [i, v] of rows.entries()) index.addItem(i, v);
  index.setSeed(3);
  await index.build(trees);
  return index;
}

function code(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "no error";
}

describe.each(METRICS)("%s", (metric) => {
  const rows = vectors(metric, 600);

  test("finds every item by its own vector, at the distance that getDistance gives", async () => {
    const index = await filled(metric, rows);
    expect(index.getNItems()).toBe(600);
    expect(index.getNTrees()).toBe(10);
    for (let i = 0; i < 600; i += 37) {
      const [items, distances] = index.getNnsByItem(i, 5, -1, true);
      if (metric !== "dot") expect(distances[0]).toBe(metric === "angular" ? index.getDistance(i, i) : 0);
      for (const [at, item] of items.entries()) expect(distances[at]).toBe(index.getDistance(i, item));
      expect(index.getNnsByVector(index.getItemVector(i), 5)).toEqual(items);
      expect(index.getItemVector(i)).toEqual(rows[i]);
    }
  });

  test("with no limit answers as a scan of all items does", async () => {
    const index = await filled(metric, rows);
    const [items, distances] = index.getNnsByItem(7, 600, 1_000_000, true);
    expect([...items].sort((a, b) => a - b)).toEqual(rows.map((_, i) => i));
    const order = rows.map((_, i) => i);
    const sign = metric === "dot" ? -1 : 1;
    order.sort((a, b) => sign * (index.getDistance(7, a) - index.getDistance(7, b)) || a - b);
    // Angular orders by the square of what it reports, so equal distances may hide an order: compare distances.
    expect(distances).toEqual(order.map((i) => index.getDistance(7, i)));
  });

  test("answers the same from the saved file, in another index", async () => {
    const path = join(folder, `${metric}.ann`);
    const index = await filled(metric, rows);
    const before = rows.map((v) => index.getNnsByVector(v, 10, 200, true));
    index.save(path);
    const other = new AnnoyIndex(F, metric);
    other.load(path);
    expect(other.getNItems()).toBe(600);
    expect(other.getNTrees()).toBe(10);
    const after = rows.map((v) => other.getNnsByVector(v, 10, 200, true));
    expect(rows.map((v) => index.getNnsByVector(v, 10, 200, true))).toEqual(after);
    // Loaded roots are copies with other numbers, which decides between equal priorities (only hamming has many).
    if (metric !== "hamming") expect(after).toEqual(before);
  });

  test("builds the same file on disk as in memory", async () => {
    const inMemory = join(folder, `${metric}-memory.ann`);
    const onDisk = join(folder, `${metric}-disk.ann`);
    (await filled(metric, rows.slice(0, 300))).save(inMemory);
    const index = new AnnoyIndex(F, metric);
    index.setSeed(3);
    index.onDiskBuild(onDisk);
    for (const [i, v] of rows.slice(0, 300).entries()) index.addItem(i, v);
    expect(index.getItemVector(4)).toEqual(rows[4]);
    await index.build(10);
    index.save("is ignored");
    expect(index.getNnsByItem(3, 1)).toHaveLength(1);
    expect(readFileSync(onDisk).equals(readFileSync(inMemory))).toBe(true);
  });

  test("keeps holes: they have zeros for a vector and are never found", async () => {
    const index = new AnnoyIndex(F, metric);
    for (const [i, v] of rows.slice(0, 200).entries()) index.addItem(3 * i, v);
    await index.build(5);
    const path = join(folder, `${metric}-holes.ann`);
    index.save(path);
    const loaded = new AnnoyIndex(F, metric);
    loaded.load(path);
    expect(loaded.getNItems()).toBe(598);
    expect(loaded.getItemVector(1)).toEqual(new Array(F).fill(0));
    const found = loaded.getNnsByItem(1, 598, 1_000_000);
    expect(found).toHaveLength(200);
    expect(found.every((item) => item % 3 === 0)).toBe(true);
  });
});

test("one item, all-zero vectors and duplicates are indexed", async () => {
  for (const metric of METRICS) {
    for (const rows of [
      [new Array(F).fill(1)],
      Array.from({ length: 300 }, () => new Array(F).fill(0)),
      Array.from({ length: 300 }, (_, i) => new Array(F).fill(i % 2)),
    ]) {
      const index = await filled(metric, rows, 3);
      expect(index.getNnsByVector(rows[0]!, rows.length, 100_000)).toHaveLength(rows.length);
    }
  }
});

test("-1 trees are as many as make the nodes twice the items", async () => {
  const index = new AnnoyIndex(2, "angular");
  for (const [i, v] of vectors("angular", 1000, 2).entries()) index.addItem(i, v);
  await index.build(-1);
  const { size } = { size: 20 };
  const path = join(folder, "auto.ann");
  const trees = index.getNTrees();
  index.save(path);
  const nodes = readFileSync(path).length / size - trees;
  expect(nodes).toBeGreaterThanOrEqual(2000);
  expect(trees).toBeGreaterThan(0);
});

test("is read-only after build and after load, as Annoy is", async () => {
  const index = new AnnoyIndex(F, "angular");
  const path = join(folder, "read-only.ann");
  expect(code(() => index.save(path))).toBe("INDEX_NOT_BUILT");
  expect(existsSync(path)).toBe(false);
  const [a] = vectors("angular", 1);
  index.addItem(0, a!);
  const building = index.build(2);
  expect(code(() => index.addItem(1, a!))).toBe("INDEX_BUILDING");
  await building;
  expect(code(() => index.addItem(1, a!))).toBe("INDEX_BUILT");
  await expect(index.build(2)).rejects.toMatchObject({ code: "INDEX_BUILT" });
  index.unbuild();
  index.addItem(1, a!);
  await index.build(2);
  index.save(path);
  expect(code(() => index.addItem(2, a!))).toBe("INDEX_LOADED");
  expect(code(() => index.unbuild())).toBe("INDEX_LOADED");
  await expect(index.build(2)).rejects.toMatchObject({ code: "INDEX_LOADED" });
  expect(index.getNnsByItem(0, 2)).toEqual([0, 1]);
  index.unload();
  expect(index.getNItems()).toBe(0);
  expect(index.getNTrees()).toBe(0);
  index.addItem(0, a!);
});

test("refuses what Annoy's Python raises for", async () => {
  expect(code(() => new AnnoyIndex(3, "cosine" as Metric))).toBe("UNKNOWN_METRIC");
  expect(code(() => new AnnoyIndex(0, "angular"))).toBe("BAD_DIMENSIONS");
  expect(code(() => new AnnoyIndex(3, "angular", { layout: "dot" }))).toBe("UNKNOWN_LAYOUT");
  const index = new AnnoyIndex(3, "angular");
  expect(code(() => index.addItem(-1, [1, 2, 3]))).toBe("BAD_ITEM");
  expect(code(() => index.addItem(0, [1, 2]))).toBe("BAD_VECTOR");
  expect(code(() => index.addItem(0, [1, 2, Number.NaN]))).toBe("BAD_VECTOR");
  expect(code(() => index.addItem(0, [1, 2, 1e39]))).toBe("BAD_VECTOR");
  expect(code(() => index.addItem(0, ["1", 2, 3] as unknown as number[]))).toBe("BAD_VECTOR");
  index.addItem(0, [1, 2, 3]);
  expect(index.getNnsByItem(0, 1)).toEqual([]);
  await expect(index.build(0)).rejects.toMatchObject({ code: "BAD_TREE_COUNT" });
  await expect(index.build(1, 0)).rejects.toMatchObject({ code: "BAD_JOB_COUNT" });
  await index.build(1);
  expect(code(() => index.getNnsByItem(1, 1))).toBe("BAD_ITEM");
  expect(code(() => index.getItemVector(-1))).toBe("BAD_ITEM");
  expect(code(() => index.getDistance(0, 1))).toBe("BAD_ITEM");
  expect(code(() => index.getNnsByVector([1], 1))).toBe("BAD_VECTOR");
  expect(code(() => index.getNnsByVector([1, 2, 3], 1.5))).toBe("BAD_ARGUMENT");
  expect(code(() => index.save(join(folder, "no", "such", "folder.ann")))).toBe("CANNOT_WRITE");
});

test("takes what Annoy's Python takes: no metric, truths for numbers, prefault", async () => {
  expect(new AnnoyIndex(3).metric).toBe("angular");
  const index = new AnnoyIndex(4, "hamming");
  index.addItem(0, [true, false, true, false]);
  expect(index.getItemVector(0)).toEqual([1, 0, 1, 0]);
  await index.build(1);
  const path = join(folder, "prefault.ann");
  index.save(path, true);
  const loaded = new AnnoyIndex(4, "hamming");
  loaded.load(path, true);
  expect(loaded.getNnsByVector([true, true, true, false], 1, -1, true)).toEqual([[0], [1]]);
});

test("an item number that no memory has room for is refused, and what was there stays", () => {
  const index = new AnnoyIndex(65_536, "angular");
  index.addItem(0, new Float32Array(65_536).fill(1));
  expect(code(() => index.addItem(2 ** 31 - 2, new Float32Array(65_536)))).toBe("OUT_OF_MEMORY");
  expect(index.getNItems()).toBe(1);
  expect(index.getItemVector(0)[65_535]).toBe(1);
});

test("an index without items answers nothing", async () => {
  const index = new AnnoyIndex(3, "euclidean");
  await index.build(2);
  expect(index.getNnsByVector([1, 2, 3], 5)).toEqual([]);
  expect([index.getNItems(), index.getNTrees()]).toEqual([0, 2]);
  const path = join(folder, "empty.ann");
  index.save(path);
  await expect(
    importAnnoy(path, { dimensions: 3, metric: "euclidean", out: join(folder, "none") }),
  ).rejects.toMatchObject({ code: "ANNOY_EMPTY_FILE" });
});

test("a damaged file is refused, and the index keeps what it had", async () => {
  const path = join(folder, "damaged.ann");
  const index = await filled("euclidean", vectors("euclidean", 100), 4);
  index.save(path);
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.subarray(0, bytes.length - 7));
  const before = index.getNnsByItem(3, 10);
  expect(code(() => index.load(path))).toBe("ANNOY_WRONG_LAYOUT");
  expect(code(() => index.load(join(folder, "absent.ann")))).toBe("ANNOY_UNREADABLE");
  expect(index.getNnsByItem(3, 10)).toEqual(before);
});
