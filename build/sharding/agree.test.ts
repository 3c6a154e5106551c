import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { letters } from "../../test/seed/corpus.ts";
import type { SearchInput, SearchResponse } from "../../worker/core/search/types.ts";
import { type BuildOptions, build, type LocalIndex, openLocalIndex, update } from "../index.ts";
import { createRandom } from "../numeric/random.ts";

/** Compares answers to random searches by words that some shards lack with those of one index. */

const FREQUENT = ["lamp", "chair", "table"];
const USUAL = ["shelf", "sofa", "carpet", "mirror", "curtains", "painting", "window", "drawer"];
/** Most are near another word, or of several parts. */
const RARE = ["gasket", "casket", "targetRecall", "E1042", "walnut", "3.13", "x-axis", "painter", "lamb"];
const COUNT = 150;

function* documents() {
  const random = createRandom(11);
  const some = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)]!;
  for (let i = 0; i < COUNT; i++) {
    const words = FREQUENT.filter(() => random() < 0.6);
    for (let n = 0; n <= random() * 4; n++) words.push(some(USUAL));
    if (random() < 0.2) words.push(some(RARE));
    const year = 2010 + Math.floor(random() * 9);
    yield {
      id: `d${i}`,
      pageContent: `${words.join(" ")}. ${"abcdefghij".slice(0, 1 + random() * 9)} ${i}`,
      metadata: {
        brand: `b${Math.floor(random() * 7)}`,
        price: Math.floor(random() * 12),
        released: `${year}-01-01`,
        title: `${some(USUAL)} ${Math.floor(random() * 40)}`,
      },
    };
  }
}

const curation = {
  synonyms: [{ words: ["couch", "sofa"] }, { from: "light", to: ["lamp", "wall mirror"] }],
  rules: [
    { query: "sofa", pin: ["d3", "d77"], hide: "d5" },
    { words: "gasket", pin: "d9" },
  ],
  boosts: [{ field: "brand", value: "b1", factor: 3 }],
};

let folder: string;
let whole: LocalIndex;
let parts: LocalIndex;
/** The same documents as changes on top of others, whole and in shards. */
let changed: LocalIndex;
let changedParts: LocalIndex;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-agree-"));
  const options: Omit<BuildOptions, "out"> = {
    documents,
    embedder: letters,
    codec: "float32",
    filterable: ["brand", "price", "released"],
    keyword: { language: "en" },
    curation,
  };
  await build({ ...options, out: join(folder, "whole") });
  await build({ ...options, out: join(folder, "parts"), shards: 3, partition: "random" });
  // Every third document comes later, in place of another or as a new one.
  const old = [...documents()].flatMap((one, i) =>
    i % 3 > 0 ? [one] : i % 2 > 0 ? [{ ...one, pageContent: "old" }] : [],
  );
  for (const [name, sharding] of [
    ["base", {}],
    ["base-parts", { shards: 3, partition: "random" as const }],
  ] as const) {
    await build({ ...options, ...sharding, documents: old, out: join(folder, name) });
    await update(join(folder, name), { documents, embedder: letters });
  }
  const open = (name: string) => openLocalIndex(join(folder, name), { embedder: letters });
  [whole, parts] = [await open("whole"), await open("parts")];
  [changed, changedParts] = [await open("base"), await open("base-parts")];
});
afterAll(async () => {
  await Promise.all([whole, parts, changed, changedParts].map((index) => index?.close()));
  await rm(folder, { recursive: true, force: true });
});

const known = fc.oneof(
  fc.constantFrom(...FREQUENT),
  fc.constantFrom(...USUAL),
  { arbitrary: fc.constantFrom(...RARE), weight: 3 },
  fc.integer({ min: 0, max: COUNT }).map(String),
  fc.constantFrom("couch", "light", "xylophone", "-m", "curtain"),
);
/** A word, misspelled, quoted, excluded, or as far as it is typed. */
const word = fc.tuple(known, fc.integer({ min: 0, max: 11 }), fc.nat()).map(([text, kind, at]) => {
  const cut = at % text.length;
  if (kind === 0) return `${text.slice(0, cut)}q${text.slice(cut + 1)}`;
  if (kind === 1) return text.slice(0, cut) + text.slice(cut + 1);
  if (kind === 2) return text.slice(0, Math.max(3, text.length - 2));
  if (kind === 3) return `"${text}"`;
  return kind === 4 ? `-${text}` : text;
});
const asked: fc.Arbitrary<SearchInput> = fc
  .record(
    {
      query: fc
        .array(word, { minLength: 1, maxLength: 3 })
        .map((words) => words.join(" "))
        .filter((text) => text.trim() !== ""),
      mode: fc.constantFrom("keyword" as const, "hybrid" as const, "vector" as const),
      k: fc.integer({ min: 1, max: 30 }),
      include: fc.constantFrom(["explanation" as const], ["highlights" as const], []),
      facetsOf: fc.constant("matches" as const),
      sort: fc.constantFrom("price", "released:desc", "brand"),
      groupBy: fc.record({ field: fc.constant("brand"), hits: fc.integer({ min: 1, max: 3 }) }),
      filter: fc.constant({ price: { lt: 6 } }),
      didYouMean: fc.constant(true),
      prefix: fc.constant(true),
      offset: fc.integer({ min: 0, max: 20 }),
      minScore: fc.double({ min: 0, max: 0.6, noNaN: true }),
    },
    { requiredKeys: ["query", "mode", "k"] },
  )
  .map((request) => ({ ...request, facets: ["brand"], total: true }));

/** The answer as far as whole and parts must agree on it; sums may differ in their last bits. */
function plain({ version: _, hits, ...rest }: SearchResponse) {
  const short = (value: unknown): unknown => JSON.parse(JSON.stringify(value, rounded) ?? "null");
  return { ...rest, hits: short(hits) };
}
const rounded = (_: string, value: unknown) => (typeof value === "number" ? Number(value.toFixed(5)) : value);

test("shards answer as one index: hits, totals, facets, groups, explanations and corrections", async () => {
  await fc.assert(
    fc.asyncProperty(asked, async (request) => {
      const [one, many] = await Promise.all([whole.search(request), parts.search(request)]);
      expect(plain(many)).toEqual(plain(one));
    }),
    { numRuns: 300, seed: 1 },
  );
}, 60_000);

test("shards with changes answer as one index with changes", async () => {
  await fc.assert(
    fc.asyncProperty(asked, async (request) => {
      const [one, many] = await Promise.all([changed.search(request), changedParts.search(request)]);
      expect(plain(many)).toEqual(plain(one));
    }),
    { numRuns: 100, seed: 2 },
  );
}, 60_000);

test("a word that one shard has is misspelled in none", async () => {
  // Most shards lack each of these, and have a word one letter off.
  for (const query of ["casket", "gasket", "lamb", "painter"]) {
    const { hits } = await parts.search({ query, mode: "keyword", k: 3, curation: false });
    expect(hits[0]?.document?.pageContent).toContain(query);
    const counted = await parts.search({ query, sort: "price", k: 90, total: true });
    expect(counted.hits.every(({ document }) => document?.pageContent.includes(query))).toBe(true);
    expect(counted.total).toEqual({ value: counted.hits.length, relation: "exact" });
  }
});

test("what one shard has of a name, a synonym, a quoted word or a beginning counts in all", async () => {
  const options: Omit<BuildOptions, "out"> = {
    documents: scattered,
    embedder: letters,
    codec: "float32",
    filterable: ["place"],
    keyword: { language: "en" },
    curation: { synonyms: [{ from: "light", to: ["lantern"] }] },
  };
  await build({ ...options, out: join(folder, "scattered") });
  await build({ ...options, out: join(folder, "scattered-parts"), shards: 3, partition: "random" });
  const [one, many] = await Promise.all(
    ["scattered", "scattered-parts"].map((name) => openLocalIndex(join(folder, name), { embedder: letters })),
  );
  const requests: SearchInput[] = [
    // The whole name is in one document, its parts are in six each.
    { query: "alpha-beta", weights: { keyword: 0.01, vector: 0.99 } },
    // The name is in none: more documents hold its parts than are lifted, those of the rarer one first.
    { query: "gamma-delta", weights: { keyword: 0.01, vector: 0.99 } },
    // The word is in half of the documents, its synonym in two.
    { query: "light", sort: "place" },
    { query: "light", mode: "keyword", minScore: 0.05 },
    { query: '"light" lights', mode: "keyword", minScore: 0.05 },
    // One shard has the 5, and all have longer numbers: too many for a word near the lantern.
    { query: "lantern 5", mode: "keyword", prefix: true },
  ];
  try {
    for (const request of requests) {
      const asked: SearchInput = { ...request, k: 20, total: true, include: ["explanation"] };
      const answers = await Promise.all([many!.search(asked), one!.search(asked)]);
      expect(plain(answers[0])).toEqual(plain(answers[1]));
      expect(answers[1].hits.length).toBeGreaterThan(0);
    }
  } finally {
    await Promise.all([one?.close(), many?.close()]);
  }
}, 60_000);

/** Documents of which few hold a name or a part of it. */
function* scattered() {
  for (let i = 0; i < 60; i++) {
    const words = [
      ...(i === 0 ? ["alpha-beta"] : []),
      ...(i % 12 === 5 ? ["alpha"] : []),
      ...(i % 12 === 9 ? ["beta"] : []),
      ...(i % 12 === 3 ? ["gamma"] : []),
      ...(i % 6 === 1 && i < 48 ? ["delta"] : []),
      ...(i === 10 || i === 11 ? ["lantern"] : []),
      ...(i === 20 ? ["lantarn"] : []),
      ...(i % 2 === 0 ? [i % 3 === 0 ? "light" : "lights"] : []),
    ];
    const text = `${words.join(" ")}. ${"abcdefghij".slice(i % 9)} ${i}`;
    yield { id: `s${i}`, pageContent: text, metadata: { place: i % 5 } };
  }
}
