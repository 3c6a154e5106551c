import { describe, expect, test } from "vitest";
import { annoyFixtures, type Expected } from "../../test/annoy/fixtures.ts";
import { openForTest } from "../../test/annoy/open.ts";
import { openAnnoyForest } from "../../worker/core/forest/annoy/forest.ts";
import type { Forest } from "../../worker/core/forest/types.ts";
import { readAnnoy } from "./read.ts";
import { annoySections } from "./sections.ts";

const fixtures = annoyFixtures();

function ask(forest: Forest, queries: Float32Array, r: Expected["results"][number]) {
  const { dimensions } = forest;
  const query =
    r.type === "vector"
      ? queries.subarray(r.q * dimensions, (r.q + 1) * dimensions)
      : (forest.vector(r.q) ?? new Float32Array(dimensions));
  if (r.k === 0) return { items: [], distances: [] };
  return forest.search(query, { k: r.k, searchK: r.search_k });
}

describe.each(fixtures)("$name", ({ ann, expected, native, queries }) => {
  const { metric, f: dimensions } = expected;
  const data = readAnnoy(ann, { dimensions, metric });
  const forest = openAnnoyForest(openForTest(annoySections(data, "float32")));

  test("has the items, trees and nodes that Annoy counts", () => {
    expect(forest.nItems).toBe(expected.n_items);
    expect(forest.nTrees).toBe(expected.n_trees_loaded);
    expect(data.trees.nodeCount).toBe(expected.n_nodes);
  });

  test("answers every query with Annoy's items and its distances to the bit", () => {
    let checks = 0;
    for (const r of expected.results) {
      const got = ask(forest, queries, r);
      expect(got.items, JSON.stringify(r)).toEqual(r.ids);
      expect(got.distances, JSON.stringify(r)).toEqual(r.distances.map((d) => Math.fround(d) + 0));
      checks++;
    }
    for (const [i, j, d] of expected.item_distances ?? []) {
      const got = forest.distance(i, j);
      if (got === undefined) continue;
      expect(got).toBe(Math.fround(d) + 0);
      checks++;
    }
    if (process.env.ANNOY_FIXTURES) console.log(`${ann}: ${checks} checks`);
    expect(checks).toBeGreaterThan(0);
  });

  if (!native) return;
  test("agrees with a vectorised build within float32 rounding", () => {
    for (const r of native.results) {
      const got = ask(forest, queries, r);
      expect(got.items, JSON.stringify(r)).toEqual(r.ids);
      for (const [i, d] of r.distances.entries()) {
        // An item's distance to itself is the root of a cancellation: 0 here, up to 6e-4 there.
        expect(Math.abs(got.distances[i]! - d)).toBeLessThanOrEqual(
          metric === "angular" && d < 1e-3 ? 1e-3 : 5e-5,
        );
      }
    }
  });
});
