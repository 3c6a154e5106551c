import { strictEqual } from "node:assert";
import { describe, expect, test } from "vitest";
import { parseGloss, parseSynset, readWordNet } from "./wordnet.ts";

describe("a line of a WordNet data file", () => {
  test("becomes a document with its words before its definition", () => {
    const line =
      '00002684 03 n 02 object 0 physical_object 0 002 @ 00001930 n 0000 + 00533687 v 0105 | a tangible and visible entity; an entity that can cast a shadow; "it was full of rackets, balls and other objects"  ';
    expect(parseSynset(line, "noun")).toEqual({
      id: "n22k",
      pageContent: "object, physical object: a tangible and visible entity; an entity that can cast a shadow",
      metadata: {
        words: ["object", "physical object"],
        partOfSpeech: "noun",
        topic: "general",
        examples: ["it was full of rackets, balls and other objects"],
      },
    });
  });

  test("counts its words in hexadecimal", () => {
    const words = Array.from({ length: 17 }, (_, i) => `word${i}`);
    const line = `00000001 05 n 11 ${words.map((word) => `${word} 0`).join(" ")} 000 | seventeen of them`;
    const document = parseSynset(line, "noun");
    expect(document?.metadata.words).toEqual(words);
    expect(document?.metadata.topic).toBe("animal");
  });

  test("loses the marker of an adjective's position", () => {
    const document = parseSynset("00016756 00 s 01 galore(ip) 0 000 | in great numbers", "adjective");
    expect(document?.pageContent).toBe("galore: in great numbers");
    expect(document?.id).toBe("acxg");
  });

  test("gives nothing when it is a line of the licence", () => {
    expect(parseSynset("  1 This software and database is being provided to you", "noun")).toBeUndefined();
  });
});

describe("a gloss", () => {
  test("without examples is a definition", () => {
    expect(parseGloss("  the quality of being brief; shortness ")).toEqual({
      definition: "the quality of being brief; shortness",
      examples: [],
    });
  });

  test("keeps quotations that belong to the definition", () => {
    expect(parseGloss('a demand especially in the phrase "the call of duty"').definition).toBe(
      'a demand especially in the phrase "the call of duty"',
    );
  });

  test("may part its examples with a colon", () => {
    expect(parseGloss('connect to a vehicle: "hitch the trailer to the car"')).toEqual({
      definition: "connect to a vehicle",
      examples: ["hitch the trailer to the car"],
    });
  });
});

test("the whole of WordNet has 117,791 documents with different ids", async () => {
  const ids = new Set<string>();
  for await (const document of readWordNet()) {
    ids.add(document.id);
    // expect() costs too much to be called this often.
    if (!/^[nvar][0-9a-z]+$/.test(document.id) || document.pageContent.length < 4) {
      expect.fail(`Odd document: ${JSON.stringify(document)}`);
    }
  }
  strictEqual(ids.size, 117_791);
});
