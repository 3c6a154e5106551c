import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LANGUAGES, stemWord } from "./languages.ts";
import { foldWord, MAX_TERM_LENGTH, tokenize } from "./tokenize.ts";

const terms = (text: string, language: "en" | "fr" | "none" = "en") =>
  tokenize(text, language).map((token) => token.term);

describe("tokenize", () => {
  it("folds case, accents and compatibility forms", () => {
    expect(terms("The Café's naïve ŁÓDŹ Straße, ﬁne ＦＵＬＬ")).toEqual([
      "the",
      "cafe",
      "naive",
      "lodz",
      "strasse",
      "fine",
      "full",
    ]);
  });

  it("gives the parts of a code and then the whole of it", () => {
    expect(terms("getElementById")).toEqual(["get", "element", "by", "id", "getelementbyid"]);
    expect(terms("x-forwarded-for")).toEqual(["x", "forwarded", "for", "xforwardedfor"]);
    expect(terms("XMLHttpRequest")).toEqual(["xml", "http", "request", "xmlhttprequest"]);
    expect(terms("snake_case_name")).toEqual(["snake", "case", "name", "snakecasename"]);
    expect(terms("node.js")).toEqual(["node", "js", "nodejs"]);
    expect(terms("utf-8 UTF8")).toEqual(["utf", "8", "utf8", "utf8"]);
  });

  it("keeps apart numbers that differ in their sign alone", () => {
    expect(terms("1.23").at(-1)).not.toBe(terms("12.3").at(-1));
    expect(terms("2024-01-31").at(-1)).toBe("2024-01-31");
  });

  it("keeps the signs of C++ and C#, and no others", () => {
    expect(terms("C++ and C# but plus+ and hash#")).toEqual([
      "c++",
      "and",
      "c#",
      "but",
      "plus",
      "and",
      "hash",
    ]);
  });

  it("takes plurals of capitals, possessives and contractions for single words", () => {
    expect(terms("PDFs don't president’s we'll")).toEqual(["pdfs", "dont", "president", "well"]);
    expect(terms("l'avion", "fr")).toEqual(["l", "avion", "lavion"]);
  });

  it("splits scripts without blanks into pairs of characters", () => {
    expect(terms("東京都 is 東")).toEqual(["東京", "京都", "is", "東"]);
  });

  it("takes no notice of characters that only set or join a word", () => {
    const same: [string, string][] = [
      ["Reise\u00adkosten\u00adabrechnung", "Reisekostenabrechnung"],
      ["re\u200bplace\ufeffment", "replacement"],
      ["java.\u200blang.\u200bString", "java.lang.String"],
      ["\u200eleft\u200f", "left"],
      ["محـــمد", "محمد"],
      ["می\u200cخواهم", "میخواهم"],
      ["क्\u200dष", "क्ष"],
      ["1\ufe0f\u20e3", "1"],
      ["ﻣﺤﻤﺪ", "محمد"],
    ];
    for (const [given, plain] of same) expect([given, terms(given)]).toEqual([given, terms(plain)]);
    expect(terms("\u00ad \u200b\u200d \ufe0f")).toEqual([]);
  });

  it("brings text to its normal form before it is cut", () => {
    const same: [string, string][] = [
      ["ｶﾞｲﾄﾞ", "ガイド"],
      ["カ\u3099イト\u3099", "ガイド"],
      ["Ｃ＋＋ ＰＤＦｓ ｅ－ｍａｉｌ", "C++ PDFs e-mail"],
      ["Cafe\u0301", "Café"],
      ["한국어".normalize("NFD"), "한국어"],
      ["20℃ 5㎏ ㈱", "20°C 5kg (株)"],
    ];
    for (const [given, plain] of same) expect([given, terms(given)]).toEqual([given, terms(plain)]);
  });

  it("says of a normalised word where it stands in the text", () => {
    const text = "Die Reise\u00adkosten, ｶﾞｲﾄﾞ.";
    const at = tokenize(text, "none").map(({ term, start, end }) => [term, text.slice(start, end)]);
    expect(at).toEqual([
      ["die", "Die"],
      ["reisekosten", "Reise\u00adkosten"],
      ["ガイ", "ｶﾞｲ"],
      ["イド", "ｲﾄﾞ"],
    ]);
  });

  it("takes emoji for words, flags whole, of any tone", () => {
    expect(terms("ship it 🚀🎉!")).toEqual(["ship", "it", "🚀", "🎉"]);
    expect(terms("👍🏽 ❤️ 🇩🇪🇫🇷")).toEqual(["👍", "❤", "🇩🇪", "🇫🇷"]);
    expect(terms("👩‍💻")).toEqual(["👩", "💻"]);
    expect(terms("© 2024 Foo™ →")).toEqual(["2024", "foo"]);
  });

  it("gives options and numbers below zero with their sign, too", () => {
    expect(terms("tar -xzf a.tar")).toEqual(["tar", "xzf", "-xzf", "a", "tar", "atar"]);
    expect(terms("(--dry-run) −5 `-m`")).toEqual(["dry", "run", "dryrun", "--dry-run", "5", "-5", "m", "-m"]);
    expect(terms("a-b 1-2 ---x a -- b x.-y")).toEqual([
      "a",
      "b",
      "ab",
      "1",
      "2",
      "1-2",
      "x",
      "a",
      "b",
      "x",
      "y",
    ]);
  });

  it("keeps letters that accents make different", () => {
    expect(foldWord("й")).not.toBe(foldWord("и"));
    expect(terms("हिन्दी")).toEqual(["हिन्दी"]);
    expect(terms("한국어")).toEqual(["한국어"]);
  });

  it("puts parts one after the other and the whole where the first part is", () => {
    const tokens = tokenize("a fooBar b", "en");
    expect(tokens.map(({ term, position, kind }) => [term, position, kind])).toEqual([
      ["a", 0, "atom"],
      ["foo", 1, "part"],
      ["bar", 2, "part"],
      ["foobar", 1, "whole"],
      ["b", 3, "atom"],
    ]);
  });

  it("says where in the text each term stands, for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        let previous = 0;
        for (const token of tokenize(text, "none")) {
          expect(token.start).toBeLessThan(token.end);
          expect(token.end).toBeLessThanOrEqual(text.length);
          expect(token.term.length).toBeGreaterThan(0);
          expect(token.term.length).toBeLessThanOrEqual(MAX_TERM_LENGTH);
          expect(token.term.isWellFormed()).toBe(true);
          if (token.kind !== "whole") {
            expect(token.start).toBeGreaterThanOrEqual(previous);
            previous = token.start;
          }
        }
      }),
    );
  });

  it("takes linear time on long runs", () => {
    expect(tokenize("a-".repeat(50_000), "en").length).toBe(50_001);
    expect(tokenize("aB".repeat(50_000), "en").length).toBe(50_001 + 1);
    expect(tokenize("x".repeat(1_000_000), "en")).toHaveLength(1);
    expect(tokenize("e\u0301".repeat(300_000), "en")).toHaveLength(1);
    expect(tokenize("\u00ad".repeat(300_000), "en")).toHaveLength(0);
    expect(tokenize("a\u00ad-".repeat(30_000), "en")).toHaveLength(30_001);
    expect(tokenize("🇩".repeat(100_000), "en")).toHaveLength(50_000);
  });
});

describe("stemWord", () => {
  it("brings the inflections of a word together in each language", () => {
    const pairs: [string, string, string][] = [
      ["en", "generalizations", "generalization"],
      ["de", "häusern", "häuser"],
      ["fr", "nationalités", "nationalité"],
      ["es", "naciones", "nación"],
      ["ru", "книгами", "книга"],
      ["sv", "jaktkarlarne", "jaktkarlens"],
    ];
    for (const [language, one, other] of pairs) {
      expect(stemWord(language as "en", one), one).toBe(stemWord(language as "en", other));
    }
    expect(stemWord("en", "running")).toBe("run");
    expect(stemWord("en", "inning")).toBe("inning");
    expect(stemWord("none", "running")).toBe("running");
    expect(stemWord("en", "sha256s")).toBe("sha256s");
  });

  it("never fails and never empties a word", () => {
    const letters = fc.string({ unit: fc.constantFrom(..."abcdeinrstyéüßийґ"), minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(fc.constantFrom(...LANGUAGES), letters, (language, word) => {
        expect(stemWord(language, word).length).toBeGreaterThan(0);
      }),
      { numRuns: 2000 },
    );
  });
});
