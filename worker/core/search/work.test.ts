import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { build, type LocalIndex, openLocalIndex } from "../../../build/index.ts";
import { createRandom } from "../../../build/numeric/random.ts";
import { createTrials, findWorst } from "../../../scripts/load/worst/search.ts";
import { textCorpus } from "../../../test/seed/corpus.ts";
import type { SearchError } from "../format/search-error.ts";
import { createWork, type Work } from "../format/work.ts";
import { DOCUMENT_NS } from "./docstore.ts";
import { openSearcher } from "./open-searcher.ts";
import { parseBatchRequest, parseSearchRequest } from "./parse.ts";
import { search, searchBatchWith } from "./search.ts";
import type { SearchInput, SearchRequest } from "./types.ts";

let folder: string;
let index: LocalIndex;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-work-"));
  const documents = textCorpus().map((one, i) => ({ ...one, metadata: { ...one.metadata, year: 1960 + i } }));
  documents.push({ id: "long", pageContent: "endless sea ".repeat(1000), metadata: { year: 1959 } });
  await build({ documents, name: "texts", out: folder, jobs: 1, embedder: "static" });
  index = await openLocalIndex(folder);
});

afterAll(async () => {
  await index.close();
  await rm(folder, { recursive: true, force: true });
});

/** Units that a search takes. */
async function unitsOf(input: SearchInput): Promise<number> {
  const work = createWork();
  await search(index, parseSearchRequest(input), { work });
  return work.spent();
}

async function refusal(run: Promise<unknown>): Promise<Pick<SearchError, "code" | "issues"> | undefined> {
  return run.then(
    () => undefined,
    (error: SearchError) => ({ code: error.code, issues: error.issues }),
  );
}

const years = (n: number) => ({ or: Array.from({ length: n }, (_, i) => ({ year: { gte: 1950 + i } })) });

test.each<readonly [field: string, input: SearchInput]>([
  ["filter", { query: "ship", mode: "keyword", filter: years(250), include: [] }],
  [
    "query",
    { query: "the sea of a ship in the house on the sofa", mode: "keyword", prefix: true, include: [] },
  ],
  ["query", { query: '"the cat" "on the" "in the" "of the" "the dog"', mode: "keyword", include: [] }],
  ["searchK", { query: "a ship", mode: "vector", k: 1, include: [] }],
  ["k", { query: "the sea", mode: "keyword", k: 100 }],
  ["include", { query: "an endless sea", mode: "keyword", k: 100, include: ["explanation", "highlights"] }],
])("names %s where most of the work comes from it", async (field, given) => {
  const input = given.vector
    ? { ...given, vector: [...(await index.embedder!.embedQuery("a ship"))] }
    : given;
  const units = await unitsOf(input);
  expect(units).toBeGreaterThan(0);
  const request = parseSearchRequest(input);
  expect(await refusal(search(index, request, { work: createWork(units) }))).toBeUndefined();
  const error = await refusal(search(index, request, { work: createWork(units - 1) }));
  expect(error).toMatchObject({ code: "TOO_MUCH_WORK", issues: [{ field }] });
});

test("names the kind that most was spent on, and its share", () => {
  const work = createWork(1000);
  work.spend("facets", 300);
  work.spend("diversity", 500);
  expect(() => work.spend("facets", 250)).toThrow(
    expect.objectContaining({
      code: "TOO_MUCH_WORK",
      issues: [expect.objectContaining({ field: "facets" })],
      message: expect.stringContaining("52% of it so far is counting facets. Ask for fewer facets"),
    }),
  );
  // What is left of a request that was refused must not go on. What was refused was not done.
  expect(() => work.spend("words", 0)).toThrow("more work than one may");
  expect(work.spent()).toBe(800);
  // What has been done counts.
  expect(() => work.done("words", 500)).toThrow("more work than one may");
  expect(work.spent()).toBe(1300);
});

test.each<readonly [name: string, input: SearchInput]>([
  ["words", { query: "the sea of a ship in the house", mode: "keyword", prefix: true, include: [] }],
  ["quoted texts", { query: '"the cat" "on the" "in the" "of the"', mode: "keyword", include: [] }],
  ["vectors", { query: "a ship", mode: "vector", searchK: 0x7fff_ffff, k: 10, include: ["vector"] }],
  ["marginal relevance", { query: "the sea", k: 50, mmr: { fetchK: 200 }, include: [] }],
  ["facets of matches", { query: "the sea", facets: ["year"], facetsOf: "matches", include: [] }],
  ["groups", { query: "the sea", groupBy: "year", total: true, filter: years(20), include: [] }],
  ["misspelled words", { query: "teh shipp saild", mode: "keyword", didYouMean: true, include: [] }],
  ["documents", { query: "the sea", k: 20, include: ["document", "highlights", "explanation"] }],
])("a batch that is refused has done no more than it may: %s", async (_, one) => {
  const batch = parseBatchRequest({ searches: Array.from({ length: 50 }, () => one) });
  const run = async (most: number) => {
    const work = createWork(most);
    const error = await refusal(searchBatchWith(openSearcher(index, { work }), batch));
    return { code: error?.code, units: work.spent() };
  };
  const { units: all } = await run(Number.MAX_VALUE);
  for (const share of [0.05, 0.2, 0.4, 0.6, 0.8, 0.95]) {
    const { code, units } = await run(share * all);
    expect(code).toBe("TOO_MUCH_WORK");
    // Steps that are counted once they are done belong to one of the searches.
    expect(units / (share * all)).toBeLessThan(1.05);
  }
});

test("is counted for all searches of a batch together, and refuses the whole batch", async () => {
  // Without documents, which are read once for all.
  const one: SearchInput = { query: "a ship", mode: "keyword", filter: years(50), include: [] };
  const units = await unitsOf(one);
  const batch = parseBatchRequest({ searches: Array.from({ length: 10 }, () => one) });
  const run = (most: number) => searchBatchWith(openSearcher(index, { work: createWork(most) }), batch);
  expect((await run(10 * units + 1)).results).toHaveLength(10);
  expect(await refusal(run(10 * units - 1))).toMatchObject({ code: "TOO_MUCH_WORK" });
});

test("is done once for a page that is ranked to two depths: filter, quoted texts and facets", async () => {
  const input = { query: '"the cat" "on the"', mode: "hybrid", filter: years(20), facets: ["year"] } as const;
  const query = parseSearchRequest({ ...input, k: 100, offset: 900 });
  const countsOf = async (request: SearchRequest) => {
    const counts: Record<string, number> = {};
    const spend: Work["spend"] = (kind, units) => {
      counts[kind] = (counts[kind] ?? 0) + units;
    };
    await search(index, request, { work: { ...createWork(), spend, done: spend } });
    return counts;
  };
  const [deep, near] = [await countsOf(query), await countsOf(parseSearchRequest({ ...input, k: 10 }))];
  for (const kind of ["filter", "phrases", "facets"]) expect(deep[kind]).toBe(near[kind]);
});

test("counts what is read to rerank and looked up to explain", async () => {
  const query: SearchInput = { query: "the sea", mode: "keyword", k: 10, include: [] };
  const spent = async (input: SearchInput) => {
    const work = createWork();
    const reranker = {
      name: "lengths",
      scores: async (_: string, texts: readonly string[]) => texts.map(Number),
    };
    const { hits } = await search(index, parseSearchRequest(input), { work, reranker });
    return { units: work.spent(), hits: hits.length };
  };
  const plain = await spent(query);
  const reranked = await spent({ ...query, rerank: { first: 10 } });
  expect(reranked.units).toBeGreaterThan(plain.units + plain.hits * DOCUMENT_NS - 1);
  // Of one document, so that only the words to look up differ.
  const explained = async (text: string) => {
    const asked: SearchInput = { ...query, query: text, filter: { year: 1959 } };
    const { units, hits } = await spent({ ...asked, include: ["explanation"] });
    expect(hits).toBe(1);
    return units - (await spent({ ...asked, include: ["metadata"] })).units;
  };
  expect(await explained("endless sea")).toBeGreaterThan(await explained("sea"));
});

test("refuses facets whose values would make an answer too large", async () => {
  const out = join(folder, "remarks");
  const documents = Array.from({ length: 100 }, (_, i) => ({
    pageContent: `a ship ${i}`,
    metadata: { remark: `${i} ${"x".repeat(6_000)}` },
  }));
  await build({ documents, name: "remarks", out, jobs: 1, embedder: "static", filterable: ["remark"] });
  const remarks = await openLocalIndex(out);
  const batch = (n: number) =>
    parseBatchRequest({
      searches: Array.from({ length: n }, () => ({ query: "ship", facets: ["remark"], include: [] })),
    });
  const run = (n: number) => searchBatchWith(openSearcher(remarks, { work: createWork() }), batch(n));
  expect((await run(2)).results).toHaveLength(2);
  expect(await refusal(run(20))).toMatchObject({ code: "ANSWER_TOO_LARGE", issues: [{ field: "facets" }] });
  await remarks.close();
});

test("requests of any shape within the size limits are answered or refused with a code", async () => {
  const outcomes = new Set<string>();
  const random = createRandom(5);
  await findWorst(createTrials(index, { random }), {
    ...{ trials: 40, random },
    onTrial: ({ outcome }) => outcomes.add(outcome),
  });
  expect(outcomes).toContain("200");
  for (const outcome of outcomes) expect(outcome).toMatch(/^(?:200|[A-Z]+(?:_[A-Z]+)+)$/);
});
