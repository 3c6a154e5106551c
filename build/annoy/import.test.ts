import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { annoyFixtures } from "../../test/annoy/fixtures.ts";
import { refused } from "../../test/support/refused.ts";
import { build, inspect, verify } from "../index.ts";
import { openLocalIndex } from "../local/local-index.ts";
import { AnnoyIndex } from "./annoy-index.ts";
import { exportAnnoy } from "./export.ts";
import { importAnnoy } from "./import.ts";
import { readAnnoy } from "./read.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "annoy-import-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fixtures = annoyFixtures();
const fixture = (name: string) => fixtures.find((f) => f.name === name)!;
const holes = fixture("euclidean/holes");
const holesOptions = { dimensions: 32, metric: "euclidean" } as const;

function lines(name: string, rows: readonly object[]): string {
  const path = join(folder, name);
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return path;
}

describe.each(fixtures)("$name", ({ ann, expected, queries, name }) => {
  const { metric, f: dimensions } = expected;
  const base = name.replace(/\W/g, "-");

  test("import, export and import again change nothing", async () => {
    const first = join(folder, base);
    await importAnnoy(ann, { dimensions, metric, out: first });
    const file = join(folder, `${base}.ann`);
    expect(await exportAnnoy(first, { out: file })).toMatchObject({ kept: true, metric, dimensions });
    const second = join(folder, `${base}-again`);
    await importAnnoy(file, { dimensions, metric, out: second });
    for (const part of ["forest.bin", "documents.jsonl"]) {
      expect(readFileSync(join(second, part)).equals(readFileSync(join(first, part)))).toBe(true);
    }
    // Measuring recall again takes a second or two.
    const recall = name.endsWith("holes") || name === "dot-1.17.3/main";
    expect(await verify(second, { recall })).toMatchObject({ ok: true });
  });

  if (metric === "hamming" || name.includes("/one") || dimensions === 1) return;
  test("recoded to int8 its trees find nearly the same", async () => {
    const out = join(folder, `${base}-int8`);
    await importAnnoy(ann, { dimensions, metric, out, codec: "int8" });
    const { forest, close } = await openLocalIndex(out);
    let same = 0;
    let all = 0;
    for (const r of expected.results) {
      if (r.type !== "vector" || r.k !== 10) continue;
      const query = queries.subarray(r.q * dimensions, (r.q + 1) * dimensions);
      const found = new Set(forest.search(query, { k: 10, searchK: r.search_k }).items);
      same += r.ids.filter((id) => found.has(id)).length;
      all += r.ids.length;
    }
    await close();
    const file = join(folder, `${base}-int8.ann`);
    expect(await exportAnnoy(out, { out: file })).toMatchObject({ kept: true, items: expect.any(Number) });
    expect(readAnnoy(file, { dimensions, metric }).trees.nodeCount).toBe(expected.n_nodes);
    // Repeated rows are interchangeable, and coding settles them in another order.
    expect(same).toBeGreaterThanOrEqual(name.endsWith("dups") ? 0 : 0.9 * all);
  });
});

describe("documents", () => {
  test("belong to the existing items one after the other, and hits carry them", async () => {
    const rows = Array.from({ length: 800 }, (_, i) => ({ id: `d${i}`, text: `text ${i}`, page: i }));
    const out = join(folder, "with-documents");
    await importAnnoy(holes.ann, { ...holesOptions, out, documents: lines("d.jsonl", rows) });
    const index = await openLocalIndex(out);
    const stored = await index.docstore.getItems([0, 499, 500, 700, 999]);
    expect(stored.map((d) => d?.id)).toEqual(["d0", "d499", undefined, "d500", "d799"]);
    expect(stored[3]).toEqual({ id: "d500", pageContent: "text 500", metadata: { page: 500 } });
    await index.close();
  });

  test("with an item each may leave some out", async () => {
    const rows = [
      { item: 3, text: "three" },
      // As long as ids are elsewhere.
      { item: 999, id: "last".repeat(512), text: "nine" },
    ];
    const out = join(folder, "some-documents");
    await importAnnoy(holes.ann, { ...holesOptions, out, documents: lines("some.jsonl", rows) });
    const index = await openLocalIndex(out);
    const [two, three, last] = await index.docstore.getItems([2, 3, 999]);
    expect(two).toEqual({ id: "2", pageContent: "", metadata: {} });
    expect(three).toEqual({ id: "3", pageContent: "three", metadata: {} });
    expect(last?.id).toBe("last".repeat(512));
    await index.close();
  });

  test.each([
    ["too few", [{ text: "a" }], "WRONG_DOCUMENT_COUNT"],
    ["too many", Array.from({ length: 801 }, () => ({ text: "a" })), "WRONG_DOCUMENT_COUNT"],
    ["of a hole", [{ item: 500, text: "a" }], "BAD_DOCUMENT"],
    ["of no item", [{ item: 5000, text: "a" }], "BAD_DOCUMENT"],
    [
      "out of order",
      [
        { item: 5, text: "a" },
        { item: 4, text: "b" },
      ],
      "BAD_DOCUMENT",
    ],
    ["named in part", [{ item: 0, text: "a" }, { text: "b" }], "BAD_DOCUMENT"],
    [
      "with an id twice",
      [
        { item: 0, id: "a", text: "a" },
        { item: 1, id: "a", text: "b" },
      ],
      "DUPLICATE_ID",
    ],
  ])("%s are refused, and nothing is left behind", async (what, rows, code) => {
    const documents = lines(`${what}.jsonl`, rows);
    const out = join(folder, "never");
    expect(await refused(importAnnoy(holes.ann, { ...holesOptions, out, documents }))).toMatchObject({
      code,
    });
    expect(existsSync(out)).toBe(false);
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
  });
});

// From 2,000 documents their texts are indexed on a thread, which takes no functions.
test("many items are imported with an embedder and a progress to call", async () => {
  const index = new AnnoyIndex(2, "angular");
  for (let i = 0; i < 2_001; i++) index.addItem(i, [Math.cos(i), Math.sin(i)]);
  await index.build(1);
  const file = join(folder, "many.ann");
  index.save(file);
  const phases = new Set<string>();
  const embedder = {
    identity: { provider: "test", model: "letters", dimensions: 2 },
    embedDocuments: async (texts: string[]) => texts.map(() => [1, 0]),
    embedQuery: async () => [1, 0],
  };
  const { manifest } = await importAnnoy(file, {
    ...{ dimensions: 2, metric: "angular", out: join(folder, "many"), embedder },
    onProgress: ({ phase }) => phases.add(phase),
  });
  expect(manifest.items).toBe(2_001);
  expect([...phases]).toContain("certify");
});

test("the manifest tells the recall of Annoy's default and of more", async () => {
  const { ann } = fixture("angular/mt_extra_roots");
  const out = join(folder, "recall");
  const { manifest } = await importAnnoy(ann, { dimensions: 32, metric: "angular", out });
  const { rows, defaultSearchK, recallAt10 } = manifest.certified;
  expect(defaultSearchK).toBe(100);
  expect(rows[0]).toMatchObject({ searchK: 100, recallAt10 });
  expect(recallAt10).toBeGreaterThan(0.1);
  expect(rows.at(-1)!.recallAt10).toBeGreaterThan(0.95);
  expect((await inspect(out)).header.certifiedRecall).toBeCloseTo(recallAt10, 6);
});

test("an index of shards is refused instead of its router exported, and a shard is not", async () => {
  const artifact = join(folder, "sharded");
  const documents = Array.from({ length: 60 }, (_, i) => ({ pageContent: "", vector: [i, 1, i % 7] }));
  await build({ documents, out: artifact, shards: 2 });
  const file = join(folder, "made", "for", "it.ann");
  expect(await refused(exportAnnoy(artifact, { out: file }))).toMatchObject({
    code: "SHARDED_INDEX",
    message: expect.stringContaining(join("shards", "0000")),
  });
  const { items } = await exportAnnoy(join(artifact, "shards", "0000"), { out: file });
  expect(items).toBeGreaterThan(20);
});

test("an artifact that is no import is exported in the layout that is asked for", async () => {
  const { build } = await import("../index.ts");
  const documents = Array.from({ length: 200 }, (_, i) => ({
    id: `d${i}`,
    pageContent: "",
    vector: [Math.sin(i), Math.cos(3 * i), i / 100],
  }));
  const artifact = join(folder, "built");
  await build({ documents, out: artifact, metric: "dot", codec: "float32", jobs: 1 });
  const out = join(folder, "fresh.ann");
  for (const layout of [undefined, "dot-1.17", "dot"] as const) {
    const result = await exportAnnoy(artifact, { out, trees: 4, ...(layout && { layout }) });
    expect(result).toMatchObject({ trees: 4, layout: layout ?? "dot-1.17", kept: false, items: 200 });
    await importAnnoy(out, {
      dimensions: 3,
      metric: "dot",
      out: join(folder, "fresh"),
      layout: result.layout,
    });
  }
  expect(await refused(exportAnnoy(artifact, { out, layout: "hamming" }))).toMatchObject({
    code: "UNKNOWN_LAYOUT",
  });
});
