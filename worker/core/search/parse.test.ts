import { describe, expect, test } from "vitest";
import { SearchError } from "../format/search-error.ts";
import type { SearchLimits } from "./limits.ts";
import { parseBatchRequest, parseSearchRequest } from "./parse.ts";
import { MAX_QUERY_LENGTH } from "./schema.ts";

function fault(json: unknown, limits?: SearchLimits): SearchError {
  try {
    parseSearchRequest(json, limits);
  } catch (error) {
    if (error instanceof SearchError) return error;
    throw error;
  }
  throw new Error("the request was accepted");
}

describe("parseSearchRequest", () => {
  test("fills in the defaults of the contract", () => {
    expect(parseSearchRequest({ query: "dog" })).toEqual({
      query: "dog",
      k: 4,
      searchK: -1,
      include: ["document"],
    });
    expect(parseSearchRequest({ item: 0, mmr: {} }).mmr).toEqual({ fetchK: 20, lambda: 0.5 });
  });

  test.each([
    [{ query: "a", k: 1.5 }, "k must be a whole number, not 1.5."],
    [{ query: "a", k: "ten" }, 'k must be a number, not the text "ten".'],
    [{ query: "a", k: "" }, 'k must be a number, not the text "".'],
    [{ query: "a", k: "9".repeat(61) }, "k must be a number, not a string."],
    [{ vector: [1, "2"] }, 'vector[1] must be a number, not the text "2".'],
    [{ query: "a", prefix: "yes" }, 'prefix must be a boolean, not the text "yes".'],
    [{ query: 7 }, "query must be a string, not a number."],
    [
      { query: "a", filter: { nested: { a: 1 } } },
      'There is no operator a; use eq, ne, in, nin, lt, lte, gt, gte, exists, or and, or, not around conditions. A field within a field is named "nested.a".',
    ],
  ])("says of %j what is wrong with it", (request, sentence) => {
    expect(() => parseSearchRequest(request)).toThrow(sentence);
  });

  test("bounds what a batch may compare: many small choices by marginal relevance, few large ones", () => {
    const batch = (count: number, k: number, fetchK: number) => () =>
      parseBatchRequest({ searches: Array.from({ length: count }, () => ({ item: 0, k, mmr: { fetchK } })) });
    expect(batch(100, 100, 100)).not.toThrow();
    expect(batch(2, 1000, 1000)).not.toThrow();
    expect(batch(3, 1000, 1000)).toThrow(
      "mmr.fetchK times k of all searches together is 3000000; at most 2000000",
    );
  });

  test("takes each of the four kinds of query", () => {
    expect(parseSearchRequest({ vector: [1, -2.5] }).vector).toEqual([1, -2.5]);
    expect(parseSearchRequest({ item: 3 }).item).toBe(3);
    expect(parseSearchRequest({ id: "a/b c" }).id).toBe("a/b c");
  });

  test.each([
    ["no query at all", {}, "NO_QUERY", ""],
    ["two queries", { query: "a", vector: [1] }, "AMBIGUOUS_QUERY", "vector"],
    ["an empty text", { query: "" }, "EMPTY_QUERY", "query"],
    ["a text of spaces", { query: " \n\t " }, "EMPTY_QUERY", "query"],
    ["a megabyte of text", { query: "x".repeat(1_000_000) }, "QUERY_TOO_LONG", "query"],
    ["a number as text", { query: 7 }, "INVALID_TYPE", "query"],
    ["null as text", { query: null }, "INVALID_TYPE", "query"],
    ["an empty vector", { vector: [] }, "OUT_OF_RANGE", "vector"],
    ["a string in the vector", { vector: [1, "2"] }, "INVALID_TYPE", "vector[1]"],
    ["NaN in the vector", { vector: [1, Number.NaN] }, "OUT_OF_RANGE", "vector[1]"],
    ["Infinity in the vector", { vector: [Number.POSITIVE_INFINITY] }, "OUT_OF_RANGE", "vector[0]"],
    ["a number beyond float32's reach", { vector: [1e300] }, "OUT_OF_RANGE", "vector[0]"],
    ["a hole in the vector", { vector: [1, null] }, "INVALID_TYPE", "vector[1]"],
    ["k of 0", { query: "a", k: 0 }, "OUT_OF_RANGE", "k"],
    ["k of a billion", { query: "a", k: 1e9 }, "OUT_OF_RANGE", "k"],
    ["k that no number holds exactly", { query: "a", k: 1e300 }, "OUT_OF_RANGE", "k"],
    ["infinite k", { query: "a", k: Number.POSITIVE_INFINITY }, "OUT_OF_RANGE", "k"],
    ["k of one and a half", { query: "a", k: 1.5 }, "INVALID_TYPE", "k"],
    ["k as a string", { query: "a", k: "4" }, "INVALID_TYPE", "k"],
    ["searchK of 0", { query: "a", searchK: 0 }, "OUT_OF_RANGE", "searchK"],
    ["searchK of -2", { query: "a", searchK: -2 }, "OUT_OF_RANGE", "searchK"],
    ["a negative item", { item: -1 }, "OUT_OF_RANGE", "item"],
    ["half an item", { item: 0.5 }, "INVALID_TYPE", "item"],
    ["an empty id", { id: "" }, "OUT_OF_RANGE", "id"],
    ["an unknown mode", { query: "a", mode: "magic" }, "INVALID_VALUE", "mode"],
    ["an unknown part", { query: "a", include: ["everything"] }, "INVALID_VALUE", "include[0]"],
    ["lambda of 2", { query: "a", mmr: { lambda: 2 } }, "OUT_OF_RANGE", "mmr.lambda"],
    ["an unknown field", { query: "a", topK: 3 }, "UNKNOWN_FIELD", "topK"],
    ["an unknown field within mmr", { query: "a", mmr: { fetch_k: 3 } }, "UNKNOWN_FIELD", "mmr.fetch_k"],
    ["a request that is a list", [], "INVALID_TYPE", ""],
    ["a request that is null", null, "INVALID_TYPE", ""],
    ["a request that is a text", "dog", "INVALID_TYPE", ""],
  ])("refuses %s", (_, json, code, field) => {
    const error = fault(json);
    expect(error.code).toBe(code);
    expect(error.issues[0]).toMatchObject({ code, field });
    expect(error.message).toMatch(/^[A-Za-z].*\.$/s);
    expect(error.message).not.toMatch(/undefined|Invalid input/);
  });

  test("names every fault at once, and echoes no more than a little of the request", () => {
    const error = fault({ query: "a", k: 0, searchK: "x", ["y".repeat(100_000)]: 1 });
    expect(error.issues.map((issue) => issue.code).sort()).toEqual([
      "INVALID_TYPE",
      "OUT_OF_RANGE",
      "UNKNOWN_FIELD",
    ]);
    expect(JSON.stringify(error.issues).length).toBeLessThan(1000);
  });

  test("does not take inherited names for fields", () => {
    expect(fault(JSON.parse('{"query":"a","__proto__":{"k":9}}')).code).toBe("UNKNOWN_FIELD");
    expect(fault({ query: "a", constructor: 1 }).code).toBe("UNKNOWN_FIELD");
  });

  test("holds a batch to what one isolate can do", () => {
    const times = (n: number, request: object) => ({ searches: Array.from({ length: n }, () => request) });
    const refused = (batch: object) => {
      try {
        parseBatchRequest(batch);
      } catch (error) {
        return (error as SearchError).issues.map(({ field, code }) => `${field} ${code}`);
      }
      return [];
    };
    const tooMuch = ["searches OUT_OF_RANGE"];
    expect(refused(times(10, { query: "a", k: 1000 }))).toEqual([]);
    expect(refused(times(11, { query: "a", k: 1000 }))).toEqual(tooMuch);
    expect(refused(times(11, { query: "a", k: 1, offset: 0 }))).toEqual(tooMuch);
    expect(refused(times(11, { query: "a", mmr: { fetchK: 1000 } }))).toEqual(tooMuch);
    expect(refused(times(11, { query: "a", k: 100, include: ["highlights"] }))).toEqual(tooMuch);
    expect(refused(times(51, { query: "a", facets: ["x", "y"] }))).toEqual(tooMuch);
    expect(fault({ query: "a", k: 101, include: ["highlights"] }).issues[0]?.field).toBe("k");
  });

  test("holds a request to a deployment's own limits", () => {
    const limits = { maxK: 10, maxSearchK: 500, maxQueryLength: 5 };
    expect(parseSearchRequest({ query: "abcde", k: 10, searchK: 500 }, limits).k).toBe(10);
    expect(fault({ query: "a", k: 11 }, limits).issues[0]?.field).toBe("k");
    expect(fault({ query: "a", mmr: { fetchK: 11 } }, limits).issues[0]?.field).toBe("mmr.fetchK");
    expect(fault({ query: "a", searchK: 501 }, limits).issues[0]?.field).toBe("searchK");
    expect(fault({ query: "abcdef" }, limits).code).toBe("QUERY_TOO_LONG");
    expect(fault({ query: "a".repeat(MAX_QUERY_LENGTH + 1) }).code).toBe("QUERY_TOO_LONG");
  });
});
