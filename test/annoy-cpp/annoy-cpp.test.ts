import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { AnnoyIndex } from "../../build/annoy/annoy-index.ts";
import { exportAnnoy } from "../../build/annoy/export.ts";
import { importAnnoy } from "../../build/annoy/import.ts";
import { Kiss64 } from "../../build/annoy/random.ts";
import { build } from "../../build/index.ts";
import { openLocalIndex } from "../../build/local/local-index.ts";
import { METRICS, type Metric } from "../../worker/core/format/constants.ts";
import { compileAnnoy } from "./header.ts";

const folder = mkdtempSync(join(tmpdir(), "annoy-cpp-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const compiled = compileAnnoy(folder);
if ("reason" in compiled) console.warn(`The tests against Spotify's Annoy are skipped: ${compiled.reason}.`);

const F = 40;
const ITEMS = 700;
const TREES = 6;
const isHole = (item: number) => item % 90 === 17;

function vectors(metric: Metric, count: number, seed: bigint): Float32Array {
  const random = new Kiss64(seed);
  const hamming = metric === "hamming";
  return Float32Array.from({ length: count * F }, () =>
    hamming ? random.index(2) : random.index(2001) / 1000 - 1,
  );
}

function floats(name: string, values: Float32Array | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return path;
}

interface Answer {
  items: number[];
  distances: number[];
}

function run(...args: (string | number)[]): string {
  if ("reason" in compiled) throw new Error(compiled.reason);
  return execFileSync(compiled.program, args.map(String), { encoding: "utf8", maxBuffer: 1 << 28 });
}

/** Answers of C++ Annoy from a file; distances restored to the float32 they were printed of. */
function askAnnoy(metric: Metric, path: string, queries: string, k: number, searchK: number) {
  const [first, ...rest] = run("ask", metric, F, path, queries, k, searchK).trim().split("\n");
  const answers = rest.map((line) => JSON.parse(line) as Answer);
  for (const answer of answers) answer.distances = answer.distances.map((d) => Math.fround(d) + 0);
  return { ...(JSON.parse(first!) as { items: number; trees: number }), answers };
}

describe.runIf("program" in compiled).each(METRICS)("%s", (metric) => {
  const items = vectors(metric, ITEMS, 5n);
  const queries = vectors(metric, 60, 6n);
  const queryFile = floats(`${metric}.queries.f32`, queries);
  const query = (q: number) => queries.subarray(q * F, (q + 1) * F);
  const options = metric === "dot" && "program" in compiled ? { layout: compiled.dotLayout } : {};
  const searches = [
    [1, -1],
    [10, -1],
    [10, 500],
    [50, 100_000],
  ] as const;

  function expectSame(index: AnnoyIndex, path: string): void {
    for (const [k, searchK] of searches) {
      const theirs = askAnnoy(metric, path, queryFile, k, searchK);
      expect(index.getNItems()).toBe(theirs.items);
      expect(index.getNTrees()).toBe(theirs.trees);
      for (const [q, answer] of theirs.answers.entries()) {
        const [ids, distances] = index.getNnsByVector(query(q), k, searchK, true);
        expect(ids).toEqual(answer.items);
        expect(distances).toEqual(answer.distances);
      }
    }
  }

  test("C++ Annoy answers from a file that AnnoyIndex saved as AnnoyIndex does", async () => {
    const path = join(folder, `${metric}-ours.ann`);
    const index = new AnnoyIndex(F, metric, options);
    for (let i = 0; i < ITEMS; i++) if (!isHole(i)) index.addItem(i, items.subarray(i * F, (i + 1) * F));
    await index.build(TREES);
    index.save(path);
    expectSame(index, path);
  });

  test("AnnoyIndex answers from a file that C++ Annoy built as C++ Annoy does", () => {
    const path = join(folder, `${metric}-theirs.ann`);
    const present = Uint8Array.from({ length: ITEMS }, (_, i) => (isHole(i) ? 0 : 1));
    run("build", metric, F, TREES, floats("items.f32", items), floats("present.u8", present), path);
    const index = new AnnoyIndex(F, metric);
    index.load(path);
    expectSame(index, path);
  });

  test("an artifact of this project, exported, is answered from by C++ Annoy as after importing it again", async () => {
    const documents = Array.from({ length: 300 }, (_, i) => ({
      id: `d${i}`,
      pageContent: "",
      vector: items.subarray(i * F, (i + 1) * F),
    }));
    const built = join(folder, `${metric}-built`);
    await build({ documents, out: built, metric, codec: "float32", keyword: false });
    const path = join(folder, `${metric}-exported.ann`);
    const exported = await exportAnnoy(built, { out: path, trees: 5, ...options });
    expect(exported).toMatchObject({ metric, dimensions: F, items: 300, trees: 5, kept: false });
    const imported = join(folder, `${metric}-imported`);
    await importAnnoy(path, { dimensions: F, metric, out: imported });
    const index = await openLocalIndex(imported);
    const { answers } = askAnnoy(metric, path, queryFile, 10, -1);
    for (const [q, { items: ids, distances }] of answers.entries()) {
      expect(index.forest.search(query(q), { k: 10 })).toMatchObject({ items: ids, distances });
    }
    await index.close();
  });
});
