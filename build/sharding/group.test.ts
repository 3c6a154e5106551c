import fc from "fast-check";
import { expect, test } from "vitest";
import { groupClusters, type Piece, rowsOf } from "./group.ts";

const line = (places: readonly number[]) => ({ centroids: Float32Array.from(places), dimensions: 1 });

test("clusters that lie together come into one group, and groups are of about equal size", () => {
  const places = [0, 100, 1, 101, 200, 300, 201, 301];
  const pieces = places.map((_, cluster): Piece => ({ cluster, rows: 10 }));
  const groups = groupClusters(line(places), pieces, 4, 25);
  const found = groups.map((group) => group.map(({ cluster }) => places[cluster]!).sort((a, b) => a - b));
  expect(found.sort((a, b) => a[0]! - b[0]!)).toEqual([
    [0, 1],
    [100, 101],
    [200, 201],
    [300, 301],
  ]);
});

test("a cluster larger than a shard is divided", () => {
  const groups = groupClusters(
    line([0, 1]),
    [
      { cluster: 0, rows: 90 },
      { cluster: 1, rows: 10 },
    ],
    4,
    26,
  );
  expect(groups.map(rowsOf).every((rows) => rows > 0 && rows <= 26)).toBe(true);
  expect(groups.filter((group) => group.some(({ cluster }) => cluster === 0))).toHaveLength(4);
});

test("whatever the clusters, no group exceeds the bound, none is empty, and no row is lost", () => {
  const cluster = fc.record({
    place: fc.integer({ min: 0, max: 50 }),
    rows: fc.integer({ min: 1, max: 400 }),
  });
  const input = fc.record({
    clusters: fc.array(cluster, { minLength: 1, maxLength: 40 }),
    shards: fc.integer({ min: 1, max: 12 }),
    room: fc.integer({ min: 0, max: 40 }),
  });
  fc.assert(
    fc.property(input, ({ clusters, shards, room }) => {
      const pieces = clusters.map(({ rows }, i): Piece => ({ cluster: i, rows }));
      const total = rowsOf(pieces);
      fc.pre(total >= shards);
      const cap = Math.ceil(total / shards) + room;
      const groups = groupClusters(line(clusters.map(({ place }) => place)), pieces, shards, cap);
      expect(groups).toHaveLength(shards);
      for (const group of groups) {
        expect(rowsOf(group)).toBeLessThanOrEqual(cap);
        expect(rowsOf(group)).toBeGreaterThan(0);
        expect(group.every(({ rows }) => rows > 0)).toBe(true);
      }
      for (const [i, { rows }] of clusters.entries()) {
        const parts = groups.flatMap((group) => group.filter((piece) => piece.cluster === i));
        expect(rowsOf(parts)).toBe(rows);
      }
    }),
  );
});
