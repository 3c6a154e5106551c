import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, test } from "vitest";
import { AnnoyIndex } from "../../build/annoy/annoy-index.ts";
import type { AnnoyLayout } from "../../worker/core/format/annoy.ts";
import { METRICS, type Metric } from "../../worker/core/format/constants.ts";
import { type FileAnswers, type Nearest, usePython } from "./python.ts";
import { expectSame } from "./same.ts";
import { randomRows, temporaryFolder, writeRows } from "./vectors.ts";

const peers = inject("peers");
const folder = temporaryFolder();

/** No multiple of a vector register's width. */
const F = 37;
const ITEMS = 600;
const TREES = 7;
const QUERIES = 40;
const ASKED_ITEMS = [0, 1, 16, 299, 599];
const HOLES = [17, 107, 598];
const SEARCHES = [
  [1, -1],
  [10, -1],
  [10, 400],
  [50, 100_000],
] as const;

interface Package {
  readonly name: string;
  readonly path: string | undefined;
  /** Tolerance for distances of another order of additions, relative to 1 or to themselves; 0: equal bits. */
  readonly tolerance: number;
  readonly dot: AnnoyLayout;
}

const PACKAGES: readonly Package[] = [
  { name: "annoy 1.17.3 as pip compiles it", path: undefined, tolerance: 2e-6, dot: "dot-1.17" },
  { name: "annoy 1.17.3 without vector instructions", path: peers?.scalar, tolerance: 0, dot: "dot-1.17" },
  { name: "annoy's master branch", path: peers?.master, tolerance: 0, dot: "dot" },
];

/** The bytes of a file; those zeroed with which Annoy aligns the words of a node for hamming, and which it never writes. */
function nodeBytes(path: string, metric: Metric): Uint8Array {
  const bytes = Uint8Array.from(readFileSync(path));
  if (metric === "hamming") {
    const nodeSize = 16 + 8 * Math.ceil(F / 64);
    for (let node = 0; node < bytes.length; node += nodeSize) bytes.fill(0, node + 12, node + 16);
  }
  return bytes;
}

const ranking = ([items, distances]: Nearest) => items.map((item, i) => [item, distances[i]!] as const);

describe.runIf(peers).each(PACKAGES)("$name", ({ path, tolerance, dot }) => {
  const python = usePython(peers, path);

  describe.each(METRICS)("%s", (metric: Metric) => {
    const name = (suffix: string) => join(folder, `${metric}-${dot}-${tolerance}${suffix}`);
    const items = randomRows(metric, ITEMS, F, 11n);
    const queries = randomRows(metric, QUERIES, F, 12n);
    const likeness = { metric, tolerance };
    const options = metric === "dot" ? { layout: dot } : {};
    const itemsFile = writeRows(name(".items.f32"), items);
    const queriesFile = writeRows(name(".queries.f32"), queries);

    async function ours(trees: number, seed: number): Promise<AnnoyIndex> {
      const index = new AnnoyIndex(F, metric, options);
      index.setSeed(seed);
      for (const [item, row] of items.entries()) if (!HOLES.includes(item)) index.addItem(item, row);
      await index.build(trees);
      return index;
    }
    const theirs = (trees: number, seed: number, out: string) =>
      python.call("build_file", {
        ...{ f: F, metric, vectors: itemsFile, holes: HOLES, trees, seed, jobs: 1, out },
      });

    async function compare(index: AnnoyIndex, file: string): Promise<void> {
      for (const [k, searchK] of SEARCHES) {
        const asked = {
          f: F,
          metric,
          path: file,
          queries: queriesFile,
          items: ASKED_ITEMS,
          k,
          search_k: searchK,
        };
        const answers: FileAnswers = await python.call("ask_file", asked);
        expect([index.getNItems(), index.getNTrees()]).toEqual([answers.items, answers.trees]);
        for (const [q, answer] of answers.byVector.entries()) {
          expectSame(ranking(index.getNnsByVector(queries[q]!, k, searchK, true)), ranking(answer), likeness);
        }
        for (const [i, item] of ASKED_ITEMS.entries()) {
          expectSame(
            ranking(index.getNnsByItem(item, k, searchK, true)),
            ranking(answers.byItem[i]!),
            likeness,
          );
          expect(index.getItemVector(item)).toEqual(answers.vectors[i]);
        }
        const pairs = ASKED_ITEMS.flatMap((i) => ASKED_ITEMS.map((j) => [i, j] as const));
        expectSame(
          pairs.map(([i, j]) => [`${i} ${j}`, index.getDistance(i, j)]),
          pairs.map(([i, j], at) => [`${i} ${j}`, answers.distances[at]!]),
          likeness,
        );
      }
    }

    test("a file of Python's is answered from as Python answers", async () => {
      const file = name("-theirs.ann");
      await theirs(TREES, 3, file);
      const index = new AnnoyIndex(F, metric);
      index.load(file);
      await compare(index, file);
    });

    test("Python answers from a file of ours as AnnoyIndex does", async () => {
      const file = name("-ours.ann");
      const index = await ours(TREES, 4);
      index.save(file);
      await compare(index, file);
    });

    // Trees for dot are grown as the master branch grows them, in either layout.
    const sameTrees = tolerance === 0 && !(metric === "dot" && dot === "dot-1.17");
    if (sameTrees)
      test("one tree of the same seed has the same bytes", async () => {
        await theirs(1, 5, name("-tree-theirs.ann"));
        (await ours(1, 5)).save(name("-tree-ours.ann"));
        const [mine, wanted] = ["-tree-ours.ann", "-tree-theirs.ann"].map((file) =>
          nodeBytes(name(file), metric),
        );
        expect(Buffer.compare(mine!, wanted!)).toBe(0);
      });
  });
});
