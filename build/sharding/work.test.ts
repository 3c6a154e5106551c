import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseFilter } from "../../worker/core/columns/parse.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { createWork } from "../../worker/core/format/work.ts";
import { parseKeywordQuery } from "../../worker/core/keyword/query.ts";
import type { LoadedIndex } from "../../worker/core/search/loaded-index.ts";
import { parseBatchRequest } from "../../worker/core/search/parse.ts";
import { searchBatch } from "../../worker/core/search/search.ts";
import type { BatchResponse, SearchInput } from "../../worker/core/search/types.ts";
import { build, type InputDocument, type LocalIndex, openLocalIndex } from "../index.ts";
import { createRandom } from "../numeric/random.ts";

/** Compares what requests may cost over shards with what they may cost on one index. */

let folder: string;
let whole: LocalIndex;
let cut: LocalIndex;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-shards-work-"));
  const made = async (name: string, shards?: number) => {
    const out = join(folder, name);
    const filterable = ["group", "serial", "remark"];
    const cutting = shards ? ({ shards, partition: "random" } as const) : {};
    await build({ documents, out, seed: 1, jobs: 1, name, filterable, ...cutting });
    return openLocalIndex(out);
  };
  [whole, cut] = [await made("whole"), await made("cut", 4)];
});
afterAll(async () => {
  await whole.close();
  await cut.close();
  await rm(folder, { recursive: true, force: true });
});

const WORDS = ["stone", "water", "apple", "boat", "crane", "ladder", "basket", "rope", "lantern"];
const DIMENSIONS = 8;
const vectorOf = (random: () => number) => Array.from({ length: DIMENSIONS }, () => random() - 0.5);

function* documents(): Generator<InputDocument> {
  const random = createRandom(5);
  for (let i = 0; i < 800; i++) {
    const words = Array.from({ length: 8 }, () => WORDS[Math.floor(random() * WORDS.length)]!);
    const metadata = { group: i % 50, serial: i, remark: `${i} ${"x".repeat(400)}` };
    // Enough documents have it, and no shard alone.
    if (i < 16) words.push("gasket");
    yield { id: `d${i}`, pageContent: words.join(" "), metadata, vector: vectorOf(random) };
  }
}

const vector = vectorOf(createRandom(9));
const groups = (n: number) => ({ or: Array.from({ length: n }, (_, i) => ({ serial: { gte: i } })) });
const include: SearchInput["include"] = [];

interface Asked {
  readonly code: string;
  /** Units of the asking side, and those of each shard. */
  readonly units: number;
  readonly shards: readonly number[];
  readonly response?: BatchResponse;
}

/** Answers a batch of equal searches that may take so many units. */
async function ask(index: LocalIndex, searches: readonly SearchInput[], most: number): Promise<Asked> {
  const shards: number[] = [];
  const counted: LoadedIndex = {
    ...index,
    ...(index.shards && {
      shards: { ...index.shards, shard: (i: number) => countedShard(index, i, shards) },
    }),
  };
  const work = createWork(most);
  try {
    const response = await searchBatch(counted, parseBatchRequest({ searches }), { work });
    return { code: "200", units: work.spent(), shards, response };
  } catch (error) {
    if (!(error instanceof AnnoyEdgeError)) throw error;
    return { code: error.code, units: work.spent(), shards };
  }
}

function countedShard({ shards }: LocalIndex, number: number, units: number[]) {
  const shard = shards!.shard(number, undefined);
  return {
    ask: async (call: Parameters<typeof shard.ask>[0]) => {
      const answers = await shard.ask(call);
      units[number] = (units[number] ?? 0) + (answers.spent ?? 0);
      return answers;
    },
  };
}

test.each<readonly [name: string, search: SearchInput]>([
  ["filters", { vector, filter: groups(200), include }],
  ["words", { query: "stone watre apple lantern", mode: "keyword", k: 50, include }],
  ["vectors", { vector, searchK: 0x7fff_ffff, k: 100, include: ["vector"] }],
  ["marginal relevance", { vector, k: 50, mmr: { fetchK: 200 }, include }],
  [
    "facets of matches",
    { query: "stone", mode: "keyword", facets: ["serial"], facetsOf: "matches", include },
  ],
  ["groups", { query: "stone", mode: "keyword", groupBy: { field: "group", hits: 3 }, total: true, include }],
  ["a late page of a list", { filter: {}, sort: "serial", offset: 700, k: 10, total: true, include }],
  ["misspelled words", { query: "stoen wter", mode: "keyword", didYouMean: true, include }],
  ["documents", { query: "stone", mode: "keyword", k: 50 }],
])("over shards as in one index a batch of too much work is refused: %s", async (_, search) => {
  const searches = Array.from({ length: 10 }, () => search);
  const all = await ask(cut, searches, Number.MAX_VALUE);
  expect(all.code).toBe("200");
  expect(all.shards).toHaveLength(4);
  // What the side takes that takes most: the asking one, or a shard.
  const most = Math.max(all.units, ...all.shards);
  for (const share of [0.1, 0.5, 0.95]) {
    const { code, units, shards } = await ask(cut, searches, share * most);
    expect(code).toBe("TOO_MUCH_WORK");
    for (const done of [units, ...shards]) expect(done / (share * most)).toBeLessThan(1.05);
  }
  const { units } = await ask(whole, searches, Number.MAX_VALUE);
  const least = 0.5 * Math.min(units, most);
  expect((await ask(whole, searches, least)).code).toBe("TOO_MUCH_WORK");
  expect((await ask(cut, searches, least)).code).toBe("TOO_MUCH_WORK");
});

test("a shard looks for words near one that it has only where the documents of all may be few", async () => {
  const nearIn = async (number: number, more: object) => {
    const words = parseKeywordQuery("gasket", "en");
    const query = { mode: "keyword", searchK: -1, k: 10, words, lookUp: true, ...more } as const;
    const shard = cut.shards!.shard(number, undefined);
    const [answer] = (await shard.ask({ ranks: [query], details: [], located: [] })).ranks;
    if (!answer?.ok) throw new Error(answer?.message);
    const { told } = answer.value;
    expect(told?.hits).toBeLessThan(10);
    return told?.looked?.facts.near.length;
  };
  const some = { filter: parseFilter({ serial: { lt: 8 } }), whole: { fields: ["serial"], facetValues: 0 } };
  for (const number of [0, 1, 2, 3]) {
    expect(await nearIn(number, {})).toBe(0);
    expect(await nearIn(number, some)).toBeGreaterThan(0);
  }
});

test("as many facets of long values are answered over shards as in one index", async () => {
  const facets = Array.from({ length: 10 }, () => "remark");
  const batch = (n: number) => Array.from({ length: n }, () => ({ query: "stone", facets, include }));
  const [one, other] = [await ask(cut, batch(10), 3e8), await ask(whole, batch(10), 3e8)];
  expect(one.code).toBe("200");
  expect(one.response?.results.map((result) => "facets" in result && result.facets)).toEqual(
    other.response?.results.map((result) => "facets" in result && result.facets),
  );
});
