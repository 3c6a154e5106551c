import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { annoyFixtures } from "../../test/annoy/fixtures.ts";
import { layoutsOf, nodeLayout } from "../../worker/core/format/annoy.ts";
import { METRICS, type Metric } from "../../worker/core/format/constants.ts";
import { type ReadAnnoyOptions, readAnnoy } from "./read.ts";

const fixtures = annoyFixtures();
const fixture = (name: string) => fixtures.find((f) => f.name === name)!;
const main = fixture("angular/main");
const bytes = readFileSync(main.ann);
const options = { dimensions: 32, metric: "angular" } as const;
const layout = nodeLayout("angular", 32);

function fault(file: Uint8Array | string, given: ReadAnnoyOptions = options): string {
  try {
    readAnnoy(file, given);
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
  return "accepted";
}

/** A copy with some 32-bit words of a node replaced, from a byte of the node on. */
function changed(node: number, offset: number, ...words: number[]): Buffer {
  const copy = Buffer.from(bytes);
  for (const [i, word] of words.entries()) copy.writeInt32LE(word, node * layout.size + offset + 4 * i);
  return copy;
}

/** The last split node before the copies of the roots that is no root itself. */
const split = (() => {
  for (let node = main.expected.n_nodes - 1; ; node--) {
    const descendants = bytes.readInt32LE(node * layout.size);
    if (descendants > layout.maxBucket && descendants < main.expected.n_items) return node;
  }
})();

describe("layouts are told apart by structure", () => {
  test.each(fixtures)("$name", ({ ann, expected, directory }) => {
    const { metric, f: dimensions } = expected;
    const { trees } = readAnnoy(ann, { metric, dimensions });
    const old = directory.includes("-");
    const names = { dot: old ? "dot-1.17" : "dot", hamming: old ? "hamming-packed" : "hamming" };
    expect(trees.layout).toBe(metric === "dot" || metric === "hamming" ? names[metric] : metric);
    // A flag names the layout too, and the other one does not fit.
    expect(readAnnoy(ann, { metric, dimensions, layout: trees.layout }).trees.roots).toEqual(trees.roots);
    for (const layout of layoutsOf(metric)) {
      if (layout !== trees.layout)
        expect(fault(ann, { metric, dimensions, layout })).toMatch(/^ANNOY_WRONG_LAYOUT/);
    }
  });
});

describe("refused with a sentence", () => {
  test("another number of dimensions, naming the right one", () => {
    expect(fault(main.ann, { ...options, dimensions: 31 })).toMatch(
      /^ANNOY_WRONG_LAYOUT: .*main\.ann is not an Annoy index of metric angular with 31 dimensions\. .*reads well as 32 dimensions\.$/,
    );
    expect(fault(main.ann, { ...options, dimensions: 128 })).toMatch(/reads well as 32 dimensions\.$/);
  });

  test.each(METRICS)("another metric than %s, naming the right one", (wrong) => {
    for (const { ann, expected, name } of fixtures) {
      const { metric, f: dimensions } = expected;
      // Euclidean and Manhattan write the same nodes; a single item or dimension says too little.
      const same = (m: Metric) => (m === "manhattan" ? "euclidean" : m);
      if (same(metric) === same(wrong) || /\/(one|f1)/.test(name)) continue;
      expect(fault(ann, { metric: wrong, dimensions }), name).toMatch(
        /^ANNOY_WRONG_LAYOUT: .*reads well as metric/,
      );
    }
  });

  test("a truncated file", () => {
    expect(fault(bytes.subarray(0, bytes.length - 1))).toMatch(
      /not a multiple of 140, the bytes of one node/,
    );
    expect(fault(bytes.subarray(0, bytes.length - 140 * 9))).toMatch(/^ANNOY_WRONG_LAYOUT/);
    expect(fault(bytes.subarray(0, 140 * 1200))).toMatch(/^ANNOY_WRONG_LAYOUT/);
    expect(fault(bytes.subarray(0, 0))).toMatch(/^ANNOY_EMPTY_FILE/);
  });

  test("children out of range", () => {
    expect(fault(changed(split, 4, 1_000_000))).toMatch(/has children 1000000 and \d+; there are \d+ nodes/);
    expect(fault(changed(split, 8, -5))).toMatch(/has children \d+ and -5/);
  });

  test("a cycle", () => {
    expect(fault(changed(split, 4, split))).toMatch(/^ANNOY_WRONG_LAYOUT: .*(cycle|descendants)/);
    // Counts that agree do not hide it: the root of the last tree as its own child.
    const root = main.expected.n_nodes - 1;
    const other = bytes.readInt32LE(root * layout.size + 8);
    expect(fault(changed(root, 4, root, other))).toMatch(/a cycle, or a shared child/);
  });

  test("a child of another tree", () => {
    const child = bytes.readInt32LE(split * layout.size + 4);
    expect(fault(changed(split, 4, child - 1))).toMatch(/^ANNOY_WRONG_LAYOUT/);
  });

  test("counts and lists out of range", () => {
    expect(fault(changed(3, 0, 7))).toMatch(/Node 3, an item, says it has 7 descendants/);
    expect(fault(changed(split, 0, 40_000))).toMatch(/descendants; the index has 1000 items/);
    const bucket = Array.from({ length: 800 }, (_, i) => 1000 + i).find(
      (node) => bytes.readInt32LE(node * layout.size) <= layout.maxBucket,
    )!;
    expect(fault(changed(bucket, 4, 1000))).toMatch(/lists item 1000; the index has 1000 items/);
  });

  test("vectors that are not finite", () => {
    expect(fault(changed(5, layout.vector, 0x7fc0_0000))).toMatch(/^ANNOY_(NOT_FINITE: Item 5|WRONG_LAYOUT)/);
    const { ann } = fixture("euclidean/holes");
    const euclidean = Buffer.from(readFileSync(ann));
    euclidean.writeFloatLE(Number.POSITIVE_INFINITY, 16 + 8);
    expect(fault(euclidean, { metric: "euclidean", dimensions: 32 })).toMatch(/^ANNOY_NOT_FINITE: Item 0/);
  });

  test("hamming vectors with more bits than dimensions", () => {
    const { ann } = fixture("hamming/f100");
    expect(fault(ann, { metric: "hamming", dimensions: 70 })).toMatch(/has bits past dimension 70/);
  });

  test("arguments that cannot be", () => {
    expect(fault(main.ann, { metric: "cosine" as Metric, dimensions: 32 })).toMatch(/^UNKNOWN_METRIC/);
    expect(fault(main.ann, { metric: "angular", dimensions: 0 })).toMatch(/^BAD_DIMENSIONS/);
    expect(fault(main.ann, { ...options, layout: "dot" })).toMatch(/^UNKNOWN_LAYOUT/);
    expect(fault("/no/such/file.ann")).toMatch(/^ANNOY_UNREADABLE/);
  });
});
