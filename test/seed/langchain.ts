import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { importLangchain } from "../../build/index.ts";
import { AnnoyVectorStore } from "../../build/langchain/index.ts";
import { publish } from "../../build/publish/publish.ts";
import { annoyFixtures, type Fixture } from "../annoy/fixtures.ts";
import { resultsOf } from "./annoy.ts";
import type { LangchainAnswers } from "./langchain-provided.ts";
import { createRecordingStore } from "./recording-store.ts";

const FOLDERS = fileURLToPath(new URL("../fixtures/langchain-folder/", import.meta.url));

/** A folder that LangChain for Python saved, of each metric, by the golden file of Annoy's that is its index. */
const PICKLES: Readonly<Record<string, string>> = {
  "angular/small": "core-pydantic2",
  "euclidean/small": "euclidean",
  "manhattan/small": "manhattan",
  "hamming/small": "hamming",
  "dot-1.17.3/main": "dot-1000",
};

/** Publishes the folders, and says what C++ Annoy and the vector store in Node answer from them. */
export async function setupLangchain(project: TestProject, folder: string): Promise<void> {
  const target = createRecordingStore();
  const indexes: LangchainAnswers[] = [];
  for (const fixture of annoyFixtures()) {
    const pickle = PICKLES[fixture.name];
    if (pickle === undefined) continue;
    const name = `langchain-${fixture.expected.metric}`;
    const saved = join(folder, `${name}-saved`);
    await mkdir(saved);
    await copyFile(fixture.ann, join(saved, "index.annoy"));
    await copyFile(join(FOLDERS, pickle, "index.pkl"), join(saved, "index.pkl"));
    const out = join(folder, name);
    await importLangchain(saved, { out, name });
    await publish(target, out, { by: "tests" });
    indexes.push({ name, metric: fixture.expected.metric, results: await answersOf(saved, fixture) });
  }
  project.provide("langchain", { published: target.snapshot(), indexes });
}

async function answersOf(saved: string, fixture: Fixture): Promise<LangchainAnswers["results"]> {
  const store = await AnnoyVectorStore.load(saved);
  const ids = store.indexToDocstoreId;
  const results: LangchainAnswers["results"][number][] = [];
  for (const { request, ids: items, distances } of resultsOf(fixture)) {
    const { vector, item, k, searchK } = request;
    const pairs = vector
      ? await store.similaritySearchWithScoreByVector(vector, k, undefined, searchK)
      : await store.similaritySearchWithScoreByIndex(item!, k, undefined, searchK);
    results.push({
      request,
      annoy: { ids: items.map((each) => ids[each]!), distances },
      store: { ids: pairs.map(([{ id }]) => id!), distances: pairs.map(([, distance]) => distance) },
    });
  }
  await store.close();
  return results;
}
