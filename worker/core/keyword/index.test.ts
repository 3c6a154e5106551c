import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countCollection } from "../../../build/keyword/collection.ts";
import { buildKeywordSections } from "../../../build/keyword/keyword-sections.ts";
import type { Collection } from "../../../build/keyword/options.ts";
import { readWordNet } from "../../../build/sources/wordnet.ts";
import { artifactOf } from "../../../test/support/artifact.ts";
import { codeOfLength, LENGTH_OF_CODE, TERMS_PER_BLOCK } from "../format/keyword.ts";
import type { ItemDocument } from "../format/meta.ts";
import { createCursor, cursorText, isStem, moveTo, nextTerm } from "./cursor.ts";
import { encodeTerm, findTerm, readClass, readEntry, termText } from "./dictionary.ts";
import { findFuzzy } from "./fuzzy.ts";
import { classGroup, groupTerms } from "./groups.ts";
import { type KeywordIndex, openKeywordIndex } from "./keyword-index.ts";
import { stemWord } from "./languages.ts";
import { NO_ITEM, nextPosting, openPostings, seekPosting } from "./postings.ts";
import { keywordSearch } from "./search.ts";

const documentsOf = (texts: readonly string[]): ItemDocument[] =>
  texts.map((pageContent, item) => ({ item, id: `d${item}`, pageContent, metadata: {} }));

async function sectionsOf(texts: readonly string[], collection?: Collection) {
  const options = { nItems: texts.length, ...(collection && { collection }) };
  return (await buildKeywordSections(documentsOf(texts), options)).sections;
}

/** The texts and as many others: statistics of all for an index of the first half. */
function collectionOf(texts: readonly string[]): Collection {
  const counter = countCollection({});
  for (const document of documentsOf([...texts, ...texts.map((text) => `${text} elsewhere`)]))
    counter.add(document);
  return counter.finish();
}

async function indexOf(texts: readonly string[]): Promise<KeywordIndex> {
  return openKeywordIndex(artifactOf(texts.length, await sectionsOf(texts)))!;
}

describe("layouts", () => {
  it("of before words were normalised are read, and those of later readers refused", async () => {
    const texts = ["one dog", "two cats"];
    const ofPart = await sectionsOf(texts, collectionOf(texts));
    for (const [sections, layouts] of [
      [await sectionsOf(texts), [1, 3]],
      [ofPart, [2, 4]],
    ] as const) {
      const terms = sections.find(({ name }) => name === "keywordTerms")!.bytes as Uint8Array;
      const layout = new DataView(terms.buffer, terms.byteOffset);
      for (const number of layouts) {
        layout.setUint32(0, number, true);
        const index = openKeywordIndex(artifactOf(texts.length, sections))!;
        expect(keywordSearch(index, "cat", { k: 5 }).items).toEqual([1]);
      }
      layout.setUint32(0, 5, true);
      expect(() => openKeywordIndex(artifactOf(texts.length, sections))).toThrow(/layout 5.*1 to 4/);
    }
  });
});

function wordsOf({ dictionary }: KeywordIndex): string[] {
  const cursor = createCursor(dictionary);
  const words: string[] = [];
  if (!moveTo(cursor, 0)) return words;
  do if (!isStem(cursor)) words.push(cursorText(cursor));
  while (nextTerm(cursor));
  return words;
}

const letters = fc.string({
  unit: fc.constantFrom("a", "b", "c", "é", "и", "語", "𝒳", "z"),
  minLength: 1,
  maxLength: 9,
});

describe("the dictionary", () => {
  it("finds every word that went in by its number and its name, in byte order, and no other", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.stringMatching(/^[a-dz]{1,20}$/), { maxLength: 120 }),
        async (words) => {
          const index = await indexOf([words.join(" ")]);
          const { dictionary } = index;
          expect(wordsOf(index)).toEqual([...words].sort());
          for (const word of words) {
            const term = findTerm(dictionary, encodeTerm(word));
            expect(termText(dictionary, term)).toBe(word);
            expect(readEntry(dictionary, term).documents).toBe(1);
          }
          for (const word of ["", "m", "aaaab!", "zzzzzzzzzzzzzzzzzzzzzzzz"]) {
            if (!words.includes(word)) expect(findTerm(dictionary, encodeTerm(word))).toBe(-1);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("keeps the words of a stem together, and finds them by a word that it does not have", async () => {
    const index = await indexOf(["studies studying", "studied", "student"]);
    const group = classGroup(index, { term: "study", word: "study" })!;
    expect(groupTerms(index, group).sort()).toEqual(["studied", "studies", "studying"]);
    expect(group.documents).toBe(2);
    const term = findTerm(index.dictionary, encodeTerm("studied"));
    expect(readClass(index.dictionary, term).map((entry) => entry.documents)).toEqual([1, 1, 1]);
  });

  it("joins exactly the words that share a stem", async () => {
    const words =
      "run runs running runner ran news new newer cat cats bus buses busing skies sky skis ski".split(" ");
    const index = await indexOf([words.join(" ")]);
    for (const word of words) {
      const group = classGroup(index, { term: word, word })!;
      const same = words.filter((other) => stemWord("en", other) === stemWord("en", word));
      expect(groupTerms(index, group).sort()).toEqual(same.sort());
    }
  });
});

/** Optimal string alignment distance, over the whole table. */
function distance(a: string[], b: string[]): number {
  const d = a.map(() => b.map(() => 0));
  const at = (i: number, j: number): number => (i === 0 ? j : j === 0 ? i : d[i - 1]![j - 1]!);
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, at(i - 2, j - 2) + 1);
      d[i - 1]![j - 1] = best;
    }
  }
  return at(a.length, b.length);
}

describe("findFuzzy", () => {
  it("finds the words within the edits asked for, and only those, in any script", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(letters, { minLength: 1, maxLength: 200 }),
        letters,
        fc.constantFrom(1, 2),
        fc.boolean(),
        async (texts, wanted, edits, sameFirst) => {
          const index = await indexOf([texts.join(" ")]);
          const expected = wordsOf(index)
            .map((word) => [word, distance([...word], [...wanted])] as const)
            .filter(([word, d]) => d <= edits && (!sameFirst || [...word][0] === [...wanted][0]));
          const found = findFuzzy(index.dictionary, wanted, edits, sameFirst).map(
            (m) => [m.text, m.distance] as const,
          );
          expect(found).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("postings", () => {
  it("are read, skipped and counted as they were written", async () => {
    const texts = Array.from({ length: 3000 }, (_, i) => (i % 7 < 3 ? "often ".repeat(1 + (i % 300)) : "x"));
    const index = await indexOf(texts);
    const entry = readEntry(index.dictionary, findTerm(index.dictionary, encodeTerm("often")));
    const expected = texts.flatMap((text, item) => (text === "x" ? [] : [[item, 1 + (item % 300)]]));
    const read: number[][] = [];
    for (const p = openPostings(index, entry); p.item !== NO_ITEM; nextPosting(p))
      read.push([p.item, p.units]);
    expect(read).toEqual(expected);
    for (const step of [1, 5, 129, 400, 2999]) {
      const cursor = openPostings(index, entry);
      for (let item = 0; item < 3200; item += step) {
        seekPosting(cursor, item);
        const next = expected.find(([i]) => i! >= item);
        expect([cursor.item, next ? cursor.units : 0]).toEqual(next ?? [NO_ITEM, 0]);
      }
    }
  });
});

describe("lengths of documents", () => {
  it("are kept in a byte, exactly below 64 and never more than an eighth too short", () => {
    for (const length of [0, 1, 63]) expect(LENGTH_OF_CODE[codeOfLength(length)]).toBe(length);
    for (let length = 64; length < 1e9; length *= 1.013) {
      const kept = LENGTH_OF_CODE[codeOfLength(length)]!;
      expect(kept).toBeLessThanOrEqual(length);
      expect(kept).toBeGreaterThan(length * (8 / 9) - 1);
    }
    expect(codeOfLength(1e300)).toBe(255);
  });
});

describe("openKeywordIndex", () => {
  const TEXTS = [
    ...Array.from(
      { length: 300 },
      (_, i) => `common word number${i} ${i % 2 ? "studies of cats" : "getElementById"}`,
    ),
    'a "quoted" text, naïve and long: supercalifragilisticexpialidocious',
  ];
  const QUERIES = [
    "common studying",
    '"common word" -cats',
    "numbre2",
    "getElementById",
    "supercalifragilistik",
    "num",
  ];

  const use = (index: KeywordIndex) => {
    for (const query of QUERIES) keywordSearch(index, query, { k: 5 });
  };

  it("tells how frequent words are in a collection of which it holds a part", async () => {
    const index = openKeywordIndex(artifactOf(TEXTS.length, await sectionsOf(TEXTS, collectionOf(TEXTS))))!;
    expect(index).toMatchObject({ nDocuments: TEXTS.length, collectionDocuments: 2 * TEXTS.length });
    for (const word of wordsOf(index)) {
      const entry = readEntry(index.dictionary, findTerm(index.dictionary, encodeTerm(word)));
      expect(entry.total, word).toBe(2 * entry.documents);
      expect(entry.classTotal, word).toBe(2 * entry.classDocuments);
    }
  });

  it.each([
    ["alone", undefined],
    ["part of a collection", collectionOf],
  ] as const)(
    "answers damage anywhere with a typed error or an answer, and goes on answering (%s)",
    async (_, part) => {
      const sections = await sectionsOf(TEXTS, part?.(TEXTS));
      const total = sections.reduce((sum, s) => sum + s.bytes.length, 0);
      fc.assert(
        fc.property(fc.nat(total - 1), fc.nat(255), fc.nat(3), (place, byte, more) => {
          let at = place;
          const damaged = sections.map((section) => {
            const bytes = section.bytes.slice();
            for (let i = 0; i <= more; i++) {
              if (at + i >= 0 && at + i < bytes.length) bytes[at + i] = (byte * (i + 1)) & 0xff;
            }
            at -= bytes.length;
            return { ...section, bytes };
          });
          try {
            use(openKeywordIndex(artifactOf(TEXTS.length, damaged))!);
          } catch (error) {
            expect(error).toMatchObject({ code: "CORRUPT_KEYWORDS" });
          }
        }),
        { numRuns: 1500 },
      );
    },
  );

  it("refuses sections that are cut off, missing, or another index's", async () => {
    const sections = await sectionsOf(TEXTS);
    const corrupt = expect.objectContaining({ code: "CORRUPT_KEYWORDS" });
    for (const [i, section] of sections.entries()) {
      for (const part of [0, 0.3, 0.99]) {
        const bytes = section.bytes.slice(0, Math.floor(section.bytes.length * part));
        const cut = sections.map((other, j) => (i === j ? { ...section, bytes } : other));
        expect(() => openKeywordIndex(artifactOf(TEXTS.length, cut)), section.name).toThrow(corrupt);
      }
    }
    expect(() => openKeywordIndex(artifactOf(TEXTS.length + 1, sections))).toThrow(corrupt);
    const missing = expect.objectContaining({ code: "MISSING_SECTION" });
    expect(() => openKeywordIndex(artifactOf(TEXTS.length, sections.slice(0, 2)))).toThrow(missing);
    expect(openKeywordIndex(artifactOf(TEXTS.length, []))).toBeUndefined();
  });

  it("does without positions that the file leaves out", async () => {
    const sections = (await sectionsOf(TEXTS)).filter((section) => section.name !== "keywordPositions");
    const index = openKeywordIndex(artifactOf(TEXTS.length, sections))!;
    expect(index.positions).toBeUndefined();
    // Both words, in either order.
    expect(keywordSearch(index, '"word common"', { k: 1 }).items).toEqual(
      keywordSearch(index, '"common word"', { k: 1 }).items,
    );
  });

  it("reads no more than the header and the ends of its tables", async () => {
    const sections = await sectionsOf(TEXTS);
    // Everything else may be anything: it is looked at when a search comes to it.
    const wiped = sections.map((section) => {
      const bytes = section.bytes.slice();
      if (section.name === "keywordTerms") {
        const { dictionary } = openKeywordIndex(artifactOf(TEXTS.length, sections))!;
        bytes.fill(0xff, bytes.length - dictionary.bytes.length);
      } else bytes.fill(0xff);
      return { ...section, bytes };
    });
    const index = openKeywordIndex(artifactOf(TEXTS.length, wiped))!;
    expect(index.dictionary.nTerms).toBeGreaterThan(TERMS_PER_BLOCK);
    expect(() => use(index)).toThrow(expect.objectContaining({ code: "CORRUPT_KEYWORDS" }));
  });
});

describe("buildKeywordSections", () => {
  it("gives the same bytes for the same documents", async () => {
    const texts = ["b a c", "c a", "naïve naive Naïve", ""];
    expect(await sectionsOf(texts)).toEqual(await sectionsOf(texts));
  });

  it("refuses items out of order, unknown languages and impossible weights", async () => {
    const [a, b] = documentsOf(["a", "b"]);
    const build = (documents: ItemDocument[], options = {}) =>
      buildKeywordSections(documents, { nItems: 2, ...options });
    await expect(build([b!, a!])).rejects.toMatchObject({ code: "ITEMS_OUT_OF_ORDER" });
    await expect(build([{ ...a!, item: 2 }])).rejects.toMatchObject({ code: "ITEMS_OUT_OF_ORDER" });
    await expect(build([a!], { language: "xx" })).rejects.toMatchObject({ code: "UNKNOWN_LANGUAGE" });
    await expect(build([a!], { fields: { title: -1 } })).rejects.toMatchObject({
      code: "INVALID_FIELD_WEIGHT",
    });
  });

  it("indexes metadata by dotted paths, and the elements of lists", async () => {
    const document: ItemDocument = {
      item: 0,
      id: "",
      pageContent: "",
      metadata: { book: { title: "Moby Dick" }, tags: ["sea", "whale"], year: 1851, "dotted.name": "yes" },
    };
    const fields = { "book.title": 1, tags: 1, year: 1, "dotted.name": 1, absent: 1 };
    const { sections } = await buildKeywordSections([document], { nItems: 1, fields });
    const index = openKeywordIndex(artifactOf(1, sections))!;
    for (const query of ["moby", "whale", "1851", "yes"]) {
      expect(keywordSearch(index, query, { k: 1 }).items, query).toEqual([0]);
    }
    expect(keywordSearch(index, '"sea whale"', { k: 1 }).items).toEqual([]);
  });
});

describe("misspelled words", () => {
  it("find their document among the first ten for at least 95 of 100 one-edit misspellings", async () => {
    const documents: ItemDocument[] = [];
    let read = 0;
    for await (const document of readWordNet()) {
      // Every sixth of them, over all parts of speech: 27,000 words.
      if (read++ % 6 === 0) documents.push({ ...document, item: documents.length });
    }
    const { sections } = await buildKeywordSections(documents, {
      nItems: documents.length,
      positions: false,
    });
    const index = openKeywordIndex(artifactOf(documents.length, sections))!;
    const words = wordsOf(index).filter((word) => /^[a-z]{4,}$/.test(word));
    let state = 1;
    const random = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    let found = 0;
    const tries = 800;
    for (let i = 0; i < tries; i++) {
      const word = words[random(words.length)]!;
      const hits = keywordSearch(index, misspell(word, random), { k: 10 }).items;
      const entry = readEntry(index.dictionary, findTerm(index.dictionary, encodeTerm(word)));
      const holding = new Set<number>();
      for (const p = openPostings(index, entry); p.item !== NO_ITEM; nextPosting(p)) holding.add(p.item);
      if (hits.some((item) => holding.has(item))) found++;
    }
    expect(found / tries).toBeGreaterThanOrEqual(0.95);
  });
});

function misspell(word: string, random: (below: number) => number): string {
  const letter = () => String.fromCharCode(97 + random(26));
  const at = random(word.length);
  const kind = random(4);
  let wrong = word;
  if (kind === 0) wrong = word.slice(0, at) + word.slice(at + 1);
  else if (kind === 1) wrong = word.slice(0, at) + letter() + word.slice(at);
  else if (kind === 2) wrong = word.slice(0, at) + letter() + word.slice(at + 1);
  else wrong = word.slice(0, at) + (word[at + 1] ?? "") + word[at]! + word.slice(at + 2);
  return wrong === word ? misspell(word, random) : wrong;
}
