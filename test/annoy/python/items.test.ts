import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { AnnoyIndex } from "../../../build/annoy/annoy-index.ts";
import { built, CORNER, code, file, loaded, normal, random } from "./support.ts";

describe("types_test", () => {
  test("test_numpy, test_tuple: vectors of any kind of array", async () => {
    const index = new AnnoyIndex(4, "euclidean");
    const kinds: ((values: number[]) => ArrayLike<number>)[] = [
      (values) => values,
      Float64Array.from.bind(Float64Array),
      Float32Array.from.bind(Float32Array),
      Uint8Array.from.bind(Uint8Array),
      Int16Array.from.bind(Int16Array),
    ];
    for (const [i, from] of kinds.entries()) index.addItem(i, from([1, 2, 3, i]));
    await index.build(10);
    for (const i of kinds.keys()) expect(index.getItemVector(i)).toEqual([1, 2, 3, i]);
  });

  test("test_wrong_length, test_missing_len, test_missing_getitem, test_short, test_non_float", () => {
    const index = new AnnoyIndex(3, "euclidean");
    const wrong: unknown[] = [
      [1, 2, 3, 4],
      [],
      {},
      { length: 3 },
      ["1", "2", "3"],
      null,
      undefined,
      7,
      "abc",
    ];
    for (const vector of wrong) {
      expect(() => index.addItem(1, vector as number[]), String(vector)).toThrow(code("BAD_VECTOR"));
    }
    expect(index.getNItems()).toBe(0);
  });

  test("test_range_errors", async () => {
    const index = await built(
      "euclidean",
      Array.from({ length: 100 }, () => normal(10)),
    );
    expect(() => new AnnoyIndex(10, "euclidean").addItem(-1, normal(10))).toThrow(code("BAD_ITEM"));
    for (const bad of [-1000, -1, 100, 1100]) {
      expect(() => index.getDistance(0, bad)).toThrow(code("BAD_ITEM"));
      expect(() => index.getNnsByItem(bad, 1)).toThrow(code("BAD_ITEM"));
      expect(() => index.getItemVector(bad)).toThrow(code("BAD_ITEM"));
    }
  });
});

describe("holes_test", () => {
  test("test_random_holes", async () => {
    const index = new AnnoyIndex(10, "angular");
    const valid = new Set<number>();
    while (valid.size < 500) valid.add(random.index(1000));
    for (const item of valid) index.addItem(item, normal(10));
    await index.build(10);
    for (const item of valid) {
      for (const found of index.getNnsByItem(item, 10_000))
        if (!valid.has(found)) expect(found).toBe("a hole");
    }
    for (let i = 0; i < 100; i++) {
      expect(index.getNnsByVector(normal(10), 10_000).filter((found) => !valid.has(found))).toEqual([]);
    }
  });

  test.each([
    ["test_root_one_child", 1],
    ["test_root_two_children", 2],
    ["test_root_some_children", 10],
    ["test_root_many_children", 1000],
  ])("%s", async (_, n) => {
    const index = new AnnoyIndex(20, "angular");
    const base = 100_000;
    for (let i = 0; i < n; i++) index.addItem(base + i, normal(20));
    await index.build(20);
    const found = index.getNnsByItem(base, n).sort((a, b) => a - b);
    expect(found).toEqual(Array.from({ length: n }, (__, i) => base + i));
  });
});

describe("seed_test, on_disk_build_test, multithreaded_build_test, threading_test, memory_leak_test", () => {
  test("test_seeding", async () => {
    const rows = Array.from({ length: 500 }, () => normal(10));
    const answers: unknown[] = [];
    for (const seed of [42, 42, 43]) {
      const index = new AnnoyIndex(10, "angular");
      index.setSeed(seed);
      for (const [j, v] of rows.entries()) index.addItem(j, v);
      await index.build(10);
      answers.push(rows.slice(0, 50).map((v) => index.getNnsByVector(v, 20)));
    }
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]).not.toEqual(answers[2]);
  });

  test("test_on_disk", async () => {
    const path = file("on_disk.ann");
    const index = new AnnoyIndex(2, "euclidean");
    expect(index.onDiskBuild(path)).toBe(true);
    for (const [i, v] of CORNER.entries()) index.addItem(i, v);
    await index.build(10);
    const check = (built: AnnoyIndex) => {
      expect(built.getNnsByVector([4, 4], 3)).toEqual([2, 1, 0]);
      expect(built.getNnsByVector([1, 1], 3)).toEqual([0, 1, 2]);
      expect(built.getNnsByVector([4, 2], 3)).toEqual([1, 2, 0]);
    };
    check(index);
    index.unload();
    expect(existsSync(path)).toBe(true);
    index.load(path);
    check(index);
    check(loaded(path, 2, "euclidean"));
  });

  test.each([1, 2, 4, 8])("%i threads build the number of trees that was asked for", async (jobs) => {
    const index = new AnnoyIndex(10, "euclidean");
    for (let j = 0; j < 200; j++) index.addItem(j, normal(10));
    expect(await index.build(31, jobs)).toBe(true);
    expect(index.getNTrees()).toBe(31);
  });

  test("test_get_lots_of_nns, test_build_unbuid", async () => {
    const one = await built("euclidean", [normal(10)]);
    expect(one.getNnsByItem(0, 999_999_999)).toEqual([0]);
    const rows = Array.from({ length: 100 }, () => normal(10));
    const index = await built("euclidean", rows);
    for (let j = 0; j < 5; j++) {
      expect(index.unbuild()).toBe(true);
      await index.build(10);
    }
    expect(index.getNItems()).toBe(100);
  });
});
