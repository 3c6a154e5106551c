import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createWork } from "../../../worker/core/format/work.ts";
import { parseSearchRequest } from "../../../worker/core/search/parse.ts";
import { search } from "../../../worker/core/search/search.ts";
import type { SearchInput } from "../../../worker/core/search/types.ts";
import { update } from "../../changes/update.ts";
import { openLocalIndex } from "../../local/local-index.ts";
import type { LocalIndex } from "../../local/types.ts";
import { type BuildOptions, build, buildUnlessEqual } from "../../pipeline/build.ts";
import { readCuration } from "./read.ts";

const CURATION = `
synonyms:
  - words: [car, automobile, motor vehicle]
    weight: 0.8
  - from: cash back
    to: [refund]
rules:
  - query: Refund policy
    pin: [a, b]
    hide: d
  - prefix: whee
    pin: c
  - words: engine runs
    pin: e
boosts:
  - field: section
    value: guide
    factor: 2
  - field: published
    halfLife: 365
    factor: 3
  - field: title
    weight: 5
`;

const TEXTS = [
  ["a", "How to return an automobile that you bought", "guide", "2024-01-01", "Return"],
  ["b", "A car has four wheels and an engine", "guide", "2026-01-01", "Parts"],
  ["c", "The motor vehicle tax of the state", "law", "2020-01-01", "Tax"],
  ["d", "Refund policy: money back within 30 days", "law", "2025-01-01", "Money"],
  ["e", "A motor runs on fuel; the vehicle does not", "law", "2025-01-01", "Fuel"],
  ["f", "Words about nothing at all", "law", "2019-01-01", "Nothing"],
  ["g", "Parts of a bridge", "law", "2019-06-01", "Bridge"],
] as const;

function documents() {
  return TEXTS.map(([id, pageContent, section, published, title], i) => ({
    id,
    pageContent,
    metadata: { section, published, title },
    vector: [Math.cos(i), Math.sin(i)],
  }));
}

let folder: string;
let whole: LocalIndex;
let parts: LocalIndex;
const options = (name: string): BuildOptions => ({
  documents,
  embedder: "none",
  out: join(folder, name),
  curation: join(folder, "curation.yaml"),
  name: "curated",
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-curation-"));
  await writeFile(join(folder, "curation.yaml"), CURATION);
  await build(options("whole"));
  await build({ ...options("parts"), shards: 2, partition: "random" });
  whole = await openLocalIndex(join(folder, "whole"));
  parts = await openLocalIndex(join(folder, "parts"));
});
afterAll(async () => {
  await Promise.all([whole?.close(), parts?.close()]);
  await rm(folder, { recursive: true, force: true });
});

/** The answer of the index in one piece, after a check that the one in shards gives the same. */
async function ask(input: SearchInput) {
  const request: SearchInput = { k: 10, mode: "keyword", include: ["explanation"], ...input };
  const [one, many] = await Promise.all([whole.search(request), parts.search(request)]);
  const plain = ({ hits }: typeof one) =>
    hits.map(({ id, score, explanation }) => [id, Number(score.toFixed(5)), explanation?.rules]);
  expect(plain(many)).toEqual(plain(one));
  return one.hits;
}
const ids = async (input: SearchInput) => (await ask(input)).map(({ id }) => id);
const rulesOf = (hit: Awaited<ReturnType<typeof ask>>[number] | undefined) =>
  hit?.explanation?.rules.map(({ rule }) => rule);

test("rules are work, for which a query is refused", async () => {
  const spent = async (input: SearchInput, most?: number) => {
    const work = createWork(most);
    await search(whole, parseSearchRequest({ mode: "keyword", include: [], ...input }), { work });
    return work.spent();
  };
  for (const query of ["cars", "refund policy", "what runs an engine"]) {
    expect(await spent({ query })).toBeGreaterThan(await spent({ query, curation: false }));
  }
  const kinds = new Map<string, number>();
  const work = {
    ...createWork(),
    spend: (kind: string, units: number) => kinds.set(kind, (kinds.get(kind) ?? 0) + units),
  };
  await search(whole, parseSearchRequest({ query: "cars", mode: "keyword", include: [] }), { work });
  const rules = kinds.get("rules")!;
  const refused = () => createWork(rules - 1).spend("rules", rules);
  expect(refused).toThrow(expect.objectContaining({ issues: [expect.objectContaining({ field: "query" })] }));
});

describe("a curated index, whole and in shards", () => {
  test("finds synonyms both ways and of several words, but not words that stand apart", async () => {
    const hits = await ask({ query: "cars" });
    expect(hits.map(({ id }) => id)).toEqual(["b", "a", "c"]);
    expect(rulesOf(hits[1])).toEqual(["synonym", "boost"]);
    expect((await ids({ query: "motor vehicle" })).sort()).toEqual(["a", "b", "c", "e"]);
    expect(await ids({ query: "cars", curation: false })).toEqual(["b"]);
    expect(await ids({ query: '"car"' })).toEqual(["b"]);
  });

  test("finds one-way synonyms in their direction alone", async () => {
    expect(await ids({ query: "cash back" })).toEqual(["d"]);
    expect(await ids({ query: "cash" })).toEqual([]);
    expect((await ask({ query: "refund" })).flatMap((one) => rulesOf(one))).not.toContain("synonym");
  });

  test("pins and hides documents for a whole query, its beginning and its words", async () => {
    const hits = await ask({ query: "REFUND, policy!" });
    expect(hits.map(({ id }) => id)).toEqual(["a", "b"]);
    expect(rulesOf(hits[0])).toContain("pinned");
    expect(await ids({ query: "refund policy money" })).toEqual(["d"]);
    expect(await ids({ query: "wheels" })).toEqual(["c", "b"]);
    expect((await ids({ query: "what runs an engine" }))[0]).toBe("e");
    expect(await ids({ query: "refund policy", filter: { section: "law" } })).toEqual([]);
    expect(await ids({ query: "refund policy", filter: { published: { gte: "2025-06-01" } } })).toEqual([
      "b",
    ]);
    expect(await ids({ query: "wheels", minScore: 1 })).toEqual(["c"]);
  });

  test("pages of a curated answer agree", async () => {
    const all = await ids({ query: "motor vehicle wheels money", offset: 0 });
    const pages = [0, 2, 4].map((offset) => ids({ query: "motor vehicle wheels money", k: 2, offset }));
    expect((await Promise.all(pages)).flat()).toEqual(all.slice(0, 6));
    // Pinned documents without a word of the query stand on its pages, and count.
    for (const index of [whole, parts]) {
      for (const query of ["refund policy", "wheels"]) {
        const { hits, total } = await index.search({ query, mode: "keyword", k: 10, total: true });
        expect(hits).toHaveLength(2);
        expect(total).toEqual({ value: 2, relation: "exact" });
      }
      // Boosts change the scores that a least one is held against.
      for (const minScore of [0.1, 0.3, 0.5, 0.7]) {
        const request = { query: "motor vehicle wheels money", mode: "keyword", k: 10, minScore } as const;
        const { hits, total } = await index.search({ ...request, total: true });
        expect(total).toEqual({ value: hits.length, relation: "estimate" });
      }
    }
  });

  test("boosts by value and by age, counted from the newest document", async () => {
    const [newest, older] = await Promise.all([ask({ query: "wheels" }), ask({ query: "money" })]);
    const message = (hit: (typeof newest)[number] | undefined) =>
      hit?.explanation?.rules.find(({ rule }) => rule === "boost")?.message;
    expect(message(newest[1])).toContain("section by 2.000, published by 3.000");
    expect(message(older[0])).toContain("published by 2.000");
    for (const { score } of [...newest, ...older]) expect(score).toBeLessThanOrEqual(1);
  });

  test("weighs the words of a field", async () => {
    expect((await ids({ query: "parts" }))[0]).toBe("b");
    expect(whole.manifest.keyword?.fields).toMatchObject({ title: 5, pageContent: 1 });
    expect(whole.manifest.curation).toEqual({ synonyms: 2, rules: 3, boosts: 2 });
  });
});

test("rules hold by vector and in hybrid mode, whole and in shards", async () => {
  const embedder = {
    identity: { provider: "letters", model: "a", dimensions: 2, normalized: true },
    embedDocuments: async (texts: string[]) => texts.map(() => [1, 0]),
    embedQuery: async () => [1, 0],
  };
  for (const name of ["whole", "parts"]) {
    const sharding = name === "parts" ? { shards: 2, partition: "random" as const } : {};
    await build({ ...options(`vector-${name}`), embedder, ...sharding });
    const index = await openLocalIndex(join(folder, `vector-${name}`), { embedder });
    for (const mode of ["vector", "hybrid"] as const) {
      const ask = async (more: Partial<SearchInput>) =>
        (await index.search({ query: "Refund policy", mode, k: 10, ...more })).hits.map(({ id }) => id);
      const hits = await ask({});
      expect(hits.slice(0, 2)).toEqual(["a", "b"]);
      expect(hits).toHaveLength(6);
      expect(hits).not.toContain("d");
      expect(await ask({ filter: { section: "law" } })).not.toContain("a");
      expect(await ask({ curation: false })).toContain("d");
    }
    await index.close();
  }
});

test("what a query excludes is in no answer, pinned or not", async () => {
  const request: SearchInput = { query: "refund policy -bought", mode: "keyword", total: true };
  const changed = join(folder, "changed");
  const [first, ...others] = documents();
  await build({ ...options("base"), documents: others });
  await update(join(folder, "base"), { documents: [first!], out: changed });
  await build({ ...options("loose"), keyword: { positions: false } });
  const more = await Promise.all([changed, join(folder, "loose")].map((dir) => openLocalIndex(dir)));
  try {
    for (const index of [whole, parts, ...more]) {
      const found = async (query: string) => {
        const { hits, total } = await index.search({ ...request, query });
        return [hits.map(({ id }) => id), total?.value];
      };
      expect(await found("refund policy -bought")).toEqual([["b"], 1]);
      expect(await found('refund policy -"four wheels"')).toEqual([["a"], expect.any(Number)]);
      // A quoted text asks for what it stands in; what editors put first need not hold it.
      expect(await found('"refund policy"')).toEqual([["a", "b"], expect.any(Number)]);
    }
  } finally {
    await Promise.all(more.map((index) => index.close()));
  }
});

test("an order by fields has no pins but hides, and a list without a query has no rules", async () => {
  const sort = [{ field: "published", order: "desc" as const }];
  const hits = await ask({ query: "Refund policy", sort });
  expect(hits.map(({ id }) => id)).toEqual([]);
  const wheels = await ask({ query: "wheels", sort });
  expect(wheels.map(({ id }) => id)).toEqual(["b"]);
  const listed = await whole.search({ k: 10, sort });
  expect(listed.hits.map(({ id }) => id)).toEqual(["b", "d", "e", "a", "c", "g", "f"]);
});

test("inflections of rules count in each language of the index", async () => {
  const texts = [
    ["en", "The engineers were checking the connections between the two stations before winter began."],
    ["en", "A library keeps the books that nobody wants to buy, and lends them to everyone who asks."],
    ["de", "Die alten Häuser in der Altstadt wurden nach dem Krieg mit viel Mühe wieder aufgebaut."],
    ["de", "Im Herbst sammelten die Kinder Kastanien und bastelten daraus kleine Tiere."],
  ] as const;
  await build({
    ...options("languages"),
    documents: texts.map(([lang, pageContent], i) => ({
      ...{ id: `${lang}${i}`, pageContent, metadata: { lang } },
      vector: [Math.cos(i), Math.sin(i)],
    })),
    curation: {
      synonyms: [{ words: ["Häuser", "Gebäude"] }, { words: ["station", "stop"] }],
      rules: [{ words: "alte Kastanie", pin: "en1" }],
    },
  });
  const index = await openLocalIndex(join(folder, "languages"));
  const found = async (query: string) =>
    (await index.search({ query, mode: "keyword" })).hits.map(({ id }) => id);
  expect(index.manifest.keyword?.languages).toEqual(["de", "en"]);
  expect(await found("Gebäuden")).toEqual(["de2"]);
  expect(await found("stops")).toEqual(["en0"]);
  expect((await found("alter Kastanien"))[0]).toBe("en1");
  await index.close();
});

test("a build compares the curation, and without one makes the same bytes as ever", async () => {
  const { curation: _, ...plain } = options("plain");
  const { manifest } = await build(plain);
  expect(manifest.curation).toBeUndefined();
  expect(await buildUnlessEqual(plain, manifest)).toBeUndefined();
  const again = await build(options("again"));
  expect(again.manifest.version).toBe(whole.version);
  expect(await buildUnlessEqual(options("again"), again.manifest)).toBeUndefined();
  const other = { ...options("again"), curation: { rules: [{ query: "x", pin: "a" }] } };
  expect((await buildUnlessEqual(other, again.manifest))?.manifest.version).not.toBe(whole.version);
});

test("what the documents do not have is a warning, and with strict an error", async () => {
  const notes: string[] = [];
  const curation = {
    rules: [{ query: "x", pin: ["a", "gone"] }],
    boosts: [
      { field: "colour", value: "red", factor: 2 },
      { field: "section", halfLife: 3, factor: 2 },
      { field: "titel", weight: 3 },
      { field: "pageContent", weight: 3 },
    ],
  };
  await build({ ...options("loose"), curation, onNote: (note) => notes.push(note) });
  expect(notes).toEqual([
    expect.stringMatching(/rules\[0\]\.pin\[1\]: no document has the id "gone"/),
    expect.stringMatching(/"colour" is not filterable/),
    expect.stringMatching(/"section" holds values of type string and no dates/),
    expect.stringMatching(/boosts\[2\].*no document has the field "titel"/),
  ]);
  const strict = build({ ...options("loose"), curation, strict: true });
  await expect(strict).rejects.toMatchObject({ code: "CURATION_MISMATCH" });
});

test("faults are named with file and line", async () => {
  const path = join(folder, "wrong.yaml");
  const fault = async (text: string) => {
    await writeFile(path, text);
    return readCuration(path).then(
      () => "",
      (error: Error & { code?: string }) => `${error.code} ${error.message.replaceAll(path, "FILE")}`,
    );
  };
  expect(await fault("synonyms:\n  - words: [car]\n")).toContain("BAD_CURATION FILE:2: synonyms[0].words");
  expect(await fault("rules:\n  - query: a\n    pni: b\n")).toContain(
    "FILE:3: rules[0].pni is not known here",
  );
  expect(await fault("rules:\n  - query: a\n    prefix: b\n    pin: c")).toContain(
    "FILE:2: rules[0]: needs one",
  );
  expect(await fault("boosts:\n  - field: a\n    factor: 900\n")).toContain("FILE:3: boosts[0].factor");
  expect(await fault("rules: [\n")).toMatch(/BAD_CURATION FILE:[12]: /);
  expect(await fault('{"rules": 3}')).toContain("FILE:1: rules");
  expect(await fault('rules:\n  - query: "..."\n    pin: b\n')).toContain(
    "FILE:2: rules[0].query: has no word",
  );
  expect(await fault('synonyms:\n  - words: [car, "?!"]\n')).toContain("synonyms[0].words[1]: has no word");
  for (const text of ["+", "-lamp", "$ €"]) {
    expect(await fault(`rules:\n  - words: "${text}"\n    pin: b\n`)).toContain(
      "rules[0].words: has no word",
    );
  }
  expect(await fault('rules:\n  - words: "😀"\n    pin: b\n  - query: "图书馆"\n    pin: b\n')).toBe("");
  expect(await fault("[]")).toContain("FILE:1: the whole: expected object");
  const layers = Array.from({ length: 6 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(9)}]\n`);
  expect(await fault(`l0: &l0 [${"x, ".repeat(9)}]\n${layers.join("")}synonyms: *l6\n`)).toMatch(
    /^BAD_CURATION FILE: its aliases/,
  );
  expect(await fault("")).toBe("");
  await expect(readCuration(join(folder, "none.yaml"))).rejects.toThrow(/none\.yaml, which cannot be read/);
});
