import { hash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { letters, letterVector } from "../../test/seed/corpus.ts";
import { documentOf, pick, type Random } from "../../test/seed/random.ts";
import type { SearchInput, SearchResponse } from "../../worker/core/search/types.ts";
import type { InputDocument } from "../artifact/collect.ts";
import { readManifest } from "../artifact/folder.ts";
import { openLocalIndex } from "../local/local-index.ts";
import { createRandom } from "../numeric/random.ts";
import { build } from "../pipeline/build.ts";
import { inspect } from "../pipeline/inspect.ts";
import { verify } from "../pipeline/verify.ts";
import { assemble } from "../sharding/assemble.ts";
import { update } from "./update.ts";

/**
 * Shards with changes hold every answer of the same documents built anew in one piece. Vectors are exact (float32, scanned).
 */

const SETTINGS = {
  embedder: letters,
  codec: "float32",
  filterable: ["topic", "year", "tags"],
  keyword: { language: "en" },
} as const;
const SEQUENCES = Number(process.env.ANNOY_EDGE_SEQUENCES ?? 2);
const STEPS = 3;
/** Words of one stem, an edit apart, prefixes of each other, and frequent ones. Those of the changes alone are rare. */
const WORDS =
  "run running runs runner house houses mouse moose goose the the of a error errors err connect connection connecting reconnect violin violins concert concerto train training 503 5031".split(
    " ",
  );
const RARE = ["quixotic", "zephyr", "jackdaw", "vellum"];

function randomDocument(random: Random, id: string, isNew = true): InputDocument {
  const document = documentOf(random, id, WORDS, 5 + Math.floor(random() * 9));
  if (!isNew || random() >= 0.3) return document;
  return { ...document, pageContent: `${document.pageContent} ${pick(random, RARE)}` };
}

function searchesOf(random: Random, ids: readonly string[]): SearchInput[] {
  const text = () =>
    Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(random, WORDS)).join(" ");
  const filter = { topic: pick(random, ["food", "music"]), year: { gte: 2020 } };
  const facets = ["topic", "year", "tags"];
  return [
    { vector: letterVector(text()), k: 7, include: ["document", "vector"] },
    { vector: letterVector(text()), k: 5, filter, facets },
    { vector: letterVector(text()), k: 5, mmr: { fetchK: 15, lambda: 0.4 } },
    { vector: letterVector(text()), k: 4, offset: 3 },
    { id: pick(random, ids), k: 4 },
    { query: text(), mode: "keyword", k: 60, facets, facetsOf: "matches", total: true },
    { query: text(), mode: "keyword", k: 6, filter, facets, include: ["highlights"] },
    { query: `${text()} ${pick(random, RARE)}`, mode: "keyword", k: 8 },
    { query: pick(random, RARE), mode: "keyword", k: 8 },
    { query: RARE.join(" "), mode: "keyword", k: 8 },
    { query: `"${text()}"`, mode: "keyword", k: 6 },
    { query: text().slice(0, -1), mode: "keyword", k: 9, prefix: true },
    { query: `${text()} -${pick(random, WORDS)}`, mode: "keyword", k: 6 },
    { query: text(), mode: "hybrid", k: 8, weights: { keyword: 0.4 } },
    { query: text(), mode: "hybrid", k: 6, weights: { keyword: 0.6 }, filter, facets },
    { filter, facets, sort: ["year:desc", "topic"], k: 7, offset: 2, total: true },
    { query: text(), mode: "keyword", groupBy: { field: "year", hits: 2 }, k: 4, total: true },
  ];
}

/** An answer without item numbers and version, scores to five digits. */
function comparable({ hits, facets, mode, warnings, groups, total, partial }: SearchResponse) {
  const round = (x: number | null) => (x === null ? null : Math.round(x * 1e5) / 1e5);
  return {
    ...{ mode, warnings, facets, groups, total, partial },
    hits: hits.map(({ item: _, score, distance, ...hit }) => ({
      ...hit,
      score: round(score),
      distance: round(distance),
    })),
  };
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-shard-changes-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function openWith(dir: string) {
  return openLocalIndex(dir, { embedder: letters });
}

describe("shards with changes answer as the same documents built anew", () => {
  for (let seed = 1; seed <= SEQUENCES; seed++) {
    test(`sequence ${seed}`, async () => {
      const random = createRandom(seed);
      const dir = join(folder, `changed-${seed}`);
      let next = 150;
      let base = Array.from({ length: next }, (_, i) => randomDocument(random, `d${i}`, false));
      let added: InputDocument[] = [];
      await build({ ...SETTINGS, documents: base, out: dir, shards: 3, partition: "random" });
      for (let step = 0; step < STEPS; step++) {
        const live = [...base, ...added];
        const gone = live.filter(() => random() < 0.05);
        const edited = live.filter((one) => !gone.includes(one) && random() < 0.05);
        const given = [
          ...edited.map(({ id }) => randomDocument(random, id!)),
          ...Array.from({ length: Math.floor(random() * 8) }, () => randomDocument(random, `d${next++}`)),
        ];
        const out = new Set([...gone, ...given].map(({ id }) => id));
        base = base.filter(({ id }) => !out.has(id));
        added = [...added.filter(({ id }) => !out.has(id)), ...given];
        const remove = gone.map(({ id }) => id!);
        await update(dir, { embedder: letters, documents: given, remove });
        const whole = join(folder, "whole");
        await build({ ...SETTINGS, documents: [...base, ...added], out: whole });
        const [changed, fresh] = [await openWith(dir), await openWith(whole)];
        try {
          const ids = [...base, ...added].map(({ id }) => id!);
          for (const request of searchesOf(random, ids)) {
            const [one, other] = [await changed.search(request), await fresh.search(request)];
            expect(comparable(one), JSON.stringify(request)).toEqual(comparable(other));
          }
          for (const id of remove)
            await expect(changed.search({ id })).rejects.toMatchObject({ code: "ID_NOT_FOUND" });
        } finally {
          await Promise.all([changed.close(), fresh.close()]);
        }
      }
      expect(await verify(dir)).toMatchObject({ ok: true });
    });
  }
});

describe("shards of clusters", () => {
  /** Documents of three directions, which come to lie in three shards. */
  const point = (id: string, direction: number, metadata = {}): InputDocument => ({
    id,
    pageContent: `the page ${id}`,
    vector: [0, 1, 2].map((axis) =>
      axis === direction ? 1 : axis === (direction + 1) % 3 ? 0.2 * (hash("md5", id, "buffer")[0]! / 255) : 0,
    ),
    metadata,
  });
  const documents = Array.from({ length: 60 }, (_, i) => point(`d${i}`, i % 3));
  const made = async (name: string) => {
    const dir = join(folder, name);
    await build({ documents, embedder: "none", out: dir, shards: 3 });
    return dir;
  };
  const ask = async (dir: string, request: SearchInput) => {
    const index = await openLocalIndex(dir);
    try {
      return await index.search(request);
    } finally {
      await index.close();
    }
  };

  test("take a document where its vector leads, and leave the others alone", async () => {
    const dir = await made("clusters");
    const before = await readManifest(dir);
    // One moves to another direction, one is new.
    const given = [point("d3", 1), point("new", 1)];
    const { manifest, counts } = await update(dir, { documents: given });
    expect(counts).toEqual({ added: 1, changed: 1, removed: 0, unchanged: 0 });
    expect(manifest.base).toMatchObject({ version: before.version, nItems: 60, added: 2, removed: 1 });
    expect(manifest.items).toBe(61);
    const list = manifest.shards!.list;
    expect(list.map(({ items }) => items).sort()).toEqual([19, 20, 22]);
    expect((await readdir(join(dir, "shards"))).length).toBe(2);
    expect(await verify(dir)).toMatchObject({ ok: true });
    const { shards, base } = await inspect(dir);
    expect(shards?.flatMap(({ changes }) => changes ?? []).length).toBe(2);
    expect(base?.drift.changed).toBeGreaterThan(0);
    // Items of the base keep their numbers; those of the changes follow them.
    expect((await ask(dir, { id: "d7", k: 1 })).hits).toMatchObject([{ item: 7 }]);
    expect((await ask(dir, { id: "d3", k: 1 })).hits).toMatchObject([{ item: 60 }]);
    const { hits, partial } = await ask(dir, { vector: Array.from(given[1]!.vector!), k: 30 });
    expect(partial).toBeUndefined();
    expect(hits.map(({ id }) => id)).toEqual(expect.arrayContaining(["d3", "new"]));
    expect(new Set(hits.map(({ id }) => id)).size).toBe(30);
  });

  test("take changes of changes, back to nothing but removals", async () => {
    const dir = await made("again");
    await update(dir, { documents: [point("x", 0), point("y", 2), point("d1", 2)] });
    await update(dir, { documents: [point("y", 0)], remove: ["x"] });
    const ids = async () =>
      (await ask(dir, { vector: [1, 1, 1], searchK: 1000, k: 100 })).hits.map(({ id }) => id).sort();
    expect(await ids()).toEqual([...documents.map(({ id }) => id!), "y"].sort());
    expect(await update(dir, { documents: [point("y", 0)] })).toMatchObject({ outcome: "unchanged" });
    const { manifest } = await update(dir, { documents: [], remove: ["y", "d1", "d2"] });
    expect(manifest.base).toMatchObject({ added: 0, removed: 2 });
    expect(await ids()).toEqual(
      documents
        .map(({ id }) => id!)
        .filter((id) => id !== "d1" && id !== "d2")
        .sort(),
    );
    expect(await verify(dir)).toMatchObject({ ok: true });
    const copy = `${dir}-copy`;
    expect(await update(dir, { documents: [point("d4", 1)], out: copy })).toMatchObject({
      outcome: "unchanged",
    });
    expect(await verify(copy)).toMatchObject({ ok: true });
    await expect(update(dir, { remove: ["d1"] })).rejects.toMatchObject({ code: "ID_NOT_FOUND" });
    const all = documents.map(({ id }) => id!).filter((id) => id !== "d1" && id !== "d2");
    await expect(update(dir, { remove: all })).rejects.toMatchObject({ code: "NOTHING_LEFT" });
    const left = await update(dir, { documents: documents.slice(0, 1), all: true });
    expect(left.manifest.items).toBe(1);
    expect(await ids()).toEqual(["d0"]);
  });

  test("that were joined from artifacts keep their numbers and take fields that only others have", async () => {
    const parts = ["one", "two"].map((name) => join(folder, name));
    const kinds = documents.map(({ id }, i) =>
      point(id!, i < 30 ? 0 : 1, i < 30 ? { kind: `k${i % 2}` } : {}),
    );
    for (const [i, out] of parts.entries())
      await build({ documents: kinds.slice(i * 30, i * 30 + 30), embedder: "none", out });
    const dir = join(folder, "joined");
    await assemble(parts, { out: dir });
    await update(dir, { documents: [point("new", 1, { kind: "k1" })], remove: ["d31"] });
    expect(await verify(dir)).toMatchObject({ ok: true });
    expect((await ask(dir, { id: "d40", k: 1 })).hits).toMatchObject([{ item: 40 }]);
    const found = await ask(dir, { vector: [1, 1, 1], k: 50, filter: { kind: "k1" } });
    expect(found.hits.length).toBe(16);
    expect((await ask(dir, { id: "new", k: 1 })).hits).toMatchObject([{ item: 60, id: "new" }]);
    const words = await ask(dir, { query: "new", mode: "keyword", k: 3 });
    expect(words.hits.map(({ id }) => id)).toEqual(["new"]);
  });

  test("of bits take documents as their ids have it", async () => {
    const bits = (i: number) => ({
      id: `b${i}`,
      pageContent: "",
      vector: [0, 1, 2, 3].map((bit) => (i >> bit) & 1),
    });
    const dir = join(folder, "bits");
    const all = Array.from({ length: 16 }, (_, i) => bits(i));
    await build({ documents: all.slice(0, 12), metric: "hamming", embedder: "none", out: dir, shards: 2 });
    await update(dir, { documents: all.slice(12) });
    expect(await verify(dir)).toMatchObject({ ok: true });
    const { hits } = await ask(dir, { vector: [1, 1, 1, 1], k: 5 });
    expect(hits.map(({ distance }) => distance)).toEqual([0, 1, 1, 1, 1]);
  });
});
