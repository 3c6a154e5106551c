import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { build, openLocalIndex } from "../index.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-local-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("an index that nobody closed does not end the process when it is collected", async () => {
  await build({ documents: [{ id: "a", pageContent: "x", vector: [1, 2] }], out: folder });
  const program = `
    import { openLocalIndex } from "annoy-edge";
    await openLocalIndex(process.argv[1]);
    for (let i = 0; i < 5; i++) {
      gc();
      await new Promise((done) => setTimeout(done, 10));
    }
    console.log("alive");`;
  const args = ["--expose-gc", "--input-type=module", "-e", program, folder];
  expect((await promisify(execFile)(process.execPath, args)).stdout).toBe("alive\n");
});

test("an open index answers searches, one by one and in batches", async () => {
  const out = join(folder, "texts");
  const documents = ["pizza is great", "my car", "a dog"].map((pageContent, i) => ({
    id: `d${i}`,
    pageContent,
  }));
  await build({ documents, out });
  const index = await openLocalIndex(out);
  try {
    const answer = await index.search({ query: "motorbike", k: 1 });
    expect(answer.hits).toMatchObject([{ id: "d1", document: { pageContent: "my car" } }]);
    expect(answer.version).toBe(index.version);
    const { results } = await index.searchBatch([
      { id: "d0", k: 1 },
      { item: 2, k: 1 },
    ]);
    expect(results).toMatchObject([{ hits: [{ id: "d0" }] }, { hits: [{ id: "d2" }] }]);
    await expect(index.search({ query: "a", k: 0 })).rejects.toMatchObject({ code: "OUT_OF_RANGE" });
  } finally {
    await index.close();
  }
});

test.each([undefined, 2])(
  "a closed index (shards: %s) finishes what runs and refuses the rest",
  async (shards) => {
    const out = join(folder, `closed-${shards}`);
    const documents = Array.from({ length: 8 }, (_, i) => ({ pageContent: `text ${i}`, vector: [i, 8 - i] }));
    await build({ documents, out, ...(shards && { shards, partition: "random" as const }) });
    const index = await openLocalIndex(out);
    const vector = Float32Array.of(1, 2) as unknown as number[];
    const running = index.search({ vector, k: 8 });
    await index.close();
    const { hits, warnings } = await running;
    expect(hits).toHaveLength(8);
    expect(warnings).toBeUndefined();
    await index.close();
    const closed = { code: "CLOSED" };
    await expect(index.search({ vector })).rejects.toMatchObject(closed);
    await expect(index.searchBatch([{ vector }])).rejects.toMatchObject(closed);
    await expect(index.suggest({ query: "te" })).rejects.toMatchObject(closed);
  },
);

test("a folder that is not named is refused", async () => {
  await expect(openLocalIndex(undefined as unknown as string)).rejects.toMatchObject({
    code: "NOT_AN_ARTIFACT",
  });
});

test("an explanation names the fields of a word by their dotted paths, a name with dots before a path", async () => {
  const out = join(folder, "dotted");
  const documents = [
    {
      id: "nested",
      pageContent: "a letter",
      metadata: { author: { name: ["Ada", "Lovelace"], born: 1815 } },
    },
    {
      id: "flat",
      pageContent: "a note of 1815",
      metadata: { "author.name": "Ada", author: { name: "Bob" } },
    },
  ];
  const fields = { pageContent: 1, "author.name": 2, "author.born": 1 };
  await build({ documents, out, embedder: "static", keyword: { fields } });
  const index = await openLocalIndex(out);
  try {
    const fieldsOf = async (query: string) => {
      const { hits } = await index.search({ query, mode: "keyword", include: ["explanation"] });
      return Object.fromEntries(
        hits.map(({ id, explanation }) => [id, explanation?.words.flatMap((word) => word.fields)]),
      );
    };
    expect(await fieldsOf("ada")).toEqual({ nested: ["author.name"], flat: ["author.name"] });
    expect(await fieldsOf("lovelace")).toEqual({ nested: ["author.name"] });
    expect(await fieldsOf("bob")).toEqual({});
    expect(await fieldsOf("1815")).toEqual({ nested: ["author.born"], flat: ["pageContent"] });
  } finally {
    await index.close();
  }
});
