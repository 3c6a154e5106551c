import { describe, expect, test } from "vitest";
import { AnnoyIndex } from "../../../../build/annoy/annoy-index.ts";
import { readAnnoy } from "../../../../build/annoy/read.ts";
import { annoySections } from "../../../../build/annoy/sections.ts";
import { annoyFixtures } from "../../../../test/annoy/fixtures.ts";
import { openForTest } from "../../../../test/annoy/open.ts";
import { ANNOY_NODES_HEADER, ANNOY_NODES_HEADER_BYTES } from "../../format/annoy.ts";
import { ArtifactError } from "../../format/errors.ts";
import { openAnnoyForest } from "./forest.ts";
import { NodeHeap } from "./heap.ts";
import { Nearest } from "./nearest.ts";

const fixtures = annoyFixtures();
const fixture = (name: string) => fixtures.find((f) => f.name === name)!;

function sectionsOf(name: string, codec: "float32" | "int8" = "float32") {
  const { ann, expected } = fixture(name);
  return annoySections(readAnnoy(ann, { dimensions: expected.f, metric: expected.metric }), codec);
}

const open = (name: string, codec?: "float32" | "int8") =>
  openAnnoyForest(openForTest(sectionsOf(name, codec)));

describe("filters", () => {
  const { queries, expected } = fixture("euclidean/holes");
  const forest = open("euclidean/holes");
  const query = queries.slice(0, expected.f);
  const nearest = forest.search(query, { k: 800, searchK: -2 });
  const third = (item: number) => item % 3 === 0;

  test("with no limit give the nearest of what passes", () => {
    const wanted = nearest.items.filter(third).slice(0, 20);
    expect(forest.search(query, { k: 20, searchK: -2, accept: third }).items).toEqual(wanted);
  });

  test("are asked once an item, and what does not pass does not count", () => {
    const asked: number[] = [];
    const accept = (item: number) => {
      asked.push(item);
      return third(item);
    };
    const { items, candidates } = forest.search(query, { k: 5, searchK: 100, accept });
    expect(new Set(asked).size).toBe(asked.length);
    expect(items.every(third)).toBe(true);
    // A hundred that pass were found, the same ones in several trees; without the filter they would be a third of that.
    expect(candidates).toBeGreaterThan(40);
  });

  test("that leave few items are answered by looking at all of them", () => {
    const rare = (item: number) => item % 100 === 7;
    const wanted = nearest.items.filter(rare);
    const found = forest.search(query, { k: 10, searchK: 20, accept: rare, acceptFraction: 0.01 });
    expect(found.items).toEqual(wanted);
    expect(found.distances).toEqual(wanted.map((item) => nearest.distances[nearest.items.indexOf(item)]));
    expect(found.candidates).toBe(wanted.length);
  });

  test("that let nothing pass give nothing, from a walk and from a scan", () => {
    for (const acceptFraction of [undefined, 0]) {
      const options = acceptFraction === undefined ? {} : { acceptFraction };
      expect(forest.search(query, { k: 3, accept: () => false, ...options }).items).toEqual([]);
    }
  });
});

describe("searchK", () => {
  test("-1 is k times the number of trees, and a walk ends with the bucket that reaches it", () => {
    const forest = open("dot/main");
    const { queries, expected } = fixture("dot/main");
    expect(forest.defaultSearchK(7)).toBe(7 * expected.n_trees_loaded);
    const query = queries.slice(0, expected.f);
    expect(forest.search(query, { k: 7 })).toEqual(
      forest.search(query, { k: 7, searchK: 7 * forest.nTrees }),
    );
    expect(forest.search(query, { k: 7, searchK: 1 }).candidates).toBeLessThanOrEqual(expected.K);
  });

  test("results do not depend on what was asked before", () => {
    const { queries, expected } = fixture("hamming/main");
    const forest = open("hamming/main");
    const ask = (q: number, k: number) =>
      forest.search(queries.slice(q * expected.f, (q + 1) * expected.f), { k });
    const first = [ask(0, 3), ask(1, 100), ask(2, 1)];
    expect([ask(0, 3), ask(1, 100), ask(2, 1)]).toEqual(first);
    expect([ask(2, 1), ask(1, 100), ask(0, 3)].reverse()).toEqual(first);
  });
});

describe("vectors and distances", () => {
  test("holes and numbers out of range have none", () => {
    const forest = open("euclidean/holes");
    for (const item of [500, 699, 1000, -1, 0.5, Number.NaN]) {
      expect(forest.vector(item)).toBeUndefined();
      expect(forest.distance(0, item)).toBeUndefined();
    }
    expect(forest.vector(700)).toHaveLength(32);
  });

  test("of recoded items are close to those of the originals", () => {
    const exact = open("angular/main");
    const coded = open("angular/main", "int8");
    for (let item = 0; item < 1000; item += 97) {
      expect(coded.distance(item, 5)!).toBeCloseTo(exact.distance(item, 5)!, 2);
      const vector = exact.vector(item)!;
      const decoded = coded.vector(item)!;
      for (const [z, x] of decoded.entries()) expect(x).toBeCloseTo(vector[z]!, 1);
    }
  });
});

describe("a query that overflows float32", () => {
  test.each(["angular/main", "euclidean/holes", "manhattan/f37", "dot/main"])(
    "%s: still answers with its items",
    (name) => {
      const forest = open(name);
      const query = new Float32Array(forest.dimensions).fill(3e38);
      query[0] = -3e38;
      const { items, distances } = forest.search(query, { k: 10 });
      expect(items).toHaveLength(10);
      expect(distances.some(Number.isNaN)).toBe(false);
    },
  );
});

describe("damage is refused when the forest is opened", () => {
  const built = sectionsOf("euclidean/holes");
  /** The same artifact with words of a section changed; its checksums are right. */
  function damaged(section: string, change: (words: Uint32Array) => void): string {
    const sections = built.sections.map((s) => {
      if (s.name !== section) return s;
      const bytes = s.bytes.slice();
      change(new Uint32Array(bytes.buffer));
      return { ...s, bytes };
    });
    try {
      openAnnoyForest(openForTest({ ...built, sections }));
    } catch (error) {
      if (error instanceof ArtifactError) return `${error.code}: ${error.message}`;
      throw error;
    }
    return "accepted";
  }
  const first = ANNOY_NODES_HEADER_BYTES / 4;
  const header = (field: keyof typeof ANNOY_NODES_HEADER) => ANNOY_NODES_HEADER[field] / 4;
  const kOf = built.header.leafSize;
  /** Word of the first node that is a split node, or a bucket. */
  const nodeWord = (words: Uint32Array, split: boolean) => {
    let w = first;
    while (words[w]! > kOf !== split) w += 4;
    return w;
  };

  test("undamaged it opens", () => {
    expect(damaged("annoyNodes", () => {})).toBe("accepted");
  });

  const cases: [string, string, (words: Uint32Array) => void, RegExp][] = [
    [
      "a layout of another metric",
      "annoyNodes",
      (w) => w.fill(4, header("layout"), 1),
      /layout 4 does not fit/,
    ],
    ["an unknown layout", "annoyNodes", (w) => w.fill(99, header("layout"), 1), /layout 99/],
    ["fewer nodes than items", "annoyNodes", (w) => w.fill(5, 1, 2), /5 Annoy nodes for 1000 items/],
    ["counts that do not fill the section", "annoyNodes", (w) => w.fill(1, 2, 3), /bytes; its counts/],
    ["item factors of a metric without", "annoyNodes", (w) => w.fill(800, 4, 5), /item factors/],
    [
      "a child out of range",
      "annoyNodes",
      (w) => w.fill(1e9, nodeWord(w, true) + 1, nodeWord(w, true) + 2),
      /has children/,
    ],
    [
      "a plane out of range",
      "annoyNodes",
      (w) => w.fill(1e6, nodeWord(w, true) + 3, nodeWord(w, true) + 4),
      /names plane/,
    ],
    [
      "a bucket beyond the lists",
      "annoyNodes",
      (w) => w.fill(1e8, nodeWord(w, false) + 1, nodeWord(w, false) + 2),
      /lists \d+ items from/,
    ],
    [
      "a bucket of another count",
      "annoyNodes",
      (w) => w.fill(1, nodeWord(w, false) + 2, nodeWord(w, false) + 3),
      /lists 1 items/,
    ],
    ["a root out of range", "annoyRoots", (w) => w.fill(1e9, 0, 1), /Root 0 is node/],
    ["one root three times", "annoyRoots", (w) => w.fill(w[0]!, 0, 3), /more than two trees/],
    [
      "slots that name an item out of range",
      "slotItems",
      (w) => w.fill(5000, 3, 4),
      /Slot 3 holds item 5000/,
    ],
    ["slots that do not lead back", "itemSlots", (w) => w.fill(0, 7, 8), /Slot 7 holds item 7/],
    ["an item in two slots", "itemSlots", (w) => w.fill(4, 600, 601), /801 items for 800 slots/],
  ];
  test.each(cases)("%s", (_, section, change, message) => {
    const said = damaged(section, change);
    expect(said).toMatch(/^CORRUPT_FOREST: /);
    expect(said).toMatch(message);
  });

  test("a cycle", () => {
    const said = damaged("annoyNodes", (words) => {
      // The last node is the copy of a root; its first child becomes itself.
      const nodeCount = words[header("nodeCount")]!;
      words[first + 4 * (nodeCount - 1000 - 1) + 1] = nodeCount - 1;
    });
    expect(said).toMatch(/^CORRUPT_FOREST: .*occurs twice in the tree of root .*a cycle/);
  });
});

test("the heap gives the largest priority first, of equal ones the larger node", () => {
  const heap = new NodeHeap();
  const entries = Array.from(
    { length: 2000 },
    (_, i) => [((i * 7919) % 31) - 15, (i * 104729) % 5000] as const,
  );
  for (const [priority, node] of entries) heap.push(priority, node);
  const sorted = entries.toSorted((a, b) => b[0] - a[0] || b[1] - a[1]);
  for (const [priority, node] of sorted) {
    expect(heap.topPriority).toBe(priority);
    expect(heap.pop()).toBe(node);
  }
  expect(heap.size).toBe(0);
});

test("the nearest few are those of a sort, ties by item", () => {
  const nearest = new Nearest();
  const entries = Array.from({ length: 1500 }, (_, i) => [(i * 7919) % 97, (i * 31) % 1500] as const);
  const sorted = entries.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
  for (const k of [0, 1, 7, 100, 1500, 5000, 3]) {
    nearest.reset(k);
    for (const [distance, item] of entries) nearest.push(distance, item);
    nearest.sort();
    const kept = Array.from({ length: nearest.size }, (_, i) => [nearest.distances[i], nearest.items[i]]);
    expect(kept).toEqual(sorted.slice(0, k));
  }
});

test("a loaded AnnoyIndex and an opened artifact give the same answers", () => {
  const { ann, expected, queries } = fixture("dot-1.17.3/main");
  const index = new AnnoyIndex(expected.f, expected.metric);
  index.load(ann);
  const forest = open("dot-1.17.3/main");
  for (let q = 0; q < 4; q++) {
    const query = queries.slice(q * expected.f, (q + 1) * expected.f);
    const { items, distances } = forest.search(query, { k: 12 });
    expect(index.getNnsByVector(query, 12, -1, true)).toEqual([items, distances]);
  }
});
