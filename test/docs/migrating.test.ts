import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build, type LocalIndex, openLocalIndex } from "../../build/index.ts";
import { parseSearchRequest } from "../../worker/core/search/parse.ts";

/** Every row of docs/migrating.md does what it says: of each table the first cell, and what holds it. */

const ROOT = join(import.meta.dirname, "../..");
let folder: string;
let site: LocalIndex;
let documents: LocalIndex;
let browser: string;

const html = (head: string, body: string) =>
  `<html lang="en"><head>${head}</head><body>${body}</body></html>`;
const PAGES = {
  "bread.html": html(
    '<meta name="docsearch:version" content="2.0">',
    `<nav aria-label="breadcrumb"><a href="/">Home</a></nav>
     <main data-pagefind-body data-pagefind-filter="tag:a" data-pagefind-default-meta="image:none.png"><h1>Bread</h1><p>Flour and water, no cake and no cake</p>
     <p data-pagefind-ignore>unseen <b data-pagefind-filter="kept:yes">x</b></p>
     <p data-pagefind-ignore="all">invisible <b data-pagefind-filter="lost:yes">x</b></p>
     <p data-pagefind-weight="7">sourdough</p><img alt="a crusty loaf" title="oven" data-pagefind-index-attrs="alt,title">
     <time datetime="2026-03-01" data-pagefind-sort="date[datetime]" data-pagefind-meta="author:Ada">March</time>
     <h2 id="kneading">Kneading</h2><p>Ten minutes of dough</p><p data-search-ignore>hidden words</p></main>`,
  ),
  "cake.html": html(
    '<meta name="docsearch:version" content="1.0"><meta name="docsearch:language" content="en">',
    `<main data-pagefind-body data-pagefind-filter="tag:b"><h1>Cake</h1><p>Flour and sugar</p>
     <time datetime="2026-01-01" data-pagefind-sort="date[datetime]">January</time></main>`,
  ),
  "about.html": html("", "<main><h1>About</h1><p>Flour, unmarked</p></main>"),
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-migrating-"));
  const pages = join(folder, "dist");
  await build({
    documents: [
      { id: "1", text: "a red bicycle", metadata: { price: 20, tag: "b", title: "Bicycle" } },
      { id: "2", text: "a blue boat", metadata: { price: 5, tag: "a", title: "Boat" } },
    ].map(({ text, ...rest }) => ({ ...rest, pageContent: text })),
    embedder: "static",
    jobs: 1,
    name: "docs",
    out: join(folder, "docs"),
  });
  await mkdir(pages);
  for (const [name, text] of Object.entries(PAGES)) await writeFile(join(pages, name), text);
  const out = join(folder, "site");
  await build({ site: pages, baseUrl: "/docs/", out, name: "site", embedder: "static", jobs: 1 });
  site = await openLocalIndex(out);
  documents = await openLocalIndex(join(folder, "docs"));
  browser = await readFile(join(ROOT, "test/browser/migrating.test.ts"), "utf8");
});
afterAll(async () => {
  await site?.close();
  await documents?.close();
  await rm(folder, { recursive: true, force: true });
});

const pagesOf = async (request: Parameters<LocalIndex["search"]>[0], index = site) =>
  (await index.search(request)).hits.map(({ document }) => document?.metadata?.page);
const textOf = async () => {
  const { hits } = await site.search({ filter: { page: "/docs/bread.html" }, k: 10 });
  return hits.map(({ document }) => document?.pageContent).join("\n");
};
const ids = async (request: Parameters<LocalIndex["search"]>[0]) =>
  (await documents.search(request)).hits.map(({ id }) => id);
/** The element itself is tried in a browser, by a test of the row's name. */
const inBrowser = async (row: string) =>
  expect([`"${row}"`, `'${row}'`].filter((name) => browser.includes(name))).toHaveLength(1);
const HELD: Readonly<Record<string, Readonly<Record<string, (row: string) => Promise<unknown>>>>> = {
  Pagefind: {
    "`--site dist`": async () =>
      expect(new Set(await pagesOf({ query: "flour", k: 10 }))).toEqual(
        new Set(["/docs/bread.html", "/docs/cake.html"]),
      ),
    "`data-pagefind-body`, `-ignore`, `-weight`, `-filter`, `-meta`, `-default-meta`, `-index-attrs`":
      async () => {
        const text = await textOf();
        expect(text).not.toContain("unseen");
        expect(text).toMatch(/a crusty loaf\s+oven|oven\s+a crusty loaf/);
        const { hits } = await site.search({ query: "flour water", k: 1 });
        expect(hits[0]?.document?.metadata).toMatchObject({
          ...{ tag: ["a"], kept: ["yes"], author: "Ada", image: "none.png", important: "sourdough" },
        });
      },
    '`data-pagefind-sort="date[datetime]"`': async () => {
      const asc = await site.search({ sort: [{ field: "date", order: "asc" }], k: 10 });
      expect(asc.hits[0]?.document?.metadata).toMatchObject({ page: "/docs/cake.html", date: "2026-01-01" });
      expect(await pagesOf({ query: "flour", filter: { date: { gte: "2026-02-01" } } })).toContain(
        "/docs/bread.html",
      );
    },
    '`data-pagefind-ignore="all"`': async () => {
      expect(await textOf()).not.toContain("invisible");
      const { hits } = await site.search({ query: "flour water", k: 1 });
      expect(hits[0]?.document?.metadata).not.toHaveProperty("lost");
    },
    '`new PagefindUI({ element: "#search" })`': inBrowser,
    "`translations`": inBrowser,
    "`showSubResults`": async (row) => {
      await inBrowser(row);
      const { groups } = await site.search({ query: "dough", groupBy: { field: "page", hits: 3 } });
      expect(groups?.[0]).toMatchObject({ value: "/docs/bread.html", hits: 2 });
    },
    "`baseUrl`": async () => expect(await pagesOf({ query: "cake", k: 1 })).toEqual(["/docs/cake.html"]),
    '`pagefind.search(q, { filters: { tag: "a" } })`': async () =>
      expect(new Set(await pagesOf({ query: "flour", filter: { tag: "a" } }))).toEqual(
        new Set(["/docs/bread.html"]),
      ),
    "`pagefind.filters()`": async () => {
      const { facets } = await site.search({ query: "flour", facets: ["tag"] });
      expect(facets?.tag?.map(({ value }) => value).sort()).toEqual(["a", "b"]);
    },
    "`mergeIndex`": async () =>
      expect(parseSearchRequest({ query: "flour", indexes: ["a", "b"] }).indexes).toEqual(["a", "b"]),
    "`forceLanguage`": inBrowser,
    "`excludeSelectors`, `rootSelector`": async () => expect(await textOf()).not.toContain("hidden words"),
    "`processTerm`, `ranking`": async () =>
      expect(() => parseSearchRequest({ query: "flour", ranking: {} })).toThrow("ranking"),
  },
  DocSearch: {
    "`start_urls`, `sitemap_urls`": async () =>
      expect(new Set(await pagesOf({ query: "flour", k: 10 })).size).toBe(2),
    "selectors `lvl0` … `lvl6`": async () => {
      const { hits } = await site.search({ query: "ten minutes of dough", k: 1 });
      expect(hits[0]?.document?.metadata).toMatchObject({
        ...{ title: "Bread", heading: "Kneading", breadcrumbs: ["Home"], url: "/docs/bread.html#kneading" },
      });
    },
    "`selectors_exclude`": async () => expect(await textOf()).not.toContain("hidden words"),
    '`<meta name="docsearch:version" content="2.0">` and others `docsearch:…`': async () =>
      expect(new Set(await pagesOf({ query: "flour", filter: { version: "2.0" } }))).toEqual(
        new Set(["/docs/bread.html"]),
      ),
    "`docsearch:language`": async () => {
      const { hits } = await site.search({ query: "cake", k: 1 });
      expect(hits[0]?.document?.metadata).toMatchObject({ lang: "en" });
      expect(hits[0]?.document?.metadata).not.toHaveProperty("language");
    },
    "`docsearch({ container, appId, apiKey, indexName })`": inBrowser,
    '`facetFilters: ["version:2.0"]`': inBrowser,
    "`placeholder`, `translations`": inBrowser,
    "`transformItems`, `hitComponent`": inBrowser,
    "`insights`": inBrowser,
    "`data-docsearch…` theme variables": inBrowser,
  },
  Orama: {
    "`create({ schema })`": async () =>
      expect(await ids({ query: "a", k: 2, filter: { tag: "a" } })).toEqual(["2"]),
    "`insertMultiple(db, docs)`": async () => {
      const source = join(folder, "docs.jsonl");
      await writeFile(source, '{"id":"x","text":"an apple","metadata":{"tag":"fruit"}}\n');
      const out = join(folder, "jsonl");
      await build({ source: [source], out, name: "jsonl", embedder: "static", jobs: 1 });
      const index = await openLocalIndex(out);
      expect((await index.search({ query: "apple" })).hits[0]).toMatchObject({
        ...{ id: "x", document: { pageContent: "an apple", metadata: { tag: "fruit" } } },
      });
      await index.close();
    },
    "`search(db, { term })`": async () => expect(await ids({ query: "boat", k: 1 })).toEqual(["2"]),
    '`mode: "fulltext"`, `"vector"`, `"hybrid"`': async () => {
      for (const mode of ["keyword", "vector", "hybrid"] as const)
        expect(await ids({ query: "boat", k: 1, mode })).toEqual(["2"]);
    },
    "`where: { price: { gte: 10 } }`": async () =>
      expect(await ids({ query: "boat", filter: { price: { gte: 10 } } })).toEqual(["1"]),
    "`facets`": async () => {
      const { facets } = await documents.search({ query: "a boat", facets: ["tag"] });
      expect(facets?.tag).toHaveLength(2);
    },
    "`limit`, `offset`": async () => {
      const all = await ids({ query: "a red boat", k: 2 });
      expect(await ids({ query: "a red boat", k: 1, offset: 1 })).toEqual([all[1]]);
    },
    "`boost: { title: 2 }`": async () => {
      // The page of bread has the word oftener, the other one in its title.
      const pages = await pagesOf({ query: "cake", mode: "keyword", k: 3 });
      expect([pages[0], pages.includes("/docs/bread.html")]).toEqual(["/docs/cake.html", true]);
    },
    "`tolerance`": async () => expect(await ids({ query: "bicylce", k: 1, mode: "keyword" })).toEqual(["1"]),
    "`plugin-docusaurus`, `plugin-vitepress`, `plugin-astro`": async () => {
      const { exports } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
      for (const name of ["./docusaurus", "./vitepress", "./astro"]) {
        const integration = (await import(join(ROOT, exports[name]))) as Record<string, unknown>;
        expect(Object.values(integration).some((one) => typeof one === "function")).toBe(true);
      }
    },
    "`persist`, `restore`": async () => {
      const again = await openLocalIndex(join(folder, "docs"));
      expect((await again.search({ query: "boat", k: 1 })).hits[0]?.id).toBe("2");
      await again.close();
    },
  },
};

const page = await readFile(join(ROOT, "docs/migrating.md"), "utf8");
const tables = page.split(/^## From /m).slice(1);

test("every search that the page names is held, and every row of its table", () => {
  const rows = tables.map((text) => {
    const lines = [...text.matchAll(/^\| (.+?) \| .+ \|$/gm)].map(([, cell]) => cell);
    return [text.split("\n")[0], lines.slice(1).filter((cell) => !/^-+$/.test(cell ?? ""))];
  });
  expect(Object.fromEntries(rows)).toEqual(
    Object.fromEntries(Object.entries(HELD).map(([name, held]) => [name, Object.keys(held)])),
  );
});

describe.each(Object.entries(HELD))("from %s", (_, rows) => {
  test.each(Object.entries(rows))("%s", async (row, holds) => {
    await holds(row);
  });
});
