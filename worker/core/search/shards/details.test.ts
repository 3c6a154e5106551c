import { expect, test } from "vitest";
import { ANSWER_BYTES, createWork } from "../../format/work.ts";
import { bytesOf, bytesOfCall, firstPart } from "./details.ts";

const details = [1, 2, 3].map((item) => ({ item, id: `id-${item}`, vector: new Float32Array(100) }));
const each = bytesOf(details[0]!);

test("as many details as there is room for are told, and the rest is named", () => {
  expect(firstPart(details, 3 * each, 0)).toEqual({ details, rest: [], bytes: 3 * each });
  expect(firstPart(details, 2 * each, 0)).toEqual({
    details: details.slice(0, 2),
    rest: [3],
    bytes: 2 * each,
  });
  expect(firstPart(details, each - 1, 0)).toEqual({ details: [], rest: [1, 2, 3], bytes: 0 });
});

test("at least as many as must be are told, so that asking again comes to an end", () => {
  expect(firstPart(details, 0, 1)).toEqual({ details: details.slice(0, 1), rest: [2, 3], bytes: each });
});

test("characters count as two bytes, and metadata as its JSON", () => {
  const text = bytesOf({ item: 1, pageContent: "x".repeat(1000), metadata: { a: "y".repeat(100) } });
  expect(text).toBeGreaterThanOrEqual(2 * 1100);
});

test("a call counts by what it asks for, documents by what they may come to", () => {
  const nothing = { ranks: [], details: [], located: [] };
  const least = bytesOfCall(nothing, 384);
  const rank = { mode: "vector", searchK: -1, k: 1000 } as const;
  expect(bytesOfCall({ ...nothing, ranks: [rank, rank] }, 384)).toBe(least + 2 * 1000 * 400);
  const items = Array.from({ length: 100 }, (_, item) => item);
  const vectors = { items, documents: false, vectors: true };
  expect(bytesOfCall({ ...nothing, details: [vectors] }, 384)).toBe(least + 100 * 384 * 4);
  const documents = { items, documents: true, vectors: false };
  const both = bytesOfCall({ ...nothing, details: [documents, documents] }, 384);
  expect(both).toBeGreaterThan(ANSWER_BYTES);
  expect(both).toBeLessThan(ANSWER_BYTES + least + 2 * 100 * 51);
  // Which is what a call's work lets through.
  expect(() => createWork().hold("read", "documents", ANSWER_BYTES + 1)).toThrow("more than 8 MB");
});
