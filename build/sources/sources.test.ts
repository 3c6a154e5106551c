import { readdir } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { globFiles } from "./files.ts";
import { readSources, type SourceDocument } from "./index.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "sources-"));
});
afterEach(() => rm(root, { recursive: true }));

async function put(files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
}

async function read(...sources: string[]): Promise<SourceDocument[]> {
  const documents: SourceDocument[] = [];
  for await (const document of readSources(sources, { cwd: root })) documents.push(document);
  return documents;
}

describe("finding files", () => {
  it("reads a folder's files by path, whatever order the disk gives, and passes over other kinds", async () => {
    await put({
      "docs/b.txt": "b",
      "docs/a/z.md": "z",
      "docs/a.txt": "a",
      "docs/B.TXT": "B",
      "docs/picture.png": "no",
      "docs/.hidden.txt": "no",
      "docs/node_modules/x/readme.md": "no",
    });
    expect((await read("docs")).map((d) => d.metadata.source)).toEqual(["B.TXT", "a.txt", "a/z.md", "b.txt"]);
  });

  it("reads what a glob matches, with paths relative to its fixed part", async () => {
    await put({
      "docs/guide/a.md": "a",
      "docs/guide/deep/b.md": "b",
      "docs/guide/c.txt": "c",
      "docs/d.md": "d",
    });
    expect((await read("docs/guide/**/*.md")).map((d) => d.id)).toEqual(["a.md", "deep/b.md"]);
    expect((await read("docs/{guide,x}/*.txt")).map((d) => d.id)).toEqual(["guide/c.txt"]);
  });

  it("takes the name of a file that exists literally, wildcards and all", async () => {
    await put({ "a[1].txt": "one", "a1.txt": "other" });
    expect((await read("a[1].txt")).map((d) => d.pageContent)).toEqual(["one"]);
  });

  it("reads a folder whose name has wildcards", async () => {
    await put({ "v(1) [x]/a.txt": "one", "vx/a.txt": "other" });
    expect((await read("v(1) [x]")).map((d) => d.pageContent)).toEqual(["one"]);
  });

  it("reads a file once though two sources name it, and tells files of the same name apart", async () => {
    await put({ "x/a.txt": "x", "y/a.txt": "y" });
    expect((await read("x/a.txt", "x", "x/*.txt")).map((d) => d.id)).toEqual(["a.txt"]);
    expect((await read("x", "y")).map((d) => d.id)).toEqual(["x/a.txt", "y/a.txt"]);
  });

  it("refuses a link that leads out of a folder or a glob, unless it is allowed", async () => {
    await put({ "docs/a.txt": "a", "secret.txt": "s" });
    await symlink("/etc/hosts", join(root, "docs/env.txt"));
    const refused = { code: "LINK_OUTSIDE", message: expect.stringContaining("env.txt") };
    await expect(read("docs")).rejects.toMatchObject(refused);
    await expect(read("docs/*.txt")).rejects.toMatchObject(refused);
    await rm(join(root, "docs/env.txt"));
    await symlink("../secret.txt", join(root, "docs/secret.txt"));
    await expect(read("docs")).rejects.toMatchObject({ code: "LINK_OUTSIDE" });
    const texts: string[] = [];
    for await (const { pageContent } of readSources(["docs"], { cwd: root, followLinks: true }))
      texts.push(pageContent);
    expect(texts).toEqual(["a", "s"]);
  });

  it("reads a file once though links lead to it again, round in a circle", async () => {
    await put({ "docs/a/x.txt": "x" });
    await symlink("..", join(root, "docs/a/up"));
    await symlink("x.txt", join(root, "docs/a/other.txt"));
    await symlink("nothing.txt", join(root, "docs/a/broken.txt"));
    expect((await read("docs")).map((d) => d.id)).toEqual(["a/x.txt"]);
  });

  it("names a folder that cannot be listed instead of passing over its documents", async () => {
    await put({ "docs/a.txt": "a", "docs/locked/b.txt": "b" });
    const denied = Object.assign(new Error("denied"), { code: "EACCES" });
    const files = globFiles("docs/**", { cwd: root }, (folder, how, done) =>
      folder.includes("locked") ? done(denied, []) : readdir(folder, how, done),
    );
    await expect(files).rejects.toMatchObject({
      code: "UNREADABLE_SOURCE",
      message: expect.stringMatching(/locked.* cannot be read \(EACCES\)/),
    });
    expect(await globFiles("docs/**", { cwd: root })).toHaveLength(2);
  });

  it.each(["txt", "md", "html"])(
    "refuses a file of .%s that is too long for a document, unread",
    async (kind) => {
      await put({ [`a.${kind}`]: "a" });
      await truncate(join(root, `a.${kind}`), 2 ** 31 + 1);
      await expect(read(`a.${kind}`)).rejects.toMatchObject({
        code: "UNREADABLE_SOURCE",
        message: expect.stringContaining("2147483649 bytes, too many for one document"),
      });
    },
  );

  it("names the line of an id that can be none", async () => {
    const long = "x".repeat(2049);
    await put({
      "a.jsonl": `{"text":"a"}\n{"text":"b","id":"${long}"}`,
      "b.jsonl": '{"text":"b","id":"\\ud800"}',
    });
    await put({ "c.csv": `id,text\n${long},c\n` });
    const failures = await Promise.all(
      ["a.jsonl", "b.jsonl", "c.csv"].map((file) => read(file).catch((e) => e)),
    );
    expect(failures.map(({ code }) => code)).toEqual(["BAD_ROW", "BAD_ROW", "BAD_CSV"]);
    expect(failures[0].message).toContain("a.jsonl, line 2: id is 2049 characters long");
  });

  it("says what is missing, empty or of another kind", async () => {
    await put({ "empty/picture.png": "x", "a.pdf": "x" });
    await expect(read("nowhere.txt")).rejects.toMatchObject({ code: "SOURCE_NOT_FOUND" });
    await expect(read("nowhere/*.txt")).rejects.toMatchObject({ code: "SOURCE_EMPTY" });
    await expect(read("empty")).rejects.toMatchObject({ code: "SOURCE_EMPTY" });
    await expect(read("*.txt")).rejects.toMatchObject({ code: "SOURCE_EMPTY" });
    await expect(read("a.pdf")).rejects.toMatchObject({ code: "UNSUPPORTED_SOURCE" });
  });
});

describe("JSONL", () => {
  it("reads rows with their ids, texts under three names, metadata and vectors", async () => {
    await put({
      "a.jsonl": [
        '\ufeff{"id":"one","pageContent":"first","metadata":{"n":1},"vector":[1,2]}',
        "",
        '{"id":2,"page_content":"second","vector":[3,4]}\r',
        '{"text":"third","title":"T","metadata":{"n":3},"vector":[0,-1e-3]}',
        '{"vector":[0,0]}',
      ].join("\n"),
    });
    expect(await read("a.jsonl")).toEqual([
      { id: "one", pageContent: "first", metadata: { n: 1 }, vector: [1, 2], kind: "row" },
      { id: "2", pageContent: "second", metadata: {}, vector: [3, 4], kind: "row" },
      { pageContent: "third", metadata: { n: 3, title: "T" }, vector: [0, -1e-3], kind: "row" },
      { pageContent: "", metadata: {}, vector: [0, 0], kind: "row" },
    ]);
  });

  it("keeps the digits of whole numbers beyond 2^53, wherever they stand", async () => {
    const big = "1613986188345999361";
    await put({
      "a.jsonl": [
        `{"id":${big},"text":"a ${big}","metadata":{"tweet":${big},"deep":[{"low":-${big}}],"safe":9007199254740991,"pi":3.14159265358979312}}`,
        `{"id":"b","text":"b","tweet": 9007199254740993 ,"float":1e20,"text2":"[${big}]"}`,
      ].join("\n"),
      "b.jsonl": `{"id":"v","text":"v","vector":[${big},0.1234567890123456789]}`,
    });
    expect(await read("a.jsonl")).toMatchObject([
      {
        id: big,
        pageContent: `a ${big}`,
        metadata: { tweet: big, deep: [{ low: `-${big}` }], safe: 9007199254740991, pi: Math.PI },
      },
      { metadata: { tweet: "9007199254740993", float: 1e20, text2: `[${big}]` } },
    ]);
    expect((await read("b.jsonl"))[0]?.vector).toEqual([Number(big), 0.12345678901234568]);
  });

  it("keeps them in front matter of every language, and leaves shorter ones numbers", async () => {
    const big = "1613986188345999361";
    await put({
      "a.md": `---\ntweet: ${big}\nweight: 7\nlist: [1, ${big}]\n---\ntext`,
      "b.md": `+++\ntweet = ${big}\nweight = 7\nlist = [1, ${big}]\n+++\ntext`,
      "c.md": `{\n"tweet": ${big}, "weight": 7, "list": [1, ${big}]\n}\n\ntext`,
    });
    for (const file of ["a.md", "b.md", "c.md"]) {
      expect((await read(file))[0]?.metadata).toMatchObject({ tweet: big, weight: 7, list: [1, big] });
    }
  });

  it("reads lines and characters that lie across the chunks of the stream", async () => {
    const rows = Array.from({ length: 300 }, (_, i) => ({
      id: `${i}`,
      text: `${i} ${"höhe 東京 ".repeat(500)}`,
    }));
    await put({ "a.jsonl": rows.map((row) => JSON.stringify(row)).join("\n") });
    expect((await read("a.jsonl")).map((d) => d.pageContent)).toEqual(rows.map((row) => row.text));
  });

  it.each([
    ["BAD_JSON", '{"text":"a"}\n{"text":', /^a\.jsonl, line 2: /],
    ["BAD_JSON", '{"text":"a","vector":[NaN]}', /line 1/],
    ["BAD_ROW", "[1]", /line 1: a list, not an object/],
    ["BAD_ROW", "null", /null, not an object/],
    ["BAD_ROW", '{"id":"a"}', /no text/],
    ["BAD_ROW", '{"text":5}', /text is a number/],
    ["BAD_ROW", '{"text":"a","id":1.5}', /id is a number/],
    ["BAD_ROW", '{"text":"a","id":""}', /id is empty/],
    ["BAD_ROW", '{"text":"a","metadata":[]}', /metadata is a list/],
    ["BAD_VECTOR", '{"text":"a","vector":[]}', /at least one number/],
    ["BAD_VECTOR", '{"text":"a","vector":[1,null]}', /null at place 1/],
    ["BAD_VECTOR", '{"text":"a","vector":[1e999]}', /place 0/],
    ["BAD_VECTOR", '{"text":"a","vector":[1e39]}', /float32/],
    [
      "BAD_VECTOR",
      '{"text":"a","vector":[1]}\n{"text":"a","vector":[1,2]}',
      /line 2: a vector of 2 numbers.*line 1 has 1/,
    ],
    [
      "MISSING_VECTOR",
      '{"text":"a","vector":[1]}\n{"text":"a"}',
      /line 2: no vector, though a\.jsonl, line 1/,
    ],
    [
      "MISSING_VECTOR",
      '{"text":"a"}\n{"text":"a","vector":[1]}',
      /line 1: no vector, though a\.jsonl, line 2/,
    ],
    [
      "DUPLICATE_ID",
      '{"text":"a","id":"x"}\n\n{"text":"b","id":"x"}',
      /line 3: the id "x" is taken by a\.jsonl, line 1/,
    ],
    ["DUPLICATE_ID", '{"text":"a","id":"7"}\n{"text":"b","id":7}', /"7"/],
  ])("refuses with %s: %s", async (code, content, message) => {
    await put({ "a.jsonl": content });
    await expect(read("a.jsonl")).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it("names the line of bytes that are not UTF-8", async () => {
    await put({ "a.jsonl": Buffer.from([...Buffer.from('{"text":"a"}\n{"text":"'), 0xff, 0x22, 0x7d]) });
    await expect(read("a.jsonl")).rejects.toMatchObject({
      code: "INVALID_UTF8",
      message: "a.jsonl, line 2: not valid UTF-8.",
    });
  });
});

describe("HTML", () => {
  it("is read in the encoding that it names", async () => {
    const page = '<meta charset="iso-8859-1"><p>caf\u00e9</p>';
    await put({ "old.html": Buffer.from(page, "latin1") });
    expect((await read("old.html"))[0]?.pageContent).toBe("café");
  });
});

it.each([
  ["a.jsonl", (long: string) => `{"text":"a"}\n{"text":"${long}"}`],
  ["a.csv", (long: string) => `text\n"${long}"`],
])("refuses a row that KV could not hold, in %s", async (file, content) => {
  await put({ [file]: content("x".repeat(26 << 20)) });
  await expect(read(file)).rejects.toMatchObject({
    code: "LINE_TOO_LONG",
    message: expect.stringMatching(`^${file}, line 2: the row is longer than .*25 MiB`),
  });
});

describe("CSV", () => {
  it("reads quoted fields, line breaks within them, ids and further columns", async () => {
    await put({
      "a.csv": '\ufeffid,text,colour\r\n1,"two\nlines, ""quoted""",red\r\n2,plain,\r\n',
    });
    expect(await read("a.csv")).toEqual([
      {
        id: "1",
        pageContent: 'two\nlines, "quoted"',
        metadata: { source: "a.csv", colour: "red" },
        kind: "row",
      },
      { id: "2", pageContent: "plain", metadata: { source: "a.csv", colour: "" }, kind: "row" },
    ]);
  });

  it("decides a column's type over all of it", async () => {
    const columns = {
      price: ["9", "10.50", "1000.25", "-3.00"],
      float: ["1.0", "2.25", "1e-05", "7"],
      flag: ["TRUE", "false", "", "True"],
      empty: ["", "", "", ""],
      zip: ["10115", "80331", "20095", "50667"],
      postalCode: ["10115", "80331", "20095", "50667"],
      part: ["007", "12", "13", "14"],
      phone_number: ["49301234567", "1", "2", "3"],
      late: ["1", "2", "3", "n/a"],
      release: ["3.9", "3.10", "3.11", "4"],
      code: ["12E4", "13E5", "1E2", "3E3"],
      snowflake: ["1613986188345999361", "1", "2", "3"],
      long: ["0.12345678901234567890", "1", "2", "3"],
      hex: ["0x10", "1", "2", "3"],
      day: ["2024-05-01", "2024-05-02", "", "2023-01-01"],
      gap: ["1", " 2 ", "", "4"],
    };
    const names = Object.keys(columns);
    const rows = [0, 1, 2, 3].map((i) =>
      ["text", ...Object.values(columns).map((cells) => cells[i])].join(","),
    );
    await put({ "a.csv": `text,${names.join(",")}\n${rows.join("\n")}\n` });
    const metadata = (await read("a.csv")).map((document) => document.metadata);
    const typed = (name: string) => metadata.map((fields) => fields[name]);
    expect(typed("price")).toEqual([9, 10.5, 1000.25, -3]);
    expect(typed("float")).toEqual([1, 2.25, 1e-5, 7]);
    expect(typed("flag")).toEqual([true, false, undefined, true]);
    expect(typed("gap")).toEqual([1, 2, undefined, 4]);
    const texts = [
      "zip",
      "postalCode",
      "part",
      "phone_number",
      "late",
      "release",
      "code",
      "snowflake",
      "long",
      "hex",
      "empty",
    ] as const;
    for (const name of texts) expect([name, typed(name)]).toEqual([name, columns[name]]);
  });

  it("leaves all cells text when told", async () => {
    await put({ "a.csv": "text,price\na,9\nb,\n" });
    const documents = [];
    for await (const document of readSources(["a.csv"], { cwd: root, csvTypes: "strings" }))
      documents.push(document.metadata.price);
    expect(documents).toEqual(["9", ""]);
  });

  it("passes over columns and records of nothing, and names a column without a name by its place", async () => {
    await put({
      "a.csv": "id,text,,\na,one,,\n,,,\nb,two\n",
      "b.csv": ",text\n0,one\n1,two\n",
    });
    expect((await read("a.csv")).map(({ id, metadata }) => [id, metadata])).toEqual([
      ["a", { source: "a.csv" }],
      ["b", { source: "a.csv" }],
    ]);
    expect((await read("b.csv")).map(({ metadata }) => metadata.column1)).toEqual([0, 1]);
  });

  it("streams more records than fit in its buffers", async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `${i},"text ${i} é"`);
    await put({ "a.csv": `id,content\n${lines.join("\n")}` });
    const documents = await read("a.csv");
    expect(documents.length).toBe(20_000);
    expect(documents.at(-1)).toMatchObject({ id: "19999", pageContent: "text 19999 é" });
  });

  it.each([
    ["BAD_CSV", "", /no header/],
    ["BAD_CSV", "name,colour\na,b", /no column of text.*name, colour/],
    ["BAD_CSV", "text,a,a\n1,2,3", /two columns are named "a"/],
    ["BAD_CSV", "text,a\none,two\nthree", /line 3/],
    ["BAD_CSV", 'text,a\n"one,two', /line \d/],
    ["BAD_CSV", "text,a\none,two,three", /column 3; the header names 2/],
    ["BAD_CSV", "id,text\n,a", /line 2: the id is empty/],
    ["DUPLICATE_ID", "id,text\n1,a\n1,b", /line 3: the id "1" is taken by a\.csv, line 2/],
  ])("refuses with %s: %j", async (code, content, message) => {
    await put({ "a.csv": content });
    await expect(read("a.csv")).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it("refuses bytes that are not UTF-8", async () => {
    await put({ "a.csv": Buffer.from([0x74, 0x65, 0x78, 0x74, 0x0a, 0xc3, 0x28]) });
    await expect(read("a.csv")).rejects.toMatchObject({ code: "INVALID_UTF8" });
  });

  it("stops reading when the reader has enough", async () => {
    await put({ "a.csv": `text\n${"word\n".repeat(200_000)}` });
    for await (const document of readSources(["a.csv"], { cwd: root })) {
      expect(document.pageContent).toBe("word");
      break;
    }
  });
});

describe("text, Markdown and HTML", () => {
  it("reads a text as it stands and leaves out empty ones", async () => {
    await put({ "a.txt": "\ufeff one \n two ", "b.txt": " \n" });
    expect(await read(".")).toEqual([
      { id: "a.txt", pageContent: " one \n two ", metadata: { source: "a.txt" }, kind: "text" },
    ]);
  });

  it("names the line of a text that is not UTF-8", async () => {
    await put({ "a.txt": Buffer.from([0x61, 0x0a, 0x0a, 0xff]) });
    await expect(read("a.txt")).rejects.toMatchObject({ message: "a.txt, line 3: not valid UTF-8." });
  });

  it("takes metadata from front matter and the title from the first heading", async () => {
    await put({
      "a.md": "---\ntitle: Given\ntags: [x, y]\ndate: 2024-05-01\n---\n# Heading\n\nText.\n",
      "b.md": "Intro\n\n# The **heading** #\n\n---\nrule\n---\n",
      "c.md": "---\njust a rule\n---\ntext",
      "d.md": "---\r\nn: 1\r\n---\r\ntext",
      "e.md": "---\n---\ntext",
    });
    const documents = await read(".");
    expect(documents.map((d) => d.metadata)).toEqual([
      { title: "Given", tags: ["x", "y"], date: "2024-05-01", source: "a.md" },
      { title: "The heading", source: "b.md" },
      { title: "just a rule", source: "c.md" },
      { n: 1, source: "d.md" },
      { source: "e.md" },
    ]);
    expect(documents.map((d) => d.pageContent)).toEqual([
      "# Heading\n\nText.",
      "Intro\n\n# The heading\n\n## rule",
      "## just a rule\n\ntext",
      "text",
      "text",
    ]);
  });

  it("names the file whose front matter is broken", async () => {
    await put({ "a.md": "---\na: [1\n---\ntext" });
    await expect(read("a.md")).rejects.toMatchObject({
      code: "BAD_FRONT_MATTER",
      message: expect.stringContaining("a.md"),
    });
  });

  it("reads the main content of a page without scripts, styles and furniture", async () => {
    await put({
      "a.html": `<!doctype html><html lang="en"><head><title> A  page </title><style>p{}</style></head><body>
        <nav>Home About</nav><main><h1>Head</h1><p>One <b>bold</b>
        word&amp;more.</p><script>alert(1)</script><ul><li>first<li>second</ul><pre>a
  b</pre><table><tr><td>x<td>y</table><p hidden>secret</p></main><footer>Foot</footer></body></html>`,
      "b.html": "<p>No landmarks<br>at all</p><aside>beside</aside>",
      "c.html": "<nav>only a menu</nav>",
    });
    const documents = await read(".");
    expect(documents[0]).toEqual({
      id: "a.html",
      pageContent: "Head\n\nOne bold word&more.\n\nfirst\nsecond\n\na\n  b\n\nx y",
      metadata: { title: "A page", lang: "en", source: "a.html" },
      kind: "html",
    });
    expect(documents[1]?.pageContent).toBe("No landmarks\nat all");
    expect(documents[2]?.pageContent).toBe("only a menu");
  });

  it("survives a page that nests deeper than the call stack", async () => {
    await put({ "a.html": `${"<div>".repeat(30_000)}deep` });
    expect((await read("a.html"))[0]?.pageContent).toBe("deep");
  });
});
