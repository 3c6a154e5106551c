import { expect, test } from "vitest";
import type { Manifest } from "../../worker/core/format/meta.ts";
import type { PublishedManifest } from "../../worker/storage/manifest.ts";
import { createRandom } from "../numeric/random.ts";
import { checkCorpus } from "./corpus.ts";
import { checkRecall, checkSize, warnOfSize } from "./gate.ts";

const manifestOf = (recallAt10: number, target = 0.95, hotBytes = 1000, items = 10, queries = 400) =>
  // Only these fields are looked at.
  ({ version: "v", hotBytes, items, certified: { recallAt10, target, queries } }) as unknown as Manifest;
const codes = (failures: readonly { code: string }[]) => failures.map(({ code }) => code);

test.each([
  [manifestOf(0.95), undefined, []],
  [manifestOf(0.9499), undefined, ["RECALL_BELOW_TARGET"]],
  [manifestOf(Number.NaN), undefined, ["RECALL_BELOW_TARGET"]],
  // One target, met twice: the figures' difference is noise.
  [manifestOf(0.9502), manifestOf(0.99), []],
  [manifestOf(0.97, 0.96), manifestOf(1, 0.95), []],
  [manifestOf(0.93), manifestOf(0.95), ["RECALL_BELOW_TARGET"]],
  // A lower target than before.
  [manifestOf(0.92, 0.9), manifestOf(0.955), ["RECALL_FELL"]],
  [manifestOf(0.951, 0.9), manifestOf(0.99), []],
  // Imported from Annoy: no target, so the standard error decides.
  [manifestOf(0.9, 0), manifestOf(0.95, 0), []],
  [manifestOf(0.86, 0), manifestOf(0.95, 0), ["RECALL_FELL"]],
  [manifestOf(0.98, 0), manifestOf(0.989, 0), []],
])("recall of %o after %o fails %j", (now, before, expected) => {
  expect(codes(checkRecall(now, before))).toEqual(expected);
});

/**
 * Builds an index as certification does, over queries that each find some of ten neighbours: its effort is raised until
 * the held-out queries meet the target, as far as `best` allows. What is certified is an estimate of its own.
 */
function simulateBuild(random: () => number, queries: number, best: number): Manifest {
  const measure = (recall: number) => {
    let found = 0;
    for (let q = 0; q < queries; q++) {
      // Easy and hard queries: their recall varies by more than ten independent neighbours would.
      const own = Math.min(1, Math.max(0, recall + (random() - 0.5) * 0.2));
      for (let i = 0; i < 10; i++) if (random() < own) found++;
    }
    return found / queries / 10;
  };
  let certified = 0;
  for (let recall = 0.945; ; recall += 0.004) {
    certified = measure(Math.min(recall, best));
    if (certified >= 0.95 || recall > best) return manifestOf(certified, 0.95, 1000, 10, queries);
  }
}

test.each([37, 100, 400])(
  "of 200 publishes of an unchanged distribution with %i queries at most 1 is refused",
  (queries) => {
    const random = createRandom(queries);
    let refused = 0;
    let previous = simulateBuild(random, queries, 1);
    for (let i = 0; i < 200; i++) {
      const next = simulateBuild(random, queries, 1);
      if (checkRecall(next, previous).length > 0) refused++;
      else previous = next;
    }
    expect(refused).toBeLessThanOrEqual(1);
  },
);

test("of 100 builds that can reach three points less than before, at least 99 are refused", () => {
  const random = createRandom(7);
  const previous = simulateBuild(random, 400, 1);
  let refused = 0;
  for (let i = 0; i < 100; i++)
    if (checkRecall(simulateBuild(random, 400, 0.92), previous).length > 0) refused++;
  expect(refused).toBeGreaterThanOrEqual(99);
});

test("a corpus that collapsed in any way is refused, one that shrank is not", () => {
  const facts = { documents: 20_000, textBytes: 4e6, withText: 20_000, words: 30_000 };
  const before = { version: "v", items: 20_000, corpus: facts } as unknown as PublishedManifest;
  const judge = (change: Partial<typeof facts>, mayShrink?: number) =>
    checkCorpus({ ...facts, ...change }, before, mayShrink).map(
      ({ message }) => message.match(/: (.*)\. /)?.[1],
    );
  expect(judge({})).toEqual([]);
  expect(judge({ documents: 12_000, withText: 12_000, textBytes: 2.1e6, words: 16_000 })).toEqual([]);
  expect(judge({ documents: 5, withText: 5 })).toEqual(["5 documents after 20000"]);
  expect(judge({ textBytes: 1e6 })).toEqual(["1000000 bytes of text after 4000000"]);
  expect(judge({ words: 10_000 })).toEqual(["10000 distinct words after 30000"]);
  expect(judge({ withText: 8_000 })).toEqual(["40 percent of documents with text after 100"]);
  expect(judge({ documents: 5, withText: 5 }, 1)).toEqual([]);
  expect(judge({ documents: 15_000, withText: 15_000 }, 0.2)).toHaveLength(1);
  // An index that is cut into shards does not know its words.
  const { words: _, ...inShards } = facts;
  expect(checkCorpus(inShards, before)).toEqual([]);
  // Published before these figures were kept.
  const old = { version: "v", items: 20_000 } as unknown as PublishedManifest;
  expect(codes(checkCorpus({ ...facts, documents: 5 }, old))).toEqual(["CORPUS_SHRANK"]);
  expect(checkCorpus({ ...facts, documents: 5 }, { ...old, items: 19 })).toEqual([]);
  expect(checkCorpus(facts, undefined)).toEqual([]);
});

test("what no isolate can hold is not published", () => {
  expect(checkSize(manifestOf(1, 0.95, 79_000_000))).toEqual([]);
  expect(codes(checkSize(manifestOf(1, 0.95, 81_000_000)))).toEqual(["TOO_LARGE"]);
  expect(codes(checkSize(manifestOf(1, 0.95, 74_000_000, 3_000_000)))).toEqual(["TOO_LARGE"]);
  const encoderBytes = 18_428_224;
  expect(checkSize(manifestOf(1, 0.95, 61_000_000), { encoderBytes })).toEqual([]);
  const [tooLarge] = checkSize(manifestOf(1, 0.95, 62_000_000), { encoderBytes });
  expect(tooLarge?.fatal).toBe(false);
  expect(checkSize(manifestOf(1, 0.95, 111_000_000))[0]?.fatal).toBe(true);
  expect(tooLarge?.message).toMatch(/^The hot part with its encoder takes 80\.4 MB.* --embedder static/);
});

test("of a sharded index each shard and the router must fit, and large shards are warned of", () => {
  const shard = (hotBytes: number) => ({ version: "v", items: 10, firstItem: 0, hotBytes });
  const sharded = (router: number, ...hot: number[]) =>
    ({ ...manifestOf(1, 0.95, router, 50e6), shards: { list: hot.map(shard) } }) as unknown as Manifest;
  expect(checkSize(sharded(20e6, 50e6, 50e6, 50e6))).toEqual([]);
  expect(checkSize(sharded(20e6, 50e6, 87e6))[0]?.message).toMatch(/^Shard 1 takes 87\.0 MB/);
  expect(checkSize(sharded(87e6, 50e6))[0]?.message).toMatch(/^The router takes 87\.0 MB/);
  expect(warnOfSize(sharded(20e6, 50e6, 50e6))).toEqual([]);
  expect(warnOfSize(sharded(20e6, 50e6, 61e6, 70e6))).toEqual([
    "2 shards take more than 60.0 MB of memory, up to 70.0 MB.",
  ]);
  expect(warnOfSize(sharded(20e6, 61e6), 65e6)).toEqual([]);

  // Changes on top count with what they are on top of.
  const changes = { version: "c", hotBytes: 12e6, added: 5, removed: 5 };
  const changed = { ...sharded(1e6), shards: { list: [{ ...shard(70e6), changes }] } } as unknown as Manifest;
  expect(checkSize(changed, { base: manifestOf(1, 0.95, 1e6) })[0]?.message).toMatch(
    /^Shard 0 takes 82\.0 MB/,
  );
  // Each shard holds the words' frequencies of the router of changes.
  const words = { ...sharded(9e6, 74e6), base: {} } as Manifest;
  expect(checkSize(words)[0]?.message).toMatch(/^Shard 0 takes 83\.0 MB/);
  expect(checkSize({ ...words, hotBytes: 1e6 })).toEqual([]);
  expect(checkSize(sharded(1e6, 50e6), { base: manifestOf(1, 0.95, 80e6) })[0]?.message).toMatch(
    /^The router takes 81\.0 MB/,
  );
});
