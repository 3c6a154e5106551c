import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildColumnSections, planColumns } from "../../../build/columns/column-sections.ts";
import { artifactOf } from "../../../test/support/artifact.ts";
import type { ItemDocument } from "../format/meta.ts";
import type { SearchError } from "../format/search-error.ts";
import { createWork } from "../format/work.ts";
import { type Columns, openColumns } from "./columns.ts";
import { compileParsed } from "./compile.ts";
import { facetCounts } from "./facets.ts";
import { parseFilter, parseFilterParameters } from "./parse.ts";

type Metadata = Record<string, unknown>;

function documentsOf(metadata: readonly Metadata[]): ItemDocument[] {
  return metadata.map((entry, item) => ({ item, id: `d${item}`, pageContent: "", metadata: entry }));
}

async function columnsOf(documents: readonly ItemDocument[], filterable?: string[]): Promise<Columns> {
  const nItems = (documents.at(-1)?.item ?? -1) + 1;
  const { sections } = await buildColumnSections(documents, { nItems, ...(filterable && { filterable }) });
  return openColumns(artifactOf(nItems, sections))!;
}

const compileFilter = (columns: Columns, filter: unknown) => compileParsed(columns, parseFilter(filter));

function matches(columns: Columns, filter: unknown): number[] {
  const { accept, count } = compileFilter(columns, filter);
  const items = Array.from({ length: columns.nItems }, (_, i) => i).filter(accept);
  expect(count).toBe(items.length);
  return items;
}

const BOOKS = documentsOf([
  {
    lang: "en",
    year: 1999,
    tags: ["sea", "whale"],
    print: true,
    added: "2024-01-31",
    author: { name: "Ann" },
  },
  { lang: "de", year: 2005, tags: ["sea"], print: false, added: "2024-02-29" },
  { lang: "en", year: 2020, tags: [], added: "2024-03-01", author: { name: "Bob" } },
  { lang: "fr", year: 2020.5, print: true },
  { year: null },
]);

describe("compileFilter", () => {
  it("compares strings, numbers, truth values, dates and elements of arrays", async () => {
    const columns = await columnsOf(BOOKS);
    expect(matches(columns, { lang: "en" })).toEqual([0, 2]);
    expect(matches(columns, { lang: { $ne: "en" } })).toEqual([1, 3, 4]);
    expect(matches(columns, { lang: ["de", "fr", "xx"] })).toEqual([1, 3]);
    expect(matches(columns, { lang: { nin: ["de"] } })).toEqual([0, 2, 3, 4]);
    expect(matches(columns, { lang: { gt: "de", lte: "en" } })).toEqual([0, 2]);
    expect(matches(columns, { year: { gte: 2005, lt: 2020.5 } })).toEqual([1, 2]);
    expect(matches(columns, { year: { gt: 2020 } })).toEqual([3]);
    expect(matches(columns, { year: 2020 })).toEqual([2]);
    expect(matches(columns, { print: false })).toEqual([1]);
    expect(matches(columns, { tags: "sea" })).toEqual([0, 1]);
    expect(matches(columns, { tags: { ne: "whale" } })).toEqual([1, 2, 3, 4]);
    expect(matches(columns, { added: { gt: "2024-01-31", lte: "2024-03-01T00:00:00+01:00" } })).toEqual([1]);
    expect(matches(columns, { added: { lt: Date.UTC(2024, 1, 1) } })).toEqual([0]);
    expect(matches(columns, { "author.name": "Bob" })).toEqual([2]);
  });

  it("rounds no whole number: beyond 2^53 it is text, and a field of numbers refuses it", async () => {
    const columns = await columnsOf(
      documentsOf([{ ticket: "9007199254740992", n: 1 }, { ticket: "9007199254740993" }]),
    );
    const [filter] = [{ ticket: "9007199254740993" }];
    expect(matches(columns, filter)).toEqual([1]);
    const ofUrl = (text: string) => parseFilterParameters([["filter", text]]);
    expect(matches(columns, ofUrl('{"ticket":9007199254740993}'))).toEqual([1]);
    expect(() => compileFilter(columns, ofUrl('{"n":9007199254740993}'))).toThrow(
      'Field "n" holds numbers, which do not keep the digits of 9007199254740993: it is beyond 2^53.',
    );
    expect(matches(columns, ofUrl('{"n":{"lt":9007199254740994}}'))).toEqual([0]);
    expect(matches(columns, { n: { lt: 1e300 } })).toEqual([0]);
    expect(() => parseFilter({ n: 2 ** 53 })).toThrow(/filter\.n is beyond 2\^53/);
  });

  it("tells missing values by exists and null", async () => {
    const columns = await columnsOf(BOOKS);
    expect(matches(columns, { lang: { exists: false } })).toEqual([4]);
    expect(matches(columns, { lang: { exists: true } })).toEqual([0, 1, 2, 3]);
    expect(matches(columns, { tags: { exists: true } })).toEqual([0, 1]);
    expect(matches(columns, { lang: null })).toEqual([4]);
    expect(matches(columns, { lang: { $ne: null } })).toEqual([0, 1, 2, 3]);
  });

  it("combines conditions with and, or, not, with or without a dollar", async () => {
    const columns = await columnsOf(BOOKS);
    expect(matches(columns, { lang: "en", year: 2020 })).toEqual([2]);
    expect(matches(columns, { or: [{ lang: "fr" }, { $and: [{ lang: "en" }, { tags: "sea" }] }] })).toEqual([
      0, 3,
    ]);
    expect(matches(columns, { not: { or: [{ lang: "en" }, { lang: "de" }] } })).toEqual([3, 4]);
    expect(matches(columns, {})).toEqual([0, 1, 2, 3, 4]);
    expect(matches(columns, { or: [] })).toEqual([]);
  });

  it("takes and, or and not for fields when their values say so", async () => {
    const columns = await columnsOf(
      documentsOf([
        { and: "x", not: 1 },
        { and: "y", not: 2 },
      ]),
    );
    expect(matches(columns, { and: "x" })).toEqual([0]);
    expect(matches(columns, { not: { eq: 2 } })).toEqual([1]);
    expect(matches(columns, { $not: { and: "x" } })).toEqual([1]);
  });

  it("never lets in an item without a document", async () => {
    const holes = [BOOKS[0]!, { ...BOOKS[1]!, item: 40 }];
    const columns = await columnsOf(holes);
    expect(matches(columns, { lang: { ne: "xx" } })).toEqual([0, 40]);
    expect(compileFilter(columns, { lang: { ne: "en" } }).fraction).toBe(0.5);
  });

  it("agrees with a plain evaluation of any filter on any metadata", async () => {
    const value = fc.constantFrom("a", "b", "ä", "zz", "");
    const metadata = fc.record(
      {
        s: value,
        n: fc.constantFrom(-1.5, 0, 1, 2, 1e12),
        t: fc.array(value, { maxLength: 3 }),
        b: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    const comparison = fc.constantFrom("eq", "ne", "lt", "lte", "gt", "gte");
    const test = fc.oneof(
      fc.tuple(fc.constantFrom("s", "t"), comparison, value),
      fc.tuple(fc.constant("n"), comparison, fc.constantFrom(-2, 0, 1, 1.5, 2, 1e13)),
      fc.tuple(fc.constant("b"), fc.constantFrom("eq", "ne"), fc.boolean()),
      fc.tuple(fc.constantFrom("s", "t"), fc.constantFrom("in", "nin"), fc.array(value, { maxLength: 3 })),
      fc.tuple(fc.constantFrom("s", "n", "t", "b"), fc.constant("exists"), fc.boolean()),
    );
    const { filter } = fc.letrec<{ filter: object }>((tie) => ({
      filter: fc.oneof(
        { maxDepth: 4 },
        test.map(([field, op, operand]) => ({ [field]: { [op]: operand } })),
        fc.array(tie("filter"), { maxLength: 3 }).map((and) => ({ and })),
        fc.array(tie("filter"), { maxLength: 3 }).map(($or) => ({ $or })),
        tie("filter").map(($not) => ({ $not })),
      ),
    }));
    const base = { s: "a", n: 0, t: ["b", "b2"], b: true };
    await fc.assert(
      fc.asyncProperty(fc.array(metadata, { maxLength: 70 }), filter, async (list, condition) => {
        const all = [base, ...list];
        const columns = await columnsOf(documentsOf(all));
        const expected = all.flatMap((entry, item) => (plain(entry, condition) ? [item] : []));
        expect(matches(columns, condition)).toEqual(expected);
      }),
    );
  });
});

/** The semantics in the plainest words. */
function plain(metadata: Metadata, filter: object): boolean {
  return Object.entries(filter).every(([key, value]) => {
    if (key === "and") return value.every((f: object) => plain(metadata, f));
    if (key === "$or") return value.some((f: object) => plain(metadata, f));
    if (key === "$not") return !plain(metadata, value);
    const held = [metadata[key] ?? []].flat() as (string | number | boolean)[];
    const [[op, operand]] = Object.entries(value) as [[string, never]];
    const less = (x: string | number | boolean, y: string | number | boolean) =>
      typeof x === "string" ? Buffer.compare(Buffer.from(x), Buffer.from(y as string)) < 0 : x < y;
    if (op === "exists") return held.length > 0 === operand;
    if (op === "eq") return held.some((x) => x === operand);
    if (op === "ne") return !held.some((x) => x === operand);
    if (op === "in") return held.some((x) => (operand as unknown[]).includes(x));
    if (op === "nin") return !held.some((x) => (operand as unknown[]).includes(x));
    if (op === "lt") return held.some((x) => less(x, operand));
    if (op === "lte") return held.some((x) => less(x, operand) || x === operand);
    if (op === "gt") return held.some((x) => less(operand, x));
    return held.some((x) => less(operand, x) || x === operand);
  });
}

describe("a filter that cannot be answered", () => {
  const fault = async (filter: unknown) => {
    const columns = await columnsOf(BOOKS);
    try {
      compileFilter(columns, filter);
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it("names an unknown field and those that there are", async () => {
    expect(await fault({ colour: "red" })).toMatchObject({
      code: "UNKNOWN_FILTER_FIELD",
      message: expect.stringMatching(/"colour".*"lang".*"year"/),
      issues: [{ field: "filter.colour" }],
    });
  });

  const megabyte = "x".repeat(1_000_000);
  it.each<readonly [what: string, filter: unknown, code: string]>([
    ["a field", { [megabyte]: 1 }, "UNKNOWN_FILTER_FIELD"],
    ["an operator", { year: { [`$${megabyte}`]: 1 } }, "INVALID_FILTER"],
    ["an operator around conditions", { [`$${megabyte}`]: 1 }, "INVALID_FILTER"],
    ["a field and its operator", { and: [{ [megabyte]: { [megabyte]: 1 } }] }, "INVALID_FILTER"],
    ["a field without a condition", { [megabyte]: {} }, "INVALID_FILTER"],
    ["a value", { year: { in: [megabyte] } }, "FILTER_TYPE_MISMATCH"],
  ])("repeats the beginning of %s of a megabyte, and no more", async (_, filter, code) => {
    const error = (await fault(filter)) as SearchError;
    expect(error.code).toBe(code);
    expect(error.message).toMatch(/x{50,60}…/);
    expect(JSON.stringify([error.message, error.issues]).length).toBeLessThan(1000);
  });

  it("takes a number or a truth value that is given as text", async () => {
    const columns = await columnsOf(BOOKS);
    const count = (filter: unknown) => compileFilter(columns, filter).count;
    expect(count({ year: { gte: "2000" } })).toBe(count({ year: { gte: 2000 } }));
    expect(count({ print: "true" })).toBe(count({ print: true }));
  });

  it("names the type that a field has", async () => {
    const wrong = [
      { lang: 5 },
      { year: "twenty" },
      { year: "" },
      { print: "maybe" },
      { added: "yesterday" },
      { tags: { gt: true } },
    ];
    for (const filter of wrong) {
      const field = Object.keys(filter)[0]!;
      expect(await fault(filter)).toMatchObject({
        code: "FILTER_TYPE_MISMATCH",
        message: expect.stringContaining(`"${field}"`),
      });
    }
  });

  it("says what is wrong with its form", async () => {
    const wrong = [
      null,
      [],
      "lang=en",
      5,
      { lang: {} },
      { lang: { like: "e" } },
      { $nor: [] },
      { $and: {} },
      { $or: "x" },
      { $not: [] },
      { lang: { in: "en" } },
      { lang: { in: [["en"]] } },
      { lang: { eq: [] } },
      { year: { gt: Number.NaN } },
      { year: { gt: null } },
      { lang: { exists: "yes" } },
      { lang: { untypedText: "en" } },
    ];
    for (const filter of wrong) expect(await fault(filter)).toMatchObject({ code: "INVALID_FILTER" });
  });

  it("is refused before its size costs anything", async () => {
    let deep: unknown = { lang: "en" };
    for (let i = 0; i < 10_000; i++) deep = { $not: deep };
    expect(await fault(deep)).toMatchObject({ code: "FILTER_TOO_COMPLEX" });
    const nested = Array.from({ length: 20 }, () => ({
      or: Array.from({ length: 20 }, () => ({ lang: "en" })),
    }));
    expect(await fault({ and: nested })).toMatchObject({ code: "FILTER_TOO_COMPLEX" });
    expect(await fault({ lang: { in: Array.from({ length: 5000 }, String) } })).toMatchObject({
      code: "FILTER_TOO_COMPLEX",
    });
    expect(await fault({ or: Array.from({ length: 1e5 }, () => ({})) })).toMatchObject({
      code: "FILTER_TOO_COMPLEX",
    });
  });
});

describe("parseFilterParameters", () => {
  const parse = (query: string) => parseFilterParameters(new URLSearchParams(query));

  it("reads brackets, whose values take the type of their field", async () => {
    const columns = await columnsOf(BOOKS);
    expect(matches(columns, parse("q=x&filter[lang]=en&filter[year][gte]=2000"))).toEqual([2]);
    expect(matches(columns, parse("filter[lang][in]=de,fr"))).toEqual([1, 3]);
    expect(matches(columns, parse("filter[lang][]=de&filter[lang][]=fr"))).toEqual([1, 3]);
    expect(matches(columns, parse("filter[print]=true"))).toEqual([0, 3]);
    expect(matches(columns, parse("filter[lang][exists]=false"))).toEqual([4]);
    expect(matches(columns, parse("filter[added][lt]=2024-02-01"))).toEqual([0]);
    expect(matches(columns, parse("filter[author.name]=Ann"))).toEqual([0]);
  });

  it("reads JSON, alone and beside brackets", async () => {
    const columns = await columnsOf(BOOKS);
    const json = encodeURIComponent('{"or":[{"lang":"en"},{"year":2005}]}');
    expect(matches(columns, parse(`filter=${json}`))).toEqual([0, 1, 2]);
    expect(matches(columns, parse(`filter=${json}&filter[print]=false`))).toEqual([1]);
  });

  it("is undefined without a filter and refuses what is none", () => {
    expect(parse("q=x&k=4")).toBeUndefined();
    expect(() => parse("filter={")).toThrow(expect.objectContaining({ code: "INVALID_FILTER" }));
    expect(() => parse("filter[a][like]=b")).toThrow(expect.objectContaining({ code: "INVALID_FILTER" }));
  });

  it.each(["filter[a", "filter[a]b", "filter[a][eq][b]", "filter[a][gte][]", "filter["])(
    "refuses %s, which would leave the search without the filter that was meant",
    (name) => {
      expect(() => parse(`${name}=x`)).toThrow(expect.objectContaining({ code: "INVALID_FILTER" }));
    },
  );

  it("quotes what is neither true nor false", () => {
    expect(() => parseFilter(parse("filter[a][exists]=maybe"))).toThrow('true or false, not "maybe"');
  });
});

describe("facetCounts", () => {
  it("counts values, most frequent first, of all documents or those of a filter", async () => {
    const columns = await columnsOf(BOOKS);
    expect(facetCounts(columns, "lang")).toEqual([
      { value: "en", count: 2 },
      { value: "de", count: 1 },
      { value: "fr", count: 1 },
    ]);
    expect(facetCounts(columns, "tags")).toEqual([
      { value: "sea", count: 2 },
      { value: "whale", count: 1 },
    ]);
    const { bits } = compileFilter(columns, { year: { lt: 2020 } });
    expect(facetCounts(columns, "lang", { bits, limit: 1 })).toEqual([{ value: "de", count: 1 }]);
    // The second and the third book, of which one is counted.
    expect(
      facetCounts(columns, "lang", { bits: Uint32Array.of(0b0110), counted: Uint32Array.of(0b1100) }),
    ).toEqual([
      { value: "en", count: 1 },
      { value: "de", count: 0 },
    ]);
    expect(facetCounts(columns, "print")).toEqual([
      { value: true, count: 2 },
      { value: false, count: 1 },
    ]);
    expect(facetCounts(columns, "added")[0]).toEqual({ value: "2024-01-31", count: 1 });
    expect(() => facetCounts(columns, "x")).toThrow(
      expect.objectContaining({ code: "UNKNOWN_FILTER_FIELD" }),
    );
  });

  it("lists more values than an answer tells, and holds no more for it", async () => {
    const columns = await columnsOf(
      documentsOf(Array.from({ length: 1000 }, (_, i) => ({ text: `${i} ${"x".repeat(10_000)}` }))),
      ["text"],
    );
    const limit = Number.POSITIVE_INFINITY;
    const work = createWork();
    expect(facetCounts(columns, "text", { limit, work })).toHaveLength(1000);
    expect(facetCounts(columns, "text", { limit, room: 100_000 })).toHaveLength(109);
    const tooMany = () => {
      for (let n = 0; n < 10; n++) facetCounts(columns, "text", { limit, work });
    };
    expect(tooMany).toThrow(expect.objectContaining({ code: "ANSWER_TOO_LARGE" }));
  });
});

describe("buildColumnSections", () => {
  it("takes the fields of few values, or those that are named", async () => {
    const many = documentsOf(
      Array.from({ length: 1000 }, (_, i) => ({
        id2: `x${i}`,
        kind: i % 3,
        loc: { lines: { from: i % 2 } },
        text: "long ".repeat(i === 5 ? 100 : 0),
      })),
    );
    expect([...(await columnsOf(many)).byField.keys()]).toEqual(["kind"]);
    expect([...(await columnsOf(many, ["id2"])).byField.keys()]).toEqual(["id2"]);
    expect(matches(await columnsOf(many, ["id2"]), { id2: "x999" })).toEqual([999]);
    const named = await buildColumnSections(many, { nItems: 1000, grouping: ["id2"] });
    expect(named.meta.map(({ field }) => field)).toEqual(["id2", "kind"]);
    await expect(columnsOf(many, ["nope"])).rejects.toMatchObject({ code: "UNKNOWN_FILTERABLE_FIELD" });
  });

  it("takes numbers and dates however many there are, but no lists of them", async () => {
    const offers = documentsOf(
      Array.from({ length: 1000 }, (_, i) => ({
        price: i / 100,
        released: new Date(Date.UTC(2020, 0, i)).toISOString(),
        measured: [i, i + 0.5],
        sku: `s${i}`,
        loc: { from: i },
      })),
    );
    const columns = await columnsOf(offers);
    expect([...columns.byField.keys()]).toEqual(["price", "released"]);
    expect(await planColumns(offers)).toEqual([
      { field: "price", type: "number", array: false, values: 1000, days: false },
      { field: "released", type: "date", array: false, values: 1000, days: false },
    ]);
    expect(matches(columns, { price: { lt: 0.02 }, released: { gt: "2020-01-01" } })).toEqual([]);
    expect(matches(columns, { price: { gte: 9.99 } })).toEqual([999]);
  });

  it("keeps a field of several types as strings", async () => {
    const columns = await columnsOf(documentsOf([{ v: 1 }, { v: "b" }, { v: true }]));
    expect(matches(columns, { v: "1" })).toEqual([0]);
    expect(matches(columns, { v: "true" })).toEqual([2]);
  });

  it("gives the same bytes whatever the order in which documents name their fields", async () => {
    const one = await buildColumnSections(documentsOf([{ a: 1, b: "x" }, { a: 2 }]), { nItems: 2 });
    const two = await buildColumnSections(documentsOf([{ b: "x", a: 1 }, { a: 2 }]), { nItems: 2 });
    expect(one).toEqual(two);
  });

  it("makes nothing when nothing is filterable", async () => {
    expect((await buildColumnSections(documentsOf([{}, {}]), { nItems: 2 })).sections).toEqual([]);
    expect(openColumns(artifactOf(2, []))).toBeUndefined();
  });
});

describe("openColumns", () => {
  it("answers damage with a typed error or an answer, never otherwise", async () => {
    const { sections } = await buildColumnSections(BOOKS, { nItems: BOOKS.length });
    const whole = sections[0]!.bytes;
    const use = (bytes: Uint8Array) => {
      try {
        const columns = openColumns(artifactOf(BOOKS.length, [{ name: "columns", hot: true, bytes }]))!;
        for (const field of columns.byField.keys()) facetCounts(columns, field);
        compileFilter(columns, { lang: { lt: "x" }, tags: ["sea"], year: { gt: 1 } });
      } catch (error) {
        expect(error).toMatchObject({
          code: expect.stringMatching(/^(CORRUPT_COLUMNS|UNKNOWN_FILTER_FIELD|FILTER_TYPE_MISMATCH)$/),
        });
      }
    };
    use(whole);
    for (let length = 0; length < whole.length; length += 3) use(whole.slice(0, length));
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const bytes = whole.slice();
        bytes[at] = byte;
        use(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  it("refuses columns of another index", async () => {
    const { sections } = await buildColumnSections(BOOKS, { nItems: 9 });
    expect(() => openColumns(artifactOf(BOOKS.length, sections))).toThrow(
      expect.objectContaining({ code: "CORRUPT_COLUMNS" }),
    );
  });
});
