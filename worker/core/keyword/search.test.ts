import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildKeywordSections } from "../../../build/keyword/keyword-sections.ts";
import type { KeywordOptions } from "../../../build/keyword/options.ts";
import { artifactOf } from "../../../test/support/artifact.ts";
import { codeOfLength, LENGTH_OF_CODE } from "../format/keyword.ts";
import type { ItemDocument } from "../format/meta.ts";
import { INFLECTION_SHARE } from "./bm25.ts";
import { expandWords, foundTerms, tellingTerms } from "./expanded-query.ts";
import { type KeywordIndex, openKeywordIndex } from "./keyword-index.ts";
import { stemWord } from "./languages.ts";
import { containsPhrase, parseKeywordQuery, termsInOrder } from "./query.ts";
import { keywordSearch, matchingItems } from "./search.ts";
import { spelledWords } from "./spelling.ts";
import { tokenize } from "./tokenize.ts";

const documentsOf = (texts: readonly string[]): ItemDocument[] =>
  texts.map((pageContent, item) => ({ item, id: `d${item}`, pageContent, metadata: {} }));

async function indexOf(
  documents: readonly ItemDocument[],
  options: Partial<KeywordOptions> = {},
): Promise<KeywordIndex> {
  const nItems = (documents.at(-1)?.item ?? -1) + 1;
  const { sections } = await buildKeywordSections(documents, { nItems, ...options });
  return openKeywordIndex(artifactOf(nItems, sections))!;
}

const found = (index: KeywordIndex, text: string, k = 10) => keywordSearch(index, text, { k }).items;

/** BM25 as in the books, over plain maps: the words of English documents, their inflections by the stemmer. */
function reference(
  documents: readonly ItemDocument[],
  fields: Readonly<Record<string, number>>,
  query: string,
  accept: (item: number) => boolean,
): { item: number; score: number }[] {
  const counts = documents.map(({ pageContent, metadata }) => {
    const terms = new Map<string, number>();
    let length = 0;
    for (const [field, weight] of Object.entries(fields)) {
      const text = field === "pageContent" ? pageContent : (metadata[field] as string | undefined);
      for (const { term } of tokenize(text ?? "", "en")) {
        terms.set(term, (terms.get(term) ?? 0) + weight);
        length += weight;
      }
    }
    return { terms, length };
  });
  const average = counts.reduce((sum, { length }) => sum + length, 0) / counts.length;
  const words = new Set(counts.flatMap(({ terms }) => [...terms.keys()]));
  const scores = new Array<number>(documents.length).fill(0);
  for (const { term } of tokenize(query, "en")) {
    const share = (word: string) => (word === term || !words.has(term) ? 1 : INFLECTION_SHARE);
    const same = [...words].filter((word) => stemWord("en", word) === stemWord("en", term));
    const holding = counts.filter(({ terms }) => same.some((word) => terms.has(word))).length;
    const idf = Math.log(1 + (documents.length - holding + 0.5) / (holding + 0.5));
    for (const [item, { terms, length }] of counts.entries()) {
      const times = same.reduce((sum, word) => sum + (terms.get(word) ?? 0) * share(word), 0);
      const rounded = LENGTH_OF_CODE[codeOfLength(length)]!;
      const norm = 1.2 * (1 - 0.75 + (0.75 * rounded) / average);
      scores[item]! += times === 0 ? 0 : (idf * times * 2.2) / (times + norm);
    }
  }
  return scores
    .map((score, item) => ({ item, score }))
    .filter(({ item, score }) => score > 0 && accept(item))
    .sort((x, y) => y.score - x.score || x.item - y.item);
}

const VOCABULARY =
  "run running runs runner cat cats dog fish fishes fishing the of a house houses tree".split(" ");

describe("keywordSearch", () => {
  it("scores as a plain reference implementation does, whatever the documents, weights and filter", async () => {
    const text = fc.array(fc.constantFrom(...VOCABULARY), { maxLength: 90 }).map((words) => words.join(" "));
    const document = fc.record({ pageContent: text, title: text });
    await fc.assert(
      fc.asyncProperty(
        fc.array(document, { minLength: 12, maxLength: 60 }),
        fc.uniqueArray(fc.constantFrom(...VOCABULARY), { minLength: 1, maxLength: 5 }),
        fc.constantFrom(1, 2, 3.5, 0.125),
        fc.constantFrom(1, 2, 3),
        fc.integer({ min: 1, max: 10 }),
        async (list, words, weight, step, k) => {
          const documents = list.map(
            ({ pageContent, title }, item): ItemDocument => ({
              item,
              id: "",
              pageContent,
              metadata: { title },
            }),
          );
          const fields = { pageContent: 1, title: weight };
          const index = await indexOf(documents, { fields });
          const accept = (item: number) => item % step === 0;
          const query = words.join(" ");
          const expected = reference(documents, fields, query, accept);
          // With fewer than ten, or for words that the index does not have, near words join in.
          fc.pre(expected.length >= 10);
          const known = new Set(documents.flatMap((d) => `${d.pageContent} ${d.metadata.title}`.split(" ")));
          fc.pre(words.every((word) => known.has(word)));
          const { items, scores, bound } = keywordSearch(index, query, { k, accept });
          expect(items.length).toBe(k);
          for (const [i, score] of scores.entries()) {
            expect(score).toBeCloseTo(expected[i]!.score, 4);
            expect(score).toBeCloseTo(expected.find(({ item }) => item === items[i])!.score, 4);
            expect(score).toBeLessThanOrEqual(bound);
          }
          expect(new Set(items).size).toBe(k);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("finds the same over many windows, long lists and words that are passed over", async () => {
    const random = fc.sample(fc.noShrink(fc.infiniteStream(fc.nat(9999))), { seed: 3, numRuns: 1 })[0]!;
    const next = () => random.next().value as number;
    const frequencies: [string, number][] = [
      ["the", 9000],
      ["house", 4000],
      ["houses", 1500],
      ["cat", 300],
      ["unicorn", 4],
    ];
    const texts = Array.from({ length: 20_000 }, () =>
      frequencies.flatMap(([word, of]) => (next() < of ? Array(1 + (next() % 3)).fill(word) : [])).join(" "),
    );
    const documents = documentsOf(texts);
    const index = await indexOf(documents, { positions: false });
    for (const query of ["unicorn the house", "cat the", "the house cat unicorn", "houses", "the"]) {
      const accept = (item: number) => item % 3 !== 0;
      const expected = reference(documents, { pageContent: 1 }, query, accept).slice(0, 25);
      const { items, scores } = keywordSearch(index, query, { k: 25, accept });
      expect(items.length).toBe(25);
      for (const [i, { score }] of expected.entries()) expect(scores[i]).toBeCloseTo(score, 4);
      // Equal scores are in item order; sums of floats may part what is equal on paper, so items are compared as sets.
      const last = expected.at(-1)!.score;
      const sure = expected.filter(({ score }) => score > last + 1e-4).map(({ item }) => item);
      expect(items).toEqual(expect.arrayContaining(sure));
    }
  });

  it("finds codes as they are written, by their parts, and in another writing", async () => {
    const index = await indexOf(
      documentsOf([
        "Call getElementById on the document.",
        "The header X-Forwarded-For names the client.",
        "Error ERR_SSL_PROTOCOL_ERROR of version 1.2.3",
        "elements are found by an id on any document of the client for a header and a version",
        "Programs in C++ and in C#",
      ]),
    );
    expect(found(index, "getElementById")[0]).toBe(0);
    expect(found(index, "getelementbyid")[0]).toBe(0);
    expect(found(index, "x-forwarded-for")[0]).toBe(1);
    expect(found(index, "forwarded")).toEqual([1]);
    expect(found(index, "err_ssl_protocol_error")[0]).toBe(2);
    expect(found(index, '"1.2.3"')).toEqual([2]);
    expect(found(index, "c++")[0]).toBe(4);
  });

  it("finds a word whatever its accents and inflection, its own form first", async () => {
    const index = await indexOf(documentsOf(["two cafés", "one café", "runs far", "running far", "run far"]));
    expect(found(index, "cafe").sort()).toEqual([0, 1]);
    expect(found(index, "RÚNNING")).toEqual([3, 2, 4]);
  });

  it("stems in the language of the index", async () => {
    const texts = ["die Häuser am Meer", "ein Haus", "etwas anderes"];
    expect(found(await indexOf(documentsOf(texts), { language: "de" }), "Hauses").sort()).toEqual([0, 1]);
    expect(found(await indexOf(documentsOf(texts), { language: "none" }), "haus", 1)).toEqual([1]);
  });

  it("completes the last word while it is being typed", async () => {
    const index = await indexOf(
      documentsOf(["photosynthesis", "a photo", "photographs", "nothing", "phantom"]),
    );
    expect(found(index, "photosyn")).toEqual([0]);
    expect(found(index, "phot").sort()).toEqual([0, 1, 2]);
    expect(found(index, "photo")[0]).toBe(1);
    expect(keywordSearch(index, "photo", { k: 3, prefix: true }).items).toHaveLength(3);
    expect(found(index, "phot ")).not.toContain(0);
    const codes = await indexOf(documentsOf(["getElementById", "get a thing"]));
    expect(found(codes, "getElem")[0]).toBe(0);
  });

  it("holds quoted words to their order, with positions and by looking into the text", async () => {
    const texts = ["the art of war", "war of the art", "state-of-the-art", "art", "the art of peace, of war"];
    const index = await indexOf(documentsOf(texts));
    expect(found(index, '"art of war"')).toEqual([0]);
    expect(found(index, '"the art"').sort()).toEqual([0, 1, 2, 4]);
    expect(found(index, '"state of the art"')).toEqual([2]);
    expect(found(index, '"art of peas"')).toEqual([]);
    expect(found(index, '"of war" -peace')).toEqual([0]);
    for (const quoted of ["“art of war”", "„art of war“", "„art of war”", "«art of war»"]) {
      expect(found(index, quoted), quoted).toEqual([0]);
      expect(found(index, `art -${quoted}`), quoted).not.toContain(0);
    }
    expect(found(index, "«art of war").sort()).toEqual(found(index, "art of war").sort());

    const bare = await indexOf(documentsOf(texts), { positions: false });
    const { items } = keywordSearch(bare, '"art of war"', { k: 5 });
    expect(items.sort()).toEqual([0, 1, 4]);
    const held = items.filter((item) =>
      containsPhrase(termsInOrder(tokenize(texts[item]!, "en")), ["art", "of", "war"]),
    );
    expect(held).toEqual([0]);
  });

  it("agrees with a plain look at the words about every phrase", async () => {
    const words = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(words, { minLength: 1, maxLength: 300 }),
        fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 }),
        async (lists, phrase) => {
          const index = await indexOf(documentsOf(lists.map((list) => list.join(" "))));
          const expected = lists.flatMap((list, item) =>
            ` ${list.join(" ")} `.includes(` ${phrase.join(" ")} `) ? [item] : [],
          );
          const items = found(index, `"${phrase.join(" ")}"`, 300);
          expect(items.sort((x, y) => x - y)).toEqual(expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("does not let a phrase reach from one field into the next", async () => {
    const documents = documentsOf(["gold mine", "mine"]).map((d) => ({
      ...d,
      metadata: { title: "fools gold" },
    }));
    const index = await indexOf(documents);
    expect(found(index, '"gold mine"')).toEqual([0]);
    expect(found(index, '"gold gold"')).toEqual([]);
  });

  it("searches for what stands behind a minus where it is no exclusion", async () => {
    const index = await indexOf(
      documentsOf([
        "git commit -m message records changes with a message",
        "git log shows commits",
        "tar -xzf a.tar.gz unpacks",
        "zip unpacks",
        "below -5 degrees it is cold",
        "above 40 degrees it is warm",
        "java -jar app.jar starts it",
        "java is an island, and a jar of coffee",
        "find . -name '*.txt' lists files by name",
      ]),
    );
    // Options of a letter or two, numbers, and what a document has with its minus.
    for (const [query, first] of [
      ["git commit -m", 0],
      ["tar -xzf", 2],
      ["-5 degrees", 4],
      ["−5 degrees", 4],
      ["java -jar", 6],
      ["find . -name file", 8],
      ["records changes -mz with a message", 0],
    ] as const) {
      expect([query, found(index, query)[0]]).toEqual([query, first]);
    }
    // Nothing has it so: it is what a person means.
    expect(found(index, "java -coffee")).toEqual([6]);
    expect(found(index, 'java -"app jar"')).toEqual([7]);
  });

  it("corrects no number to another one, and completes none that is not being typed", async () => {
    const index = await indexOf(
      documentsOf([
        "error 5031",
        "error 5042",
        "report 2021",
        "iphone14 review",
        "version 1.22",
        "year 20 27",
      ]),
    );
    for (const query of ["5041", "50311", "503", "2027", "iphone13", "2031", "1.23", "20.28"]) {
      expect([query, found(index, query)]).toEqual([query, []]);
    }
    expect(found(index, "5031")).toEqual([0]);
    expect(found(index, "1.22")).toEqual([4]);
    expect(found(index, "20.27")).toEqual([5]);
    expect(found(index, "iphnoe14")).toEqual([3]);
    expect(keywordSearch(index, "503", { k: 10, prefix: true }).items).toEqual([0]);
  });

  it("finds words and emoji however they were set", async () => {
    const index = await indexOf(
      documentsOf([
        "Reise\u00adkosten\u00adabrechnung",
        "ｶﾞｲﾄﾞ",
        "كتاب محـــمد",
        "we ship 🚀 now",
        "👍🏽 done",
      ]),
    );
    for (const [query, item] of [
      ["Reisekostenabrechnung", 0],
      ['"Reisekostenabrechnung"', 0],
      ["ガイド", 1],
      ["カ\u3099イト\u3099", 1],
      ["محمد", 2],
      ["🚀", 3],
      ['"ship 🚀 now"', 3],
      ["👍", 4],
    ] as const) {
      expect([query, found(index, query)]).toEqual([query, [item]]);
    }
  });

  it("leaves out what stands behind a minus", async () => {
    const index = await indexOf(
      documentsOf(["dog cat", "dog", "dogs and cats", "a black cat", "dog-eared cat"]),
    );
    expect(found(index, "dog -cat")).toEqual([1]);
    expect(found(index, 'cat -"black cat"').sort()).toEqual([0, 2, 4]);
    expect(found(index, "cat -dog-eared").sort()).toEqual([0, 2, 3]);
    expect(found(index, "-cat")).toEqual([]);
    expect(found(index, "dog --cat").length).toBe(5);
  });

  it("finds misspelled words, words written as one, and nothing for nonsense", async () => {
    const index = await indexOf(
      documentsOf(["received the letter", "machine learning", "unrelated words here"]),
    );
    expect(found(index, "recieved")).toEqual([0]);
    expect(found(index, "lettre")).toEqual([0]);
    expect(found(index, "machinelearning")).toEqual([1]);
    expect(found(index, "machne lerning")).toEqual([1]);
    expect(found(index, "qqqqqqq zzzzzzz")).toEqual([]);
  });

  it("takes a misspelled word for the likeliest near one, though many documents have it", async () => {
    const texts = Array.from({ length: 900 }, (_, i) => `the form ${i}${i % 3 === 0 ? " of a commit" : ""}`);
    const index = await indexOf(documentsOf([...texts, "omit", "omit", "letters", "better", "from", "from"]));
    const corrected = (text: string) => spelledWords(index, parseKeywordQuery(text, "en"), {})[0]?.near?.text;
    expect(corrected("comit")).toBe("commit");
    expect(found(index, "comit").some((item) => item < 900)).toBe(true);
    // The first letter is right mostly; letters are swapped and doubled more often than mistaken.
    expect(corrected("lettres")).toBe("letters");
    expect(corrected("bettre")).toBe("better");
    expect(corrected("fomr")).toBe("form");
  });

  it("answers an empty index, an empty query and one of signs with nothing", async () => {
    const empty = await indexOf([]);
    expect(found(empty, "word")).toEqual([]);
    const index = await indexOf(documentsOf(["", "a word"]));
    for (const query of ["", "   ", '"', '""', "-", "!!! ???", "\ud800", '-""'])
      expect(found(index, query)).toEqual([]);
  });

  it("survives any text as a query", async () => {
    const index = await indexOf(documentsOf(["a word", "two words", "x-y z", "日本語のテキスト"]));
    const operators = fc.constantFrom('"', "-", " ", "word", "x-y", "日本", "𝕏", "w\u0301");
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.array(operators).map((a) => a.join("")),
        ),
        (query) => {
          const { items, scores } = keywordSearch(index, query, { k: 3 });
          expect(items.length).toBe(scores.length);
          expect(new Set(items).size).toBe(items.length);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("bounds the work of an endless query", async () => {
    const index = await indexOf(documentsOf(["a word"]));
    const query = parseKeywordQuery(`${"abcdefg".repeat(3)} `.repeat(5000) + '"a b" '.repeat(5000), "en");
    expect(query.words.length).toBeLessThanOrEqual(128);
    expect(query.phrases).toEqual([["a", "b"]]);
    expect(found(index, "word ".repeat(1600))).toEqual([0]);
  });

  it("leaves no trace of a search that failed", async () => {
    const index = await indexOf(documentsOf(["one word", "two words", "three"]));
    const before = keywordSearch(index, "word", { k: 3 });
    const fail = () => {
      throw new Error("no");
    };
    expect(() => keywordSearch(index, "word three", { k: 3, accept: fail })).toThrow("no");
    expect(keywordSearch(index, "word", { k: 3 })).toEqual(before);
  });

  it("knows what counts as found of a misspelled word", async () => {
    const index = await indexOf(documentsOf(["one word", "two words", "three"]));
    const expanded = expandWords(index, parseKeywordQuery("wrd", "en"));
    expect(expanded.groups).not.toEqual([]);
    expect(tellingTerms(foundTerms(index, expanded))).toEqual(new Set(["word", "words"]));
  });

  it("marks all items that hold a word, as many as there are, whatever the search's k", async () => {
    const texts = fc.array(
      fc.array(fc.constantFrom("ant", "bee", "cat", "dog", "eel"), { minLength: 1, maxLength: 3 }),
      { minLength: 1, maxLength: 70 },
    );
    const queries = fc.constantFrom("ant", "ant bee", "ant -bee", '"ant bee"', '"ant bee" -cat', "-ant");
    await fc.assert(
      fc.asyncProperty(texts, queries, async (words, query) => {
        const index = await indexOf(documentsOf(words.map((w) => w.join(" "))));
        const bits = matchingItems(index, expandWords(index, parseKeywordQuery(query, "en")));
        const marked = words.flatMap((_, item) =>
          ((bits[item >>> 5]! >>> (item & 31)) & 1) === 1 ? [item] : [],
        );
        const asked = parseKeywordQuery(query, "en");
        const expected = words.flatMap((held, item) => {
          const has = (term: string) => held.some((word) => word === term);
          const phrases = asked.phrases.every((phrase) => containsPhrase(held, phrase));
          const passes = phrases && !asked.excluded.some(({ token }) => has(token.term));
          return passes && asked.words.some(({ term }) => has(term)) ? [item] : [];
        });
        const common = asked.words.some(
          ({ term }) =>
            words.filter((held) => held.some((word) => word === term)).length > words.length * 0.3,
        );
        // Words that nearly all documents hold tell nothing: with them, what is marked may be less.
        if (common) expect(expected).toEqual(expect.arrayContaining(marked));
        else expect(marked).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it("passes over items without documents", async () => {
    const [first, second] = documentsOf(["a word", "a word"]);
    const index = await indexOf([
      { ...first!, item: 3 },
      { ...second!, item: 9000 },
    ]);
    expect(found(index, "word")).toEqual([3, 9000]);
  });
});
