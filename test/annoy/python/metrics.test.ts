import { describe, expect, test } from "vitest";
import { AnnoyIndex } from "../../../build/annoy/annoy-index.ts";
import { built, CORNER, file, loaded, norm, normal, product, type Vector } from "./support.ts";

interface Small {
  readonly items: readonly Vector[];
  /** A vector, or the number of an item, and its three nearest. */
  readonly asked: readonly (readonly [query: Vector | number, neighbours: Vector])[];
  /** Items that getDistance is asked about, and what it must say. */
  readonly far: readonly (readonly [a: Vector, b: Vector, distance: number])[];
}

/** Metrics of those four files on a handful of items. */
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
