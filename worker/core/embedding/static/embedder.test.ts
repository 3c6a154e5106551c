import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createStaticEmbedder } from "./embedder.ts";
import { openStaticTable } from "./table.ts";

const root = new URL("../../../../", import.meta.url);
const tableBytes = new Uint8Array(readFileSync(new URL("artifacts/static-en/table.bin", root)));
const golden: { text: string; vector: number[] }[] = JSON.parse(
  readFileSync(new URL("test/fixtures/static-en/golden.json", root), "utf8"),
);
const embedder = createStaticEmbedder(tableBytes);

function embed(text: string): Float32Array {
  const out = new Float32Array(embedder.identity.dimensions);
  embedder.embedInto(text, out);
  return out;
}

function length(vector: Float32Array): number {
  return Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
}

/** A table of two words ("cat", "dog") and one bucket in two dimensions, 8 bits. */
function tinyTable(header: Record<string, unknown> = {}): Uint8Array {
  const json = JSON.stringify({ version: 1, dim: 2, words: 2, buckets: 1, bits: 8, gram: [3, 5], ...header });
  const head = json.padEnd(Math.ceil(json.length / 4) * 4);
  const bytes = new Uint8Array(8 + head.length + 8 + 8 + 4 + 4 + 2);
  bytes.set(new TextEncoder().encode("SEMB"));
  const view = new DataView(bytes.buffer);
  view.setUint32(4, head.length, true);
  bytes.set(new TextEncoder().encode(head), 8);
  let at = 8 + head.length;
  for (const hash of [0x8213490c, 0xe5de5d62].sort((a, b) => a - b)) {
    view.setUint32(at, hash, true);
    at += 4;
  }
  for (const scale of [1, 1, 1]) {
    view.setFloat32(at, scale, true);
    at += 4;
  }
  bytes.set([1, 0, 0, 0xff, 3, 4], at);
  return bytes;
}

describe("the static embedder", () => {
  it.each(golden.map((g) => [g.text.slice(0, 40), g] as const))(
    "agrees with the golden vector of %j",
    (_, g) => {
      const vector = embed(g.text);
      expect(vector.length).toBe(g.vector.length);
      for (const [i, x] of g.vector.entries()) expect(Math.abs(vector[i]! - x)).toBeLessThan(1e-5);
    },
  );

  it("gives the same numbers through LangChain's methods", async () => {
    const [first] = await embedder.embedDocuments(["pizza is great"]);
    expect(first).toEqual(Array.from(embed("pizza is great")));
    expect(await embedder.embedQuery("pizza is great")).toEqual(first);
  });

  it("gives zeros when it knows nothing of the text", () => {
    for (const text of ["", "  \n", "東京", "!?", "12345", "\ud800", "\u0301"]) {
      expect(embed(text).every((x) => x === 0)).toBe(true);
    }
  });

  it("leaves nothing of one text in the next", () => {
    const alone = embed("a dog");
    embed("x".repeat(5000));
    expect(embed("a dog")).toEqual(alone);
  });

  it("gives a unit vector or zeros for any text, lone surrogates included", () => {
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((c) => String.fromCharCode(...c)),
      fc.stringMatching(/^[A-Za-z0-9'’ -]{0,60}$/),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const norm = length(embed(text));
        return norm === 0 || Math.abs(norm - 1) < 1e-5;
      }),
      { numRuns: 500 },
    );
  });

  it("counts the n-grams of long tokens to the same vector as adding them one by one", () => {
    // 256 characters with the brackets are added one by one, 258 are counted; a period of 2 keeps the mean nearly equal.
    const short = embed("xq".repeat(127));
    const long = embed("xq".repeat(20_000));
    const cosine = short.reduce((sum, x, i) => sum + x * long[i]!, 0);
    expect(cosine).toBeGreaterThan(0.999);
  });

  it.each([
    ["words", "the quick brown fox ".repeat(50_000)],
    ["one endless word", "q".repeat(1_000_000)],
    ["hyphens", "a-".repeat(500_000)],
    ["apostrophes", "a'".repeat(500_000)],
    ["capitals", "aB".repeat(500_000)],
    ["combining marks of alternating classes", `a${"\u0301\u0316".repeat(500_000)}`],
    ["ligatures that decompose to 18 characters", "\ufdfa".repeat(300_000)],
    ["lone surrogates", "\udc00\ud800".repeat(500_000)],
  ])("takes a megabyte of %s in its stride", (_, text) => {
    // Anything worse than linear would run into the test's time limit by orders of magnitude.
    const norm = length(embed(text));
    expect(norm === 0 || Math.abs(norm - 1) < 1e-5).toBe(true);
  });
});

describe("opening a table", () => {
  it("reads a table of eight bits", () => {
    const tiny = createStaticEmbedder(tinyTable());
    const out = new Float32Array(2);
    tiny.embedInto("xyzzy", out);
    expect(out[0]).toBeCloseTo(0.6);
    expect(out[1]).toBeCloseTo(0.8);
  });

  it("copies bytes that are not aligned, and only those", () => {
    const shifted = new Uint8Array(tableBytes.length + 1);
    shifted.set(tableBytes, 1);
    expect(openStaticTable(shifted.subarray(1)).hashes).toEqual(openStaticTable(tableBytes).hashes);
    expect(openStaticTable(tableBytes).hashes.buffer).toBe(tableBytes.buffer);
  });

  it.each([
    ["another signature", () => new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]), /SEMB/],
    ["no bytes", () => new Uint8Array(0), /SEMB/],
    ["a cut within the header", () => tinyTable().subarray(0, 20), /within its header/],
    ["a cut within the rows", () => tinyTable().subarray(0, -1), /bytes; 2 words/],
    ["bytes too many", () => new Uint8Array([...tinyTable(), 0]), /bytes; 2 words/],
    ["another version", () => tinyTable({ version: 2 }), /version 2/],
    ["three bits", () => tinyTable({ bits: 3 }), /3 bits/],
    ["no dimensions", () => tinyTable({ dim: 0 }), /0 dimensions/],
    ["odd dimensions of 4 bits", () => tinyTable({ bits: 4, dim: 3 }), /3 dimensions/],
    ["a count that is not whole", () => tinyTable({ words: 1.5 }), /1.5 words/],
    ["a huge count", () => tinyTable({ words: 2 ** 40 }), /words/],
    ["no buckets", () => tinyTable({ buckets: 0 }), /0 n-gram buckets/],
    ["n-grams upside down", () => tinyTable({ gram: [5, 3] }), /n-grams of 5 to 3/],
    ["no n-gram lengths", () => tinyTable({ gram: 3 }), /how long its n-grams/],
  ])("refuses %s", (_, make, message) => {
    expect(() => openStaticTable(make())).toThrow(
      expect.objectContaining({ code: "CORRUPT_EMBEDDER", message: expect.stringMatching(message) }),
    );
  });

  it("refuses a header that is no JSON object, hashes out of order and scales that are no numbers", () => {
    const broken = (change: (bytes: Uint8Array, rows: number) => void): Uint8Array => {
      const bytes = tinyTable();
      change(bytes, 8 + new DataView(bytes.buffer).getUint32(4, true));
      return bytes;
    };
    const faults: [RegExp, Uint8Array][] = [
      [/not JSON/, broken((b) => b.fill(0x7b, 8, 10))],
      [/not a JSON object/, broken((b, rows) => b.set(new TextEncoder().encode("1".padEnd(rows - 8)), 8))],
      [/claims 4294967295 bytes/, broken((b) => b.fill(0xff, 4, 8))],
      [/row 1/, broken((b, rows) => b.fill(0xff, rows, rows + 4))],
      [/finite/, broken((b, rows) => b.fill(0xff, rows + 8, rows + 12))],
    ];
    for (const [message, bytes] of faults) expect(() => openStaticTable(bytes)).toThrow(message);
  });
});
