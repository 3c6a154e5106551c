import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { build } from "../pipeline/build.ts";
import { openLocalIndex } from "./local-index.ts";
import type { LocalIndex } from "./types.ts";

const COUNT = 2500;

let folder: string;
const indexes: LocalIndex[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-pages-"));
  const documents = () =>
    Array.from({ length: COUNT }, (_, i) => ({
      id: `d${i}`,
      pageContent: `lamp ${i % 2 === 0 ? "even" : "odd"}`,
      metadata: { price: (i * 7919) % COUNT },
      vector: [Math.cos(i), Math.sin(i)],
    }));
  for (const shards of [1, 2]) {
    const out = join(folder, String(shards));
    await build({ documents, out, embedder: "none", shards, partition: "random" });
    indexes.push(await openLocalIndex(out));
  }
});
afterAll(async () => {
  await Promise.all(indexes.map((index) => index.close()));
  await rm(folder, { recursive: true, force: true });
});

test("pages of a list go beyond the thousandth hit, whole and in shards", async () => {
  const prices = (index: LocalIndex, request: object) =>
    index
      .search({ sort: "price", k: 24, include: ["document"], ...request })
      .then(({ hits }) => hits.map(({ document }) => document?.metadata.price));
  for (const index of indexes) {
    const page = Array.from({ length: 24 }, (_, i) => 1440 + i);
    expect(await prices(index, { offset: 1440 })).toEqual(page);
    expect(await prices(index, { offset: 2490 })).toEqual(page.slice(0, 10).map((_, i) => 2490 + i));
    const odd = await prices(index, { query: "odd", mode: "keyword", offset: 1100 });
    expect(odd).toHaveLength(24);
    expect(odd).toEqual(odd.toSorted((a, b) => Number(a) - Number(b)));
  }
});

test("pages of a ranking end with the thousandth, those of a list with the ten-thousandth", async () => {
  const refused = (request: object) =>
    expect(indexes[0]!.search(request)).rejects.toMatchObject({ code: "OUT_OF_RANGE" });
  await refused({ query: "odd", mode: "keyword", offset: 1000, k: 1 });
  await refused({ vector: [1, 0], sort: "price", offset: 1000, k: 1 });
  await refused({ sort: "price", offset: 9999, k: 2 });
  expect((await indexes[0]!.search({ sort: "price", offset: 9999, k: 1 })).hits).toEqual([]);
});
