import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AnnoyIndex } from "../../build/annoy/annoy-index.ts";
import { importAnnoy } from "../../build/annoy/import.ts";
import { Kiss64 } from "../../build/annoy/random.ts";
import { exportLangchain } from "../../build/langchain/folder/index.ts";
import { build } from "../../build/pipeline/build.ts";
import { ANNOY_LAYOUTS, type AnnoyLayout, nodeLayout } from "../../worker/core/format/annoy.ts";
import { METRICS } from "../../worker/core/format/constants.ts";

/** Valid files that the fuzzer damages. */
export interface Samples {
  readonly annoy: readonly {
    readonly layout: AnnoyLayout;
    readonly dimensions: number;
    readonly bytes: Uint8Array;
  }[];
  readonly artifacts: readonly Uint8Array[];
  readonly pickles: readonly Uint8Array[];
}

const DIMENSIONS = 5;

/** Builds small files of every kind: all layouts of Annoy, all metrics and codecs of artifacts, LangChain's pickle. */
export async function makeSamples(): Promise<Samples> {
  const folder = mkdtempSync(join(tmpdir(), "annoy-edge-fuzz-"));
  const random = new Kiss64(1n);
  const vectors = (hamming: boolean) =>
    Array.from({ length: 60 }, () =>
      Array.from({ length: DIMENSIONS }, () => (hamming ? random.index(2) : random.index(200) / 100 - 1)),
    );
  try {
    const annoy = [];
    const artifacts: Uint8Array[] = [];
    for (const layout of ANNOY_LAYOUTS) {
      const { metric } = nodeLayout(layout, DIMENSIONS);
      const index = new AnnoyIndex(DIMENSIONS, metric, { layout });
      for (const [i, v] of vectors(metric === "hamming").entries()) if (i !== 7) index.addItem(i, v);
      await index.build(3, 1);
      const path = join(folder, `${layout}.ann`);
      index.save(path);
      annoy.push({ layout, dimensions: DIMENSIONS, bytes: readFileSync(path) });
      const out = join(folder, `annoy-${layout}`);
      await importAnnoy(path, { dimensions: DIMENSIONS, metric, out });
      artifacts.push(readFileSync(join(out, "forest.bin")));
    }
    const pickles: Uint8Array[] = [];
    for (const metric of METRICS) {
      for (const codec of ["float32", "int8", "int4"] as const) {
        for (const trees of [0, 2]) {
          const documents = vectors(metric === "hamming").map((vector, i) => ({
            id: `d${i}`,
            pageContent: `text ${i}`,
            metadata: { page: i, tags: ["a", { b: [null, true, 1.5] }] },
            vector,
          }));
          const out = join(folder, `${metric}-${codec}-${trees}`);
          await build({ documents, out, metric, codec, trees, leaf: 8, jobs: 1 });
          artifacts.push(readFileSync(join(out, "forest.bin")));
        }
      }
      await exportLangchain(join(folder, `${metric}-int8-0`), { out: join(folder, "langchain"), trees: 2 });
      pickles.push(readFileSync(join(folder, "langchain", "index.pkl")));
    }
    return { annoy, artifacts, pickles };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
