import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { importAnnoy } from "../../build/index.ts";
import { publish } from "../../build/publish/publish.ts";
import { annoyFixtures, type Fixture } from "../annoy/fixtures.ts";
import type { AnnoyAnswers } from "./annoy-provided.ts";
import { createRecordingStore } from "./recording-store.ts";

/** One file of each layout. */
const NAMES: readonly string[] = [
  "angular/mt_extra_roots",
  "euclidean/holes",
  "manhattan/f37",
  "dot/main",
  "dot-1.17.3/main",
  "hamming/main",
  "hamming-1.16.3/holes",
];

/** Imports and publishes golden files of Annoy's, and says what C++ Annoy answers from them. */
export async function setupAnnoy(project: TestProject, folder: string): Promise<void> {
  const store = createRecordingStore();
  const indexes: AnnoyAnswers[] = [];
  for (const fixture of annoyFixtures().filter(({ name }) => NAMES.includes(name))) {
    const { metric, f: dimensions } = fixture.expected;
    const name = fixture.name.replace(/\W+/g, "-");
    const out = join(folder, name);
    await importAnnoy(fixture.ann, { dimensions, metric, name, out });
    await publish(store, out, { by: "tests" });
    indexes.push({ name, metric, results: resultsOf(fixture) });
  }
  project.provide("annoy", { published: store.snapshot(), indexes });
}

/** Queries that the HTTP contract allows: a positive k and searchK, or the default, of items that exist. */
export function resultsOf({ expected, queries }: Fixture): AnnoyAnswers["results"] {
  const { f, present } = expected;
  const exists = (item: number) => !present || present.some(([low, high]) => item >= low && item <= high);
  return expected.results
    .filter(({ k, search_k }) => k >= 1 && k <= 1000 && (search_k === -1 || search_k >= 1))
    .filter(({ type, q }) => type === "vector" || exists(q))
    .map(({ type, q, k, search_k: searchK, ids, distances }) => ({
      request: {
        ...(type === "item" ? { item: q } : { vector: Array.from(queries.subarray(q * f, (q + 1) * f)) }),
        k,
        searchK,
      },
      ids,
      distances: distances.map((d) => Math.fround(d) + 0),
    }));
}
