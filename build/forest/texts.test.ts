import { expect, it } from "vitest";
import { clusteredVectors, forestOf, PLAIN_SETTINGS } from "../../test/support/forest.ts";
import type { Metric } from "../../worker/core/format/constants.ts";
import { sharedFloats } from "../numeric/arrays.ts";
import { buildForest } from "./build-forest.ts";

const DIMENSIONS = 32;
const COUNT = 4000;

/** Texts lie between the clusters of the documents, where a walk ranks leaves badly. */
function vectorsAndTexts() {
  const vectors = clusteredVectors(COUNT, DIMENSIONS, 60, 0.5, 5);
  const texts = sharedFloats(60 * DIMENSIONS);
  for (let i = 0; i < texts.length; i++) texts[i] = Math.sin(i * 12.9898) * 2;
  return { vectors, texts };
}

for (const metric of ["angular", "euclidean"] as const satisfies Metric[]) {
  it(`looks as far as texts need that are unlike documents: ${metric}`, async () => {
    const { vectors, texts } = vectorsAndTexts();
    const settings = { ...PLAIN_SETTINGS, codec: "float32" } as const;
    const input = { vectors, dimensions: DIMENSIONS, metric };
    const without = await buildForest(input, settings);
    const withTexts = await buildForest({ ...input, texts }, settings);
    expect(without.certified.texts).toBeUndefined();
    expect(withTexts.certified.texts).toMatchObject({ queries: 60 });
    expect(withTexts.certified.texts!.recallAt10).toBeGreaterThanOrEqual(0.95);
    expect(withTexts.certified.defaultSearchK).toBeGreaterThan(without.certified.defaultSearchK);

    // What is certified is what a search finds.
    const { forest } = await forestOf(vectors, DIMENSIONS, metric, { codec: "float32" });
    const searchK = withTexts.certified.defaultSearchK;
    let recall = 0;
    for (let q = 0; q < 60; q++) {
      const query = texts.slice(q * DIMENSIONS, (q + 1) * DIMENSIONS);
      const exact = forest.search(query, { k: 10, searchK: COUNT }).items;
      const found = forest.search(query, { k: 10, searchK }).items;
      recall += found.filter((item) => exact.includes(item)).length / 600;
    }
    expect(Math.abs(recall - withTexts.certified.texts!.recallAt10)).toBeLessThan(0.011);
  });
}

it("asks a scan for nothing", async () => {
  const { vectors, texts } = vectorsAndTexts();
  const few = sharedFloats(500 * DIMENSIONS);
  few.set(vectors.subarray(0, few.length));
  const built = await buildForest(
    { vectors: few, dimensions: DIMENSIONS, metric: "angular", texts },
    { ...PLAIN_SETTINGS, trees: "auto" },
  );
  expect(built.forest.kind).toBe("flat");
  expect(built.certified.texts).toBeUndefined();
});
