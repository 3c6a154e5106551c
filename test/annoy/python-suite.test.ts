import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AnnoyIndex } from "../../build/annoy/annoy-index.ts";
import { Kiss64 } from "../../build/annoy/random.ts";
import type { Metric } from "../../worker/format/constants.ts";

/**
 * The tests of Annoy's Python module carried over by meaning, each named for the one it carries. Sizes are smaller where
 * theirs are large for the sake of leaks in C++; `accuracy_test` needs data sets that are fetched.
 */
const TREE = fileURLToPath(new URL("../fixtures/annoy/angular/test_tree.ann", import.meta.url));
const NEAREST = [0, 85, 42, 11, 54, 38, 53, 66, 19, 31];

const random = new Kiss64(20n);
const uniform = () => (random.index(1 << 30) + 0.5) / (1 << 30);
const gauss = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
const normal = (f: number) => Array.from({ length: f }, gauss);
const norm = (v: readonly number[]) => Math.hypot(...v);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "python-suite-"));
});
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string) => join(folder, name);

async function built(metric: Metric, rows: readonly ArrayLike<number>[], trees = 10): Promise<AnnoyIndex> {
  const index = new AnnoyIndex(rows[0]!.length, metric);
  for (const [i, v] of rows.entries()) index.addItem(i, v);
  expect(await index.build(trees)).toBe(true);
  return index;
}

function loaded(path: string, f = 10, metric: Metric = "angular"): AnnoyIndex {
  const index = new AnnoyIndex(f, metric);
  expect(index.load(path)).toBe(true);
  return index;
}

const code = (value: string) => expect.objectContaining({ code: value });

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

type Vector = readonly number[];
interface Small {
  readonly items: readonly Vector[];
  /** A vector, or the number of an item, and its three nearest. */
  readonly asked: readonly (readonly [query: Vector | number, neighbours: Vector])[];
  /** Items that getDistance is asked about, and what it must say. */
  readonly far: readonly (readonly [a: Vector, b: Vector, distance: number])[];
}

const CORNER: readonly Vector[] = [
  [2, 2],
  [3, 2],
  [3, 3],
];

/** What those four files ask of a handful of items. */
const SMALL: Readonly<Record<"angular" | "euclidean" | "manhattan" | "dot", Small>> = {
  angular: {
    items: [
      [0, 0, 1],
      [0, 1, 0],
      [1, 0, 0],
    ],
    asked: [
      [
        [3, 2, 1],
        [2, 1, 0],
      ],
      [
        [1, 2, 3],
        [0, 1, 2],
      ],
      [
        [2, 0, 1],
        [2, 0, 1],
      ],
      [0, [0, 1, 2]],
    ],
    far: [
      [[0, 1], [1, 1], Math.sqrt(2 - Math.SQRT2)],
      [[1000, 0], [10, 0], 0],
      [[97, 0], [42, 42], Math.sqrt(2 - Math.SQRT2)],
      [[1, 0], [0, 0], Math.SQRT2],
    ],
  },
  euclidean: {
    items: CORNER,
    asked: [
      [
        [4, 4],
        [2, 1, 0],
      ],
      [
        [1, 1],
        [0, 1, 2],
      ],
      [
        [4, 2],
        [1, 2, 0],
      ],
      [0, [0, 1, 2]],
      [2, [2, 1, 0]],
    ],
    far: [
      [[0, 1], [1, 1], 1],
      [[1, 1], [0, 0], Math.SQRT2],
      // test_rounding_error
      [[0.712593, 0], [0.7123166, 0], 0.0002764],
    ],
  },
  manhattan: {
    items: CORNER,
    asked: [
      [
        [4, 4],
        [2, 1, 0],
      ],
      [
        [1, 1],
        [0, 1, 2],
      ],
      [
        [5, 3],
        [2, 1, 0],
      ],
      [0, [0, 1, 2]],
      [2, [2, 1, 0]],
    ],
    far: [
      [[0, 1], [1, 1], 1],
      [[1, 1], [0, 0], 2],
    ],
  },
  dot: {
    items: CORNER,
    asked: [
      [
        [4, 4],
        [2, 1, 0],
      ],
      [
        [1, 1],
        [2, 1, 0],
      ],
      [
        [4, 2],
        [2, 1, 0],
      ],
      [0, [2, 1, 0]],
      [2, [2, 1, 0]],
    ],
    far: [
      [[0, 1], [1, 1], 1],
      [[1, 1], [0, 0], 0],
    ],
  },
};

/** Annoy's definitions, in double. */
const DISTANCES: Readonly<Record<keyof typeof SMALL, (u: Vector, v: Vector) => number>> = {
  angular: (u, v) => Math.sqrt(Math.max(0, 2 - (2 * product(u, v)) / (norm(u) * norm(v)))),
  euclidean: (u, v) => norm(u.map((x, i) => x - v[i]!)),
  manhattan: (u, v) => u.reduce((sum, x, i) => sum + Math.abs(x - v[i]!), 0),
  dot: product,
};

function product(u: Vector, v: Vector): number {
  return u.reduce((sum, x, i) => sum + x * v[i]!, 0);
}

describe.each(["angular", "euclidean", "manhattan", "dot"] as const)("%s_index_test", (metric) => {
  const { items, asked, far } = SMALL[metric];

  test("test_get_nns_by_vector, test_get_nns_by_item, test_get_nns_search_k", async () => {
    const index = await built(metric, items);
    for (const [query, neighbours] of asked) {
      for (const searchK of [-1, 10]) {
        const found =
          typeof query === "number"
            ? index.getNnsByItem(query, 3, searchK)
            : index.getNnsByVector(query, 3, searchK);
        expect(found, JSON.stringify(query)).toEqual(neighbours);
      }
    }
  });

  test("test_dist, test_dist_2, test_dist_3, test_dist_degen, test_rounding_error", () => {
    for (const [a, b, distance] of far) {
      const index = new AnnoyIndex(2, metric);
      index.addItem(0, a);
      index.addItem(1, b);
      // dot stores what its transform needs only when it is built, and answers without.
      expect(index.getDistance(0, 1)).toBeCloseTo(distance, 6);
      expect(index.getDistance(0, 1)).toBeGreaterThanOrEqual(0);
    }
  });

  test("test_include_dists, test_include_dists_check_ranges", async () => {
    const v = normal(40);
    const index = await built(metric, [v, v.map((x) => -x)]);
    const [found, distances] = index.getNnsByItem(0, 2, 10, true);
    expect(found).toEqual([0, 1]);
    for (const [i, distance] of distances.entries()) {
      const wanted = DISTANCES[metric](v, i === 0 ? v : v.map((x) => -x));
      expect(distance).toBeCloseTo(wanted, 3);
    }
    if (metric !== "angular") return;
    const many = await built(
      metric,
      Array.from({ length: 2000 }, () => normal(3)),
    );
    const [, all] = many.getNnsByItem(0, 2000, -1, true);
    expect(Math.max(...all)).toBeLessThanOrEqual(2);
    expect(Math.min(...all)).toBeCloseTo(0, 3);
  });

  test("test_distance_consistency", async () => {
    const index = await built(
      metric,
      Array.from({ length: 500 }, () => normal(3)),
    );
    for (let a = 0; a < 500; a += 17) {
      const [found, distances] = index.getNnsByItem(a, 50, -1, true);
      for (const [i, b] of found.entries()) {
        expect(distances[i]).toBe(index.getDistance(a, b));
        const wanted = DISTANCES[metric](index.getItemVector(a), index.getItemVector(b));
        expect(distances[i]).toBeCloseTo(wanted, 3);
      }
    }
  });

  test("test_only_one_item, test_no_items, test_single_vector", async () => {
    const path = file(`${metric}-one.idx`);
    (await built(metric, [normal(100)])).save(path);
    const one = loaded(path, 100, metric);
    expect(one.getNItems()).toBe(1);
    expect(one.getNnsByVector(normal(100), 50)).toEqual([0]);
    const none = new AnnoyIndex(100, metric);
    await none.build(10);
    none.save(path);
    const empty = loaded(path, 100, metric);
    expect(empty.getNItems()).toBe(0);
    expect(empty.getNnsByVector(normal(100), 50, -1, true)).toEqual([[], []]);
  });
});

describe.each(["angular", "euclidean", "manhattan"] as const)("%s_index_test at size", (metric) => {
  test("test_large_index: of two points that are close each finds the other", async () => {
    const rows: number[][] = [];
    for (let pair = 0; pair < 1000; pair++) {
      const p = normal(10);
      for (let half = 0; half < 2; half++) {
        const scale = metric === "angular" ? 1 + uniform() : 1;
        const shift = metric === "angular" ? 0 : 1;
        rows.push(p.map((x) => scale * x + shift + gauss() / 100));
      }
    }
    const index = await built(metric, rows);
    let missed = 0;
    for (let j = 0; j < rows.length; j++) {
      const [first, second] = index.getNnsByItem(j, 2);
      if (first !== j || second !== (j ^ 1)) missed++;
    }
    expect(missed).toBeLessThanOrEqual(2);
  });

  test.each([1, 10, 100])("test_precision_%i", async (n) => {
    let found = 0;
    for (let round = 0; round < 2; round++) {
      const rows = Array.from({ length: 2000 }, (_, j) => {
        const p = normal(metric === "angular" ? 9 : 10);
        const length = norm(p);
        if (metric === "angular") return [1000, ...p.map((x) => (x / length) * j)];
        return p.map((x) => (metric === "manhattan" ? x / length + j : (x / length) * j));
      });
      const index = await built(metric, rows);
      const query =
        metric === "angular" ? [1000, ...new Array<number>(9).fill(0)] : new Array<number>(10).fill(0);
      const nearest = index.getNnsByVector(query, n, metric === "angular" ? 100_000 : -1);
      expect(nearest).toEqual([...nearest].sort((a, b) => a - b));
      found += nearest.filter((item) => item < n).length;
    }
    expect(found / (2 * n)).toBeGreaterThanOrEqual(0.98);
  });
});

describe("dot_index_test at size", () => {
  test.each([
    [10, 10, 0.65],
    [100, 10, 0.95],
    [1000, 10, 0.99],
    [1000, 4, 0.99],
  ])("test_recall_at_%i with %i trees", async (n, trees, least) => {
    const rows = Array.from({ length: 1000 }, () => normal(10));
    const index = await built("dot", rows, trees);
    let recall = 0;
    const asked = rows.filter((_, i) => i % 20 === 0);
    for (const query of asked) {
      const order = rows.map((_, j) => j).sort((a, b) => product(query, rows[b]!) - product(query, rows[a]!));
      const wanted = new Set(order.slice(0, n));
      recall += index.getNnsByVector(query, n).filter((item) => wanted.has(item)).length / n;
    }
    expect(recall / asked.length).toBeGreaterThanOrEqual(least);
  });

  test("test_get_nns_with_distances", async () => {
    const rows = [
      [0, 0, 2],
      [0, 1, 1],
      [1, 0, 0],
    ];
    const index = await built("dot", rows);
    expect(index.getNnsByItem(0, 3, -1, true)).toEqual([
      [0, 1, 2],
      [4, 2, 0],
    ]);
    expect(index.getNnsByVector([2, 2, 2], 3, -1, true)).toEqual([
      [0, 1, 2],
      [4, 4, 2],
    ]);
    const [order, far] = (await built("euclidean", rows)).getNnsByVector([2, 2, 2], 3, -1, true);
    expect([order, far.map((d) => Math.round(d * d))]).toEqual([
      [1, 0, 2],
      [6, 8, 9],
    ]);
    expect((await built("manhattan", rows)).getNnsByVector([2, 2, 1], 3, -1, true)).toEqual([
      [1, 2, 0],
      [3, 4, 5],
    ]);
  });
});

describe("hamming_index_test", () => {
  const bits = (f: number) => Array.from({ length: f }, () => random.flip());
  const differing = (u: Vector, v: Vector) => u.filter((x, i) => x !== v[i]).length;

  test("test_basic_conversion, test_basic_nns, test_save_load", async () => {
    const [u, v] = [bits(100), bits(100)];
    const index = await built("hamming", [u, v]);
    expect([index.getItemVector(0), index.getItemVector(1)]).toEqual([u, v]);
    const far = differing(u, v);
    expect([index.getDistance(0, 0), index.getDistance(0, 1), index.getDistance(1, 0)]).toEqual([
      0,
      far,
      far,
    ]);
    expect(index.getNnsByItem(1, 99)).toEqual([1, 0]);
    index.save(file("hamming.ann"));
    const answer = [
      [0, 1],
      [0, far],
    ];
    expect(loaded(file("hamming.ann"), 100, "hamming").getNnsByItem(0, 99, -1, true)).toEqual(answer);
  });

  test("test_many_vectors", async () => {
    const index = await built(
      "hamming",
      Array.from({ length: 10_000 }, () => bits(10)),
    );
    const [, all] = index.getNnsByVector(new Array<number>(10).fill(0), 10_000, -1, true);
    expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...all)).toBeLessThanOrEqual(10);
    let sum = 0;
    for (let x = 0; x < 200; x++) sum += index.getNnsByVector(bits(10), 1, 1000, true)[1][0]!;
    expect(sum / 200).toBeLessThanOrEqual(0.42);
  });

  test("test_zero_vectors: bit strings that nearly all begin with zeros", async () => {
    const strings = [
      "0000000000011000001110000011111000101110111110000100000100000000",
      "0000000000011000001110000011111000101110111110000100000100000001",
      "0000000000011000001110000011111000101110111110000100000100000010",
      "0010010100011001001000010001100101011110000000110000011110001100",
      "1001011010000110100101101001111010001110100001101000111000001110",
    ];
    const index = await built(
      "hamming",
      strings.map((text) => Array.from(text, Number)),
    );
    const [found, distances] = index.getNnsByItem(0, 5, -1, true);
    expect(found[0]).toBe(0);
    expect(distances.slice(0, 3)).toEqual([0, 1, 1]);
  });
});

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
