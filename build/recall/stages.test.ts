import { describe, expect, it } from "vitest";
import { clusteredVectors, forestOf } from "../../test/support/forest.ts";
import { MARGIN_AT, meanFactor, openSketches } from "../../worker/core/forest/compact/sketches.ts";
import { distanceBetween, smallerIsNearer } from "../../worker/core/forest/metrics.ts";
import { openForest } from "../../worker/core/forest/open-forest.ts";
import type { Forest } from "../../worker/core/forest/types.ts";
import { openArtifact, requireView } from "../../worker/core/format/artifact.ts";
import type { Metric } from "../../worker/core/format/constants.ts";
import type { ForestSettings } from "../settings/options.ts";
import { openStages, type Stage } from "./stages.ts";

const DIMENSIONS = 64;
const COUNT = 3000;

/** The answer of a search that has come so far, put in order as every search does. */
function answerOf(forest: Forest, query: Float32Array, stage: Stage, k: number): number[] {
  const sign = smallerIsNearer(forest.metric) ? 1 : -1;
  return stage
    .items()
    .map((item) => ({ item, rank: sign * distanceBetween(forest.metric, query, forest.vector(item)!) }))
    .sort((a, b) => a.rank - b.rank || a.item - b.item)
    .slice(0, k)
    .map(({ item }) => item);
}

type Case = readonly [string, Metric, Partial<ForestSettings>];

const cases: readonly Case[] = [
  ["int8 and int4 behind it", "angular", { rescore: "int4" }],
  ["int8 alone, three trees", "angular", { trees: 3 }],
  ["float32", "dot", { codec: "float32" }],
  ["int8", "euclidean", {}],
  ["int4", "manhattan", { codec: "int4" }],
  ["bits", "hamming", {}],
  ["sketches, int8 behind them", "angular", { codec: "binary", rescore: "int8" }],
  ["sketches alone", "angular", { codec: "binary", rescore: "none" }],
];

describe("a walk that stops at every searchK", () => {
  it.each(cases)("has found what a search of each finds: %s, %s", async (_, metric, settings) => {
    const vectors = clusteredVectors(COUNT, DIMENSIONS, 100, 1, 7);
    const { bytes } = await forestOf(vectors, DIMENSIONS, metric, { targetRecall: 0.8, ...settings });
    const artifact = openArtifact(bytes);
    const forest = openForest(artifact);
    // Scored by rows that a Worker would read by range: what a search of the folder has in memory.
    const walk = openStages(artifact);
    const searchKs = [1, 100, 160, 161, 700, 1500, 9 * COUNT];
    for (let row = 0; row < COUNT; row += 300) {
      const query = vectors.slice(row * DIMENSIONS, (row + 1) * DIMENSIONS);
      for (const k of [1, 11]) {
        let last: number[] = [];
        const stages: number[] = [];
        walk(query, { k, searchKs, margins: [] }, (stage) => {
          const found = forest.search(query, { k, searchK: searchKs[stage.index]! });
          const answer = answerOf(forest, query, stage, k);
          expect(answer).toEqual(found.items);
          expect([stage.candidates, stage.scored]).toEqual([found.candidates, found.scored]);
          if (!stage.changed) expect(answer).toEqual(last);
          last = answer;
          stages.push(stage.index);
        });
        expect(stages).toEqual([...searchKs.keys()]);
      }
    }
  });

  it("tells of a scan what a search finds", async () => {
    const vectors = clusteredVectors(300, DIMENSIONS, 10, 1, 7);
    const { bytes, forest } = await forestOf(vectors, DIMENSIONS, "angular", { trees: "auto" });
    const query = vectors.slice(0, DIMENSIONS);
    openStages(openArtifact(bytes))(query, { k: 5, searchKs: [1, 300], margins: [] }, (stage) => {
      expect(stage.items()).toEqual(forest.search(query, { k: 5 }).items);
    });
  });

  it.each(["angular", "euclidean", "manhattan"] as const)(
    "knows what walks with smaller margins would have scored: %s",
    async (metric) => {
      const vectors = clusteredVectors(COUNT, DIMENSIONS, 100, 4, 7);
      const { bytes } = await forestOf(vectors, DIMENSIONS, metric, { targetRecall: 0.8 });
      const artifact = openArtifact(bytes, { trusted: true });
      const head = requireView(artifact, "sketchFactors", Float32Array);
      const mean = meanFactor(openSketches(artifact)!);
      const margins = [3, 1, 0.1];
      const k = 10;
      const missed = margins.map(() => 0);
      const wrong = margins.map(() => 0);
      const counted = { items: 0 };
      for (let row = 0; row < COUNT; row += 60) {
        const query = vectors.slice(row * DIMENSIONS, (row + 1) * DIMENSIONS);
        const staging = { k, searchKs: [1500] };
        head[MARGIN_AT] = Number.POSITIVE_INFINITY;
        const told: { readonly item: number; readonly margins: number }[] = [];
        openStages(artifact)(query, { ...staging, margins }, (stage) => {
          for (const item of answerOf(openForest(artifact), query, stage, k))
            told.push({ item, margins: stage.scoredWith(item) });
        });
        counted.items += told.length;
        for (const [m, margin] of margins.entries()) {
          head[MARGIN_AT] = margin * mean;
          const found = new Set<number>();
          openStages(artifact)(query, { ...staging, margins: [] }, (stage) => {
            for (const item of stage.items()) found.add(item);
          });
          for (const { item, margins } of told) {
            const scored = ((margins >>> m) & 1) === 1;
            if (!scored) missed[m]!++;
            if (scored !== found.has(item)) wrong[m]!++;
          }
        }
      }
      expect(counted.items).toBe(500);
      expect(missed[2]).toBeGreaterThan(missed[0]! + 10);
      for (const count of wrong) expect(count).toBeLessThanOrEqual(5);
    },
  );
});
