import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { type BuildOptions, build } from "../../build/index.ts";
import { publish } from "../../build/publish/publish.ts";
import { setupAnnoy } from "./annoy.ts";
import { guideCorpus, letters, textCorpus, vectorCorpus } from "./corpus.ts";
import { setupEncoder } from "./encoder.ts";
import { setupLangchain } from "./langchain.ts";
import type { Snapshot } from "./provided.ts";
import { createRecordingStore } from "./recording-store.ts";
import { setupShards } from "./shards.ts";

/** Stands in for a service: counts letters. */
const LETTERS = {
  identity: { provider: "workers-ai", model: "@test/letters", dimensions: 26, normalized: true },
  ...letters,
} as const;

/** Names of the indexes that tests in workerd find, with what each is made of. */
const INDEXES = {
  /** Text of four topics, the static embedder, angular. */
  demo: { documents: textCorpus, embedder: "static" },
  /** 300 rows of 8 numbers, no embedder, euclidean, stored as they are. */
  vectors: {
    documents: () => vectorCorpus(300, 8),
    embedder: "none",
    metric: "euclidean",
    codec: "float32",
  },
  /** 6,000 rows of 48 numbers of which only binary codes are resident; the vectors lie in the cold part. */
  cold: {
    documents: () => vectorCorpus(6000, 48),
    embedder: "none",
    codec: "binary",
    rescore: "int8",
    keyword: false,
  },
  /** Embedded by a service, which the Worker has to ask for every text. */
  service: {
    documents: textCorpus,
    embedder: LETTERS,
  },
  /** The texts of service with a curation. */
  curated: {
    documents: textCorpus,
    embedder: LETTERS,
    curation: {
      synonyms: [{ words: ["automobile", "car"] }, { from: "pop band", to: "violin concerto" }],
      rules: [
        { query: "best animal", pin: ["animals-4", "animals-0"], hide: "animals-1" },
        { words: "music lesson", pin: "music-5" },
      ],
      boosts: [{ field: "topic", value: "vehicles", factor: 4 }],
    },
  },
  /** A second index of texts, some of its topics those of service. */
  notes: {
    documents: () =>
      ["pizza dough needs a day", "the cook salts the pasta", "a violin lesson", "my bicycle"].map(
        (pageContent, i) => ({
          id: `note-${i}`,
          pageContent,
          metadata: { topic: ["food", "food", "music", "vehicles"][i]! },
        }),
      ),
    embedder: LETTERS,
  },
  /** Sections of two pages, as a site's are indexed, and a text longer than an answer of a tool. */
  guide: { documents: guideCorpus, embedder: LETTERS },
} as const satisfies Record<string, Omit<BuildOptions, "out" | "name">>;

/** Builds and publishes the test indexes once a run, with the code that people run. */
export default async function setup(project: TestProject): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "annoy-edge-seed-"));
  try {
    const store = createRecordingStore();
    for (const [name, options] of Object.entries(INDEXES)) {
      const out = join(folder, name);
      await build({ ...options, name, out, jobs: 1 });
      // Forced: noise is the hardest thing to search, and recall is held to its targets elsewhere.
      await publish(store, out, { by: "tests", force: true });
    }
    project.provide("versions", await publishTwice(folder));
    project.provide("published", store.snapshot());
    await setupEncoder(project, folder);
    await setupAnnoy(project, folder);
    await setupLangchain(project, folder);
    await setupShards(project, folder, INDEXES.service.embedder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** An index "swap" with two versions that differ in one document, the second one current. */
async function publishTwice(folder: string): Promise<{ snapshot: Snapshot; pointers: string[] }> {
  const store = createRecordingStore();
  const pointers: string[] = [];
  for (const text of ["before", "after"]) {
    const [first, ...rest] = vectorCorpus(40, 8);
    const documents = [{ ...first!, pageContent: text }, ...rest];
    const out = join(folder, `swap-${text}`);
    await build({ documents, embedder: "none", name: "swap", out, jobs: 1 });
    await publish(store, out, { by: "tests", force: true });
    const pointer = await store.getObject("swap/current.json");
    pointers.push(Buffer.from(pointer?.bytes ?? []).toString());
  }
  return { snapshot: store.snapshot(), pointers };
}
