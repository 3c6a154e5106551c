import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { type BuildOptions, build } from "../../build/index.ts";
import { publish } from "../../build/publish/publish.ts";
import { textCorpus, vectorCorpus } from "./corpus.ts";
import "./provided.ts";
import { createRecordingStore } from "./recording-store.ts";

/** Names of the indexes that tests in workerd find, with what each is made of. */
const INDEXES = {
  /** Text of four topics, the static embedder, angular. */
  demo: { documents: textCorpus },
  /** 300 rows of 8 numbers, no embedder, euclidean, stored as they are. */
  vectors: {
    documents: () => vectorCorpus(300, 8),
    embedder: "none",
    metric: "euclidean",
    codec: "float32",
  },
} as const satisfies Record<string, Omit<BuildOptions, "out" | "name">>;

/** Builds and publishes the test indexes once a run, with the code that people run. */
export default async function setup(project: TestProject): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "annoy-edge-seed-"));
  try {
    const store = createRecordingStore();
    for (const [name, options] of Object.entries(INDEXES)) {
      const out = join(folder, name);
      await build({ ...options, name, out, jobs: 1 });
      await publish(store, out, { by: "tests" });
    }
    project.provide("published", store.snapshot());
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
