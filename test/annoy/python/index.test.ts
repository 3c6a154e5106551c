import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { AnnoyIndex } from "../../../build/annoy/annoy-index.ts";
import type { Metric } from "../../../worker/core/format/constants.ts";
import { built, code, file, folder, loaded, normal } from "./support.ts";

const TREE = fileURLToPath(new URL("../../fixtures/annoy/angular/test_tree.ann", import.meta.url));
const NEAREST = [0, 85, 42, 11, 54, 38, 53, 66, 19, 31];

describe("index_test", () => {
  test("test_not_found_tree, test_unknown_distance", () => {
    const index = new AnnoyIndex(10, "angular");
    expect(() => index.load(file("nonexists.tree"))).toThrow(code("ANNOY_UNREADABLE"));
    expect(() => new AnnoyIndex(10, "banana" as Metric)).toThrow(code("UNKNOWN_METRIC"));
  });

  test("test_binary_compatibility, test_prefault, test_get_n_trees, test_seed", () => {
    const index = loaded(TREE);
    expect(index.getNnsByItem(0, 10)).toEqual(NEAREST);
    expect(index.getNTrees()).toBe(10);
    index.setSeed(42);
    const prefault = new AnnoyIndex(10, "angular");
    prefault.load(TREE, true);
    expect(prefault.getNnsByItem(0, 10)).toEqual(NEAREST);
  });

  test("test_load_unload, test_construct_load_destruct, test_construct_destruct", () => {
    const index = new AnnoyIndex(10, "angular");
    for (let x = 0; x < 200; x++) {
      expect(index.load(TREE)).toBe(true);
      expect(index.unload()).toBe(true);
      loaded(TREE);
      new AnnoyIndex(10, "angular").addItem(1000, normal(10));
    }
    expect(index.getNItems()).toBe(0);
  });

  test("test_save_twice, test_add_after_save, test_build_twice", async () => {
    const index = await built(
      "angular",
      Array.from({ length: 100 }, () => normal(10)),
    );
    await expect(index.build(10)).rejects.toThrow(code("INDEX_BUILT"));
    expect(index.save(file("t1.ann"))).toBe(true);
    expect(index.save(file("t2.ann"))).toBe(true);
    expect(loaded(file("t2.ann")).getNnsByItem(3, 20)).toEqual(loaded(file("t1.ann")).getNnsByItem(3, 20));
    expect(() => index.addItem(99, normal(10))).toThrow(code("INDEX_LOADED"));
  });

  test("test_load_save", () => {
    const index = loaded(TREE);
    const vector = index.getItemVector(99);
    index.save(file("i.tree"));
    expect(index.getItemVector(99)).toEqual(vector);
    loaded(TREE).save(file("j.tree"), true);
    loaded(file("j.tree")).save(file("k.tree"), false);
    expect(loaded(file("k.tree")).getItemVector(99)).toEqual(vector);
    expect(loaded(file("k.tree")).getNnsByItem(0, 10)).toEqual(NEAREST);
  });

  test("test_save_without_build, test_unbuild_with_loaded_tree", () => {
    const index = new AnnoyIndex(10, "angular");
    index.addItem(0, normal(10));
    expect(() => index.save(file("x.tree"))).toThrow(code("INDEX_NOT_BUILT"));
    expect(() => loaded(TREE).unbuild()).toThrow(code("INDEX_LOADED"));
  });

  test("test_metric_kwarg, test_metric_f_kwargs", () => {
    const index = new AnnoyIndex(2, "euclidean");
    index.addItem(0, [1, 0]);
    index.addItem(1, [9, 0]);
    expect(index.getDistance(0, 1)).toBe(8);
    expect(index.f).toBe(2);
  });

  test("test_item_vector_after_save", async () => {
    const index = new AnnoyIndex(3, "angular");
    index.addItem(1, [1, 0, 0]);
    index.addItem(2, [0, 1, 0]);
    index.addItem(3, [0, 0, 1]);
    await index.build(-1);
    for (const path of [undefined, file("something.annoy")]) {
      if (path) index.save(path);
      expect(index.getNItems()).toBe(4);
      expect(index.getItemVector(3)).toEqual([0, 0, 1]);
      expect(index.getNnsByItem(1, 999).sort()).toEqual([1, 2, 3]);
    }
  });

  test("test_fail_save, test_write_failed: nothing is left behind", async () => {
    const index = await built(
      "angular",
      Array.from({ length: 50 }, () => normal(10)),
    );
    const here = readdirSync(".");
    for (const path of ["", "/x/y/z.annoy", folder]) {
      expect(() => index.save(path), path).toThrow(code("CANNOT_WRITE"));
    }
    expect(readdirSync(".")).toEqual(here);
    expect(index.getNnsByItem(0, 1)).toEqual([0]);
  });

  test("test_overwrite_index", async () => {
    const rows = (count: number) => Array.from({ length: count }, () => normal(10));
    (await built("angular", rows(200))).save(file("test.ann"));
    const before = loaded(file("test.ann"));
    (await built("angular", rows(100))).save(file("test.ann"));
    expect(before.getNnsByVector(normal(10), 200, 1e6).length).toBe(200);
    expect(loaded(file("test.ann")).getNItems()).toBe(100);
  });

  test("test_dimension_mismatch", async () => {
    const rows = Array.from({ length: 100 }, () => normal(100));
    (await built("angular", rows)).save(file("test.annoy"));
    for (const f of [200, 50]) {
      expect(() => new AnnoyIndex(f, "angular").load(file("test.annoy"))).toThrow(code("ANNOY_WRONG_LAYOUT"));
    }
  });
});
