import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Embedder } from "../embedding/types.ts";
import { parseKeywordQuery } from "../keyword/query.ts";
import { highlightTerms, nearnessTo, passageAt, passageByMeaning, passageByTerms } from "./highlight.ts";

const FILLER = "Nothing of interest happens in this sentence of many words. ".repeat(20);
const TEXT = `${FILLER}A whale surfaced beside the ship. The whale dived again. ${FILLER}A ship sailed.`;

describe("passageByTerms", () => {
  test("finds where most of the words stand together", () => {
    const passage = passageByTerms(TEXT, highlightTerms(parseKeywordQuery("whale ship", "none")), "none");
    expect(passage?.text).toContain("whale surfaced beside the ship. The whale dived");
    expect(passage?.ranges.map(({ start, end }) => passage.text.slice(start, end))).toEqual([
      "whale",
      "ship",
      "whale",
    ]);
    expect(passage?.text.length).toBeLessThanOrEqual(260);
    expect(TEXT.startsWith(passage?.text ?? "?", passage?.offset)).toBe(true);
  });

  test("passes over words that every text has, unless there are no others", () => {
    const text = "A dog is a dog is it.";
    const marked = (query: string) =>
      passageByTerms(text, highlightTerms(parseKeywordQuery(query, "none")), "none")?.ranges.map(
        ({ start, end }) => text.slice(start, end),
      );
    expect(marked("is it a dog")).toEqual(["dog", "dog"]);
    expect(marked("is it")).toEqual(["is", "is", "it"]);
  });

  test("gives nothing when no word occurs", () => {
    expect(
      passageByTerms(TEXT, highlightTerms(parseKeywordQuery("penguin", "none")), "none"),
    ).toBeUndefined();
  });

  test("keeps markup as text, and its ranges in it", () => {
    const text = '<b onclick="x()">ship</b> & <ship>';
    const passage = passageByTerms(text, new Set(["ship"]), "none");
    expect(passage).toEqual({
      field: "pageContent",
      text,
      offset: 0,
      ranges: [
        { start: 17, end: 21 },
        { start: 29, end: 33 },
      ],
    });
  });

  test("whatever the text, the passage is part of it and the ranges lie in the passage, in order", () => {
    const piece = fc.oneof(
      fc.constantFrom("ship", "Ship-yard", "🐳", " ", "\n", "whale.js", "日本"),
      fc.string({ unit: "grapheme" }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 200 }), (pieces) => {
        const text = pieces.join(" ");
        const passage = passageByTerms(text, new Set(["ship", "whale", "日本"]), "none");
        if (!passage) return;
        expect(text.startsWith(passage.text, passage.offset)).toBe(true);
        expect(passage.text.isWellFormed() || !text.isWellFormed()).toBe(true);
        expect(passage.ranges.length).toBeGreaterThan(0);
        let last = 0;
        for (const { start, end } of passage.ranges) {
          expect(start).toBeGreaterThanOrEqual(last);
          expect(end).toBeGreaterThan(start);
          expect(end).toBeLessThanOrEqual(passage.text.length);
          last = end;
        }
      }),
      { numRuns: 300, seed: 5 },
    );
  });
});

describe("passages without words in common", () => {
  test("begin with the sentence that is nearest in meaning", async () => {
    // Two dimensions: whether the text is about animals, and whether it is not.
    const embed = (text: string): number[] => (/whale/.test(text) ? [1, 0] : [0, 1]);
    const embedder: Embedder = {
      identity: { provider: "static", model: "two", dimensions: 2, normalized: true },
      embedDocuments: async (texts) => texts.map(embed),
      embedQuery: async (text) => embed(text),
    };
    const passage = await passageByMeaning(TEXT, nearnessTo(Float32Array.of(1, 0), embedder));
    expect(passage.text).toMatch(/^A whale surfaced/);
    expect(passage.ranges).toEqual([]);
  });

  test("end between words, where there are any", () => {
    const { text } = passageAt("supercalifragilistic ".repeat(40), 0);
    expect(text).toMatch(/^(?:supercalifragilistic )+supercalifragilistic$/);
    expect(passageAt("x".repeat(1000), 0).text).toHaveLength(240);
  });

  test("are the beginning of an empty or short text, whole", () => {
    expect(passageAt("", 0)).toEqual({ field: "pageContent", text: "", offset: 0, ranges: [] });
    expect(passageAt("short", 0).text).toBe("short");
  });
});
