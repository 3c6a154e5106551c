import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importLangchain, type LocalIndex, openLocalIndex } from "../../build/index.ts";
import { AnnoyVectorStore, connect } from "../../build/langchain/index.ts";
import { serve } from "./serve.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/", import.meta.url));
const PYTHON = join(FIXTURES, "langchain-folder", "core-pydantic2");

interface Expected {
  readonly f: number;
  readonly results: readonly {
    readonly type: string;
    readonly q: number;
    readonly k: number;
    readonly search_k: number;
    readonly ids: readonly number[];
    readonly distances: readonly number[];
  }[];
}
/** Answers of Annoy in C++ from the same index.annoy. */
const annoy: Expected = JSON.parse(readFileSync(join(FIXTURES, "annoy/angular/small.json"), "utf8"));
const { index_to_docstore_id: ids }: { index_to_docstore_id: Record<string, string> } = JSON.parse(
  readFileSync(join(FIXTURES, "langchain-folder/small.expected.json"), "utf8"),
);
const file = readFileSync(join(FIXTURES, "annoy/angular/small.queries.f32"));
const queries = new Float32Array(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength));

let folder: string;
let local: AnnoyVectorStore;
let index: LocalIndex;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "python-folder-"));
  local = await AnnoyVectorStore.load(PYTHON);
  await importLangchain(PYTHON, { out: join(folder, "imported") });
  index = await openLocalIndex(join(folder, "imported"));
});
afterAll(async () => {
  await local.close();
  await index.close();
  await rm(folder, { recursive: true });
});

describe("a folder that LangChain for Python saved", () => {
  it("keeps its docstore ids", () => {
    expect(Object.fromEntries(local.indexToDocstoreId.entries())).toEqual(ids);
  });

  it("has the same neighbours at the same distances in Annoy, in the store and over the Worker", async () => {
    const remote = connect("https://search.example.com", { fetch: serve(index) });
    // The contract takes k from 1 to 1000, and below 1 no searchK but -1.
    const cases = annoy.results.filter(
      ({ type, k, search_k }) =>
        type === "vector" && k >= 1 && k <= 1000 && (search_k === -1 || search_k >= 1),
    );
    expect(cases.length).toBeGreaterThan(5);
    for (const { q, k, search_k: searchK, ids: items, distances } of cases) {
      const vector = Array.from(queries.subarray(q * annoy.f, (q + 1) * annoy.f));
      const here = await local.similaritySearchWithScoreByVector(vector, k, undefined, searchK);
      const there = await remote.similaritySearchWithScoreByVector(vector, k, undefined, searchK);
      expect(there).toEqual(here);
      expect(here.map(([document]) => document.id)).toEqual(items.map((item) => ids[item]));
      for (const [i, [, distance]] of here.entries())
        expect(Math.abs(distance - distances[i]!)).toBeLessThan(1e-6);
    }
  });
});
