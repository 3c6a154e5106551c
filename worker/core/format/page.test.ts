import { expect, test } from "vitest";
import { createPageCache } from "../../storage/documents/cache.ts";
import { decodeLine, encodeLine } from "./page.ts";

const documents = [
  { id: "a", pageContent: "line one\nline two\r\n\u2028 end", metadata: { deep: { n: [1, null] } } },
  { id: "grüße/日本", pageContent: "", metadata: {} },
  { id: "c", pageContent: "🐕 \u0000 \ud800", metadata: { "": "" } },
];
const page = documents.map((document) => `${encodeLine(document)}\n`).join("");

test("each line of a page is found by its number", () => {
  for (const [slot, document] of documents.entries()) expect(decodeLine(page, slot)).toEqual(document);
});

test("equal documents have equal lines, whatever the order of their members", () => {
  const [document] = documents;
  const { metadata, pageContent, id } = document!;
  expect(encodeLine({ metadata, pageContent, id })).toBe(encodeLine(document!));
});

test.each([
  ["past the last line", page, 3],
  ["in an empty page", "", 0],
  ["cut off before its line feed", page.slice(0, -1), 2],
  ["that is not JSON", "{oops\n", 0],
  ["that is not a document", '{"id":"a"}\n', 0],
  ["that is null", "null\n", 0],
])("a line %s is refused", (_, text, slot) => {
  expect(() => decodeLine(text, slot)).toThrow(expect.objectContaining({ code: "CORRUPT_PAGE" }));
});

test("the cache keeps what was used last within its bound", () => {
  const cache = createPageCache(40);
  cache.set("a", "x".repeat(10));
  cache.set("b", "x".repeat(10));
  cache.set("c", "x".repeat(10));
  cache.set("d", "x".repeat(10));
  expect(cache.get("a")).toBeDefined();
  cache.set("e", "x".repeat(10));
  expect(cache.get("b")).toBeUndefined();
  expect(cache.get("a")).toBeDefined();
  expect(cache.bytes).toBe(40);
});

test("a page that would push out most others is not kept", () => {
  const cache = createPageCache(40);
  cache.set("a", "x".repeat(11));
  expect(cache.get("a")).toBeUndefined();
  expect(cache.bytes).toBe(0);
});

test("a page with a character beyond Latin-1 counts twice its length, any other once", () => {
  const cache = createPageCache(400);
  cache.set("a", "caf\u00e9");
  expect(cache.bytes).toBe(4);
  cache.set("b", "\u0107aj");
  expect(cache.bytes).toBe(10);
});

test("setting a key anew counts it once", () => {
  const cache = createPageCache(80);
  cache.set("a", "x".repeat(10));
  cache.set("a", "y".repeat(5));
  expect(cache.get("a")).toBe("yyyyy");
  expect(cache.bytes).toBe(5);
});

test("a bound that shrinks lets go of the oldest pages when the next one comes", () => {
  let most = 100;
  const cache = createPageCache(() => most);
  for (const key of ["a", "b", "c", "d"]) cache.set(key, "x".repeat(10));
  most = 44;
  cache.set("d", "x".repeat(10));
  cache.set("e", "x".repeat(10));
  expect(cache.bytes).toBe(40);
  expect(cache.get("a")).toBeUndefined();
  expect(cache.get("e")).toBeDefined();
});
