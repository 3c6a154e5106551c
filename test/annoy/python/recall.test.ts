import { describe, expect, test } from "vitest";
import {
  built,
  file,
  gauss,
  loaded,
  norm,
  normal,
  product,
  random,
  uniform,
  type Vector,
} from "./support.ts";

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
