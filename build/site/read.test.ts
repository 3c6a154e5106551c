import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { build, query } from "../index.ts";
import type { SourceDocument } from "../sources/types.ts";
import { readSite } from "./read.ts";

let folder: string;
let site: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-site-"));
});
beforeEach(async () => {
  site = await mkdtemp(join(folder, "site-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function files(contents: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(contents)) {
    await mkdir(dirname(join(site, name)), { recursive: true });
    await writeFile(join(site, name), text);
  }
}

async function read(location = site, options = {}): Promise<SourceDocument[]> {
  const documents: SourceDocument[] = [];
  for await (const document of readSite(location, options)) documents.push(document);
  return documents;
}

const main = (text: string, head = "") =>
  `<html><head>${head}</head><body><main>${text}</main></body></html>`;

describe("a folder of built pages", () => {
  test("gives a document for every section, with the address that leads to it", async () => {
    await files({
      "index.html": main("<h1>Home</h1><p>Welcome</p>"),
      "guide/index.html": main('<h1>Guide</h1><p>Start</p><h2 id="a b">Ü &amp; co</h2><p>More</p>'),
      "über/x.html": main("<p>No heading</p>", "<title>X</title>"),
      "404.html": main("<p>Not found</p>"),
    });
    const documents = await read(site, { baseUrl: "https://example.com/docs" });
    expect(documents.map(({ id, pageContent }) => [id, pageContent])).toEqual([
      ["https://example.com/docs/guide/", "Start"],
      ["https://example.com/docs/guide/#a%20b", "More"],
      ["https://example.com/docs/", "Welcome"],
      ["https://example.com/docs/%C3%BCber/x.html", "No heading"],
    ]);
    expect(documents[1]?.metadata).toEqual({
      url: "https://example.com/docs/guide/#a%20b",
      page: "https://example.com/docs/guide/",
      title: "Guide",
      heading: "Ü & co",
    });
  });

  test("tells the site's name from the titles of pages, in a first heading and in the title element", async () => {
    const body = (heading: string) =>
      `<div><h1>Docs of X</h1><p>Home | Index</p></div><h1 id="t">${heading}</h1><p>About ${heading}.</p>`;
    const head = (title: string) => `<html><head><title>X 1.0 | ${title} - Docs of X</title></head><body>`;
    await files({
      "a.html": `${head("A")}${body("Alpha")}`,
      "b.html": `${head("B")}${body("Beta")}`,
      "c.html": `${head("C")}${body("Gamma")}`,
      "d.html": `${head("D - notes")}<h2 id="n">Notes</h2><p>Delta.</p>`,
      "e.html": `${head("E")}<p>Epsilon.</p>`,
    });
    const documents = await read();
    expect(documents.map(({ metadata, pageContent }) => [metadata?.title, pageContent])).toEqual([
      ["Alpha", "About Alpha."],
      ["Beta", "About Beta."],
      ["Gamma", "About Gamma."],
      ["D - notes", "Delta."],
      ["E", "Epsilon."],
    ]);
  });

  test("keeps a text below the site's name that is the page's own", async () => {
    const page = (text: string) =>
      `<html><head><title>${text} - X</title></head><body><main><h1>X</h1><p>About ${text}.</p><h2 id="b">More</h2><p>m</p></main>`;
    await files({ "a.html": page("Alpha"), "b.html": page("Beta"), "c.html": page("Gamma") });
    const documents = await read();
    expect(documents.map(({ id, metadata }) => [id, metadata?.title, metadata?.heading])).toEqual(
      ["a Alpha", "b Beta", "c Gamma"].flatMap((name) => {
        const [file, title] = name.split(" ");
        return [
          [`/${file}.html`, title, title],
          [`/${file}.html#b`, title, "More"],
        ];
      }),
    );
  });

  test("keeps only the beginning of a long list of links", async () => {
    const links = Array.from({ length: 300 }, (_, i) => `<li><a href="${i}.html">entry ${i}</a>, 1</li>`);
    const prose = Array.from(
      { length: 300 },
      (_, i) => `<p>Sentence ${i} is about <a href="x">x</a> and y.</p>`,
    );
    await files({
      "index.html": main(`<h1>Index</h1><ul>${links.join("")}</ul>`),
      "prose.html": main(`<h1>Prose</h1>${prose.join("").replaceAll("and y.", `and ${"y ".repeat(20)}.`)}`),
    });
    const documents = await read();
    const of = (title: string) => documents.filter(({ metadata }) => metadata?.title === title);
    expect(of("Index")).toHaveLength(1);
    expect(of("Index")[0]?.pageContent).toMatch(/^entry 0, 1\n/);
    expect(of("Prose").length).toBeGreaterThan(10);
  });

  test("is found first by its title, before pages that bear it in headings", async () => {
    const other = (n: number) =>
      main(`<h1>Notes ${n}</h1><p>Text.</p><h2 id="c">Configuration</h2><p>Short note.</p>`);
    const long = "Settings lie in a file that is read when the program starts, and again on demand. ".repeat(
      2,
    );
    await files({
      "configuration.html": main(`<h1>Configuration</h1><p>${long}</p>`),
      ...Object.fromEntries([1, 2, 3, 4].map((n) => [`notes-${n}.html`, other(n)])),
    });
    const out = join(site, "artifact");
    await build({ site, out, name: "titles" });
    const { hits } = await query(out, { query: "configuration", k: 3, mode: "keyword" });
    expect(hits[0]?.document?.metadata.url).toBe("/configuration.html");
  });

  test("passes over redirects, copies and pages whose canonical address is another page", async () => {
    await files({
      "new.html": main("<p>Text</p>", '<link rel="canonical" href="https://example.com/new">'),
      "old.html": main("<p>Text, older</p>", '<link rel="canonical" href="/new/">'),
      "copy.html": main("<p>Text</p>"),
      "moved.html": main("<p>Moved</p>", '<meta http-equiv="refresh" content="0;url=new.html">'),
      "elsewhere.html": main(
        "<p>Of a larger site</p>",
        '<link rel="canonical" href="https://x.org/3/elsewhere.html">',
      ),
    });
    expect((await read()).map(({ id }) => id)).toEqual(["/copy.html", "/elsewhere.html"]);
  });

  test("takes marked pages alone when any page is marked", async () => {
    await files({
      "a.html": "<div data-pagefind-body>Marked</div>",
      "b.html": main("<p>Not marked</p>"),
    });
    expect((await read()).map(({ pageContent }) => pageContent)).toEqual(["Marked"]);
  });

  test("cuts a long section into several that lead to the same place", async () => {
    const paragraph = `<p>${"word ".repeat(140)}</p>`;
    await files({ "long.html": main(`<h2 id="s">Long</h2>${paragraph.repeat(5)}`) });
    const documents = await read();
    expect(documents.map(({ id }) => id)).toEqual(["/long.html#s", "/long.html#s~2", "/long.html#s~3"]);
    expect(new Set(documents.map(({ metadata }) => metadata.url))).toEqual(new Set(["/long.html#s"]));
    expect(documents.every(({ pageContent }) => pageContent.length <= 1500)).toBe(true);
  });

  test("is refused in a sentence when it holds nothing", async () => {
    await expect(read()).rejects.toMatchObject({ code: "SOURCE_EMPTY" });
    await expect(read(join(site, "nowhere"))).rejects.toMatchObject({ code: "SOURCE_NOT_FOUND" });
    await files({ "empty.html": "" });
    await expect(read()).rejects.toMatchObject({ code: "SOURCE_EMPTY" });
    await expect(build({ site, baseUrl: "docs", out: join(folder, "x") })).rejects.toMatchObject({
      code: "BAD_OPTION",
    });
  });

  test("is found by what its headings say, and filtered by what it declares", async () => {
    await files({
      "cars.html": main('<h1>Vehicles</h1><h2 id="brakes">Brakes</h2><p>They stop it.</p>'),
      "food.html": `<body data-search-filter="topic:cooking"><main><h1>Kitchen</h1><p>Boil the pasta.</p></main></body>`,
    });
    const out = join(folder, "built");
    await build({ site, out });
    const { hits } = await query(out, { query: "brakes of a car" });
    expect(hits[0]).toMatchObject({ id: "/cars.html#brakes", document: { metadata: { title: "Vehicles" } } });
    const filtered = await query(out, { query: "brakes", filter: { topic: "cooking" } });
    expect(filtered.hits.map((hit) => hit.id)).toEqual(["/food.html"]);
  });
});

test("a page of another encoding than UTF-8 is read, and stops no build", async () => {
  await files({ "new.html": main("<h1>New</h1><p>Größe</p>") });
  await writeFile(join(site, "old.html"), Buffer.from(main("<h1>Old</h1><p>caf\u00e9</p>"), "latin1"));
  expect((await read()).map(({ pageContent }) => pageContent)).toEqual(["Größe", "café"]);
});

test("a folder of Markdown and MDX gives sections with GitHub's anchors", async () => {
  await files({
    "README.md":
      "---\ntitle: Start\ntags: [one, two]\n---\nIntro with a [link](x.md) and `code`.\n\n## What & why?\nText\n\n## What & why?\nAgain",
    "guide/page.mdx":
      'import X from "x";\n\n# Page\n\n<X>Hello</X> **bold**\n\n```sh\n# no heading\n```\n\n### Sub {#own}\n\n- item',
  });
  const documents = await read();
  expect(documents.map(({ id, pageContent }) => [id, pageContent])).toEqual([
    ["/", "Intro with a link and code."],
    ["/#what--why", "Text"],
    ["/#what--why-1", "Again"],
    ["/guide/page", "Hello bold\n\n# no heading"],
    ["/guide/page#own", "item"],
  ]);
  expect(documents[1]?.metadata).toMatchObject({
    title: "Start",
    heading: "What & why?",
    tags: ["one", "two"],
  });
});

describe("a sitemap", () => {
  let server: Server;
  let origin: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const html = (text: string) =>
        response.setHeader("content-type", "text/html; charset=utf-8").end(main(text));
      const loc = (path: string) => `<url><loc>${origin}${path}</loc></url>`;
      switch (request.url) {
        case "/sitemap.xml":
          return response.end(
            `<sitemapindex><sitemap><loc>${origin}/pages.xml</loc></sitemap></sitemapindex>`,
          );
        case "/pages.xml":
          return response.end(
            `<urlset>${loc("/a")}${loc("/old")}${loc("/gone")}${loc("/file.pdf")}${loc("/q?x=1&amp;y=2")}<url><loc>https://elsewhere.example/</loc></url></urlset>`,
          );
        case "/a":
          return html("<h1>A</h1><p>First</p>");
        case "/old":
          return response.writeHead(301, { location: "/a" }).end();
        case "/q?x=1&y=2":
          return html("<h1>Q</h1><p>Second</p>");
        case "/file.pdf":
          return response.setHeader("content-type", "application/pdf").end("%PDF");
        case "/packed.xml.gz":
          return response.end(gzipSync(`<urlset>${loc("/a")}${loc("/away")}</urlset>`));
        case "/damaged.xml.gz":
          return response.end(gzipSync("<urlset></urlset>").subarray(0, 20));
        case "/away":
          // The same machine under another name is another origin.
          return response
            .writeHead(302, { location: `${origin.replace("127.0.0.1", "localhost")}/q?x=1&y=2` })
            .end();
        case "/broken.xml":
          return response.end(`<urlset>${loc("/fails")}</urlset>`);
        case "/fails":
          return response.writeHead(500).end();
        default:
          return response.writeHead(404).end();
      }
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    // A TCP server's address is an object.
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((done) => server.close(done)));

  test("leads to its own pages, each once, redirects followed", async () => {
    const documents = await read(`${origin}/sitemap.xml`);
    expect(documents.map(({ id, pageContent }) => [id, pageContent])).toEqual([
      [`${origin}/a`, "First"],
      [`${origin}/q?x=1&y=2`, "Second"],
    ]);
    const based = await read(`${origin}/sitemap.xml`, { baseUrl: "/docs/" });
    expect(based.map(({ id }) => id)).toEqual(["/docs/a", "/docs/q?x=1&y=2"]);
  });

  test("may be packed, and leads to no other site by a redirect", async () => {
    const documents = await read(`${origin}/packed.xml.gz`);
    expect(documents.map(({ id }) => id)).toEqual([`${origin}/a`]);
  });

  test("that fails, or whose pages do, is named", async () => {
    const failing = { code: "UNREADABLE_SOURCE" };
    await expect(read(`${origin}/none.xml`)).rejects.toMatchObject(failing);
    await expect(read(`${origin}/broken.xml`)).rejects.toMatchObject({
      ...failing,
      message: `${origin}/fails cannot be read: it answers 500.`,
    });
    await expect(read(`${origin}/damaged.xml.gz`)).rejects.toMatchObject(failing);
    await expect(read("http://127.0.0.1:9/sitemap.xml")).rejects.toMatchObject(failing);
  });
});
