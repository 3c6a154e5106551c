import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { SourceDocument } from "../sources/types.ts";
import { readSite, type SiteOptions } from "./read.ts";
import { surveySite } from "./survey.ts";

let site: string;
beforeEach(async () => {
  site = await mkdtemp(join(tmpdir(), "annoy-edge-report-"));
});
afterEach(() => rm(site, { recursive: true, force: true }));

async function files(contents: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(contents)) {
    await mkdir(dirname(join(site, name)), { recursive: true });
    await writeFile(join(site, name), text);
  }
}
const main = (text: string, head = "", html = "") =>
  `<html ${html}><head>${head}</head><body><main>${text}</main></body></html>`;
const survey = (options: SiteOptions = {}) => surveySite(site, options);

test("a report names what was left out, by reason", async () => {
  const links = Array.from({ length: 300 }, (_, i) => `<li><a href="${i}.html">the entry ${i}</a></li>`);
  await files({
    "a.html": main("<h1>A</h1><p>Text</p>"),
    "copy.html": main("<h1>A</h1><p>Text</p>"),
    "de.html": main("<h1>A</h1><p>Text</p>", "", "lang=de"),
    "old.html": main("<p>Older</p>", '<link rel="canonical" href="/a.html">'),
    "moved.html": main("<p>x</p>", '<meta http-equiv="refresh" content="0;url=a.html">'),
    "secret.html": main("<p>x</p>", '<meta name="robots" content="none">'),
    "void.html": main(""),
    "404.html": main("<p>Not here</p>"),
    "index.html": main(`<h1>Index</h1><ul>${links.join("")}</ul>`),
    "bad.html": main("<p>Bad</p>", '<link rel="canonical" href="https://">'),
  });
  const report = await survey();
  const { leftOut, pages, indexed, linkLists, warnings } = report;
  expect({ pages, indexed }).toEqual({ pages: 10, indexed: 4 });
  expect(leftOut).toEqual({
    copy: { count: 1, pages: [{ page: "copy.html", detail: "a.html" }] },
    canonical: { count: 1, pages: [{ page: "old.html", detail: "a.html" }] },
    redirect: { count: 1, pages: [{ page: "moved.html", detail: "/a.html" }] },
    noindex: { count: 1, pages: [{ page: "secret.html", detail: "robots: none" }] },
    empty: { count: 1, pages: [{ page: "void.html" }] },
    "not-found-page": { count: 1, pages: [{ page: "404.html" }] },
  });
  expect(linkLists).toMatchObject([{ page: "index.html", heading: "Index" }]);
  expect(linkLists[0]!.characters).toBeGreaterThan(1000);
  expect(warnings).toEqual([expect.stringContaining('bad.html: its canonical address "https://"')]);
});

test("one page is explained, by its file or its address", async () => {
  await files({
    "guide/a.html": main('<h1>A</h1><p>Text</p><h2 id="b">B</h2><p>More</p>'),
    "old.html": main("<p>x</p>", '<meta name="robots" content="noindex">'),
  });
  for (const explain of ["guide/a.html", "/guide/a", "./guide/a.html"]) {
    expect((await survey({ explain })).explained).toMatchObject({
      page: "guide/a.html",
      outcome: "indexed",
      url: "/guide/a.html",
      sections: [{ heading: "A" }, { url: "/guide/a.html#b", heading: "B", characters: 4 }],
    });
  }
  expect((await survey({ explain: "old.html" })).explained).toMatchObject({ outcome: "noindex" });
  expect((await survey({ explain: "none.html" })).explained).toMatchObject({ outcome: "unknown" });
});

test("a canonical address that all pages share is ignored, and a circle of them loses no page", async () => {
  const head = '<link rel="canonical" href="https://example.com/">';
  await files({ "index.html": main("<p>Home</p>", head), "a.html": main("<p>A</p>", head) });
  const shared = await survey();
  expect(shared.indexed).toBe(2);
  expect(shared.warnings).toEqual([expect.stringContaining("2 of 2 pages name the same canonical address")]);
  await files({
    "index.html": main("<p>Home</p>"),
    "a.html": main("<p>A</p>", '<link rel="canonical" href="b.html">'),
    "b.html": main("<p>B</p>", '<link rel="canonical" href="a.html">'),
  });
  expect((await survey()).leftOut).toEqual({
    canonical: { count: 1, pages: [{ page: "b.html", detail: "a.html" }] },
  });
});

test("a site of which nothing is left says why", async () => {
  await files({ "a.html": main("<p>x</p>", '<meta name="robots" content="noindex">'), "b.html": main("") });
  const read = async () => {
    for await (const _ of readSite(site));
  };
  await expect(read()).rejects.toMatchObject({
    code: "SOURCE_EMPTY",
    message: expect.stringContaining("by reason: noindex: 1, empty: 1"),
  });
});

test("drafts are left out, and front matter gives addresses", async () => {
  await files({
    "index.md": "---\ntitle: Welcome\n---\nHello.",
    "draft.md": "---\ndraft: true\n---\nSecret.",
    "blog/post.md": "---\nslug: hello\n---\nOne.",
    "blog/other.md": "---\nslug: /news/other/\n---\nTwo.",
    "blog/jekyll.md": "---\npermalink: /:year/:title/\n---\nThree.",
    "about.md": "---\npermalink: about.html\n---\nFour.",
    "bad.mdx": "# Bad\n\n{unclosed",
    "blog/twin.md": "---\nslug: hello\n---\nTwin.",
  });
  const ids: unknown[] = [];
  for await (const { id } of readSite(site)) ids.push(id);
  expect(ids.sort()).toEqual(["/", "/about.html", "/bad", "/blog/hello", "/blog/jekyll", "/news/other/"]);
  const report = await survey();
  expect(report.leftOut.draft?.pages).toEqual([{ page: "draft.md", detail: "draft: true" }]);
  expect(report.leftOut["same-address"]?.count).toBe(1);
  expect(report.warnings).toEqual([expect.stringMatching(/^bad\.mdx: It is not valid MDX/)]);
});

test("pages that show another language for want of a translation are left out, and translated ones are not", async () => {
  const body = (text: string) => `<h1 id="top">Tests</h1>${text}<h2 id="run">Run</h2><p>npm test</p>`;
  const inLanguage = (page: string, content: string, text: string) =>
    `<html lang="${page}"><body><main lang="${content}">${body(text)}</main></body></html>`;
  await files({
    "tests.html": inLanguage("en", "en", "<p>Hold the code.</p>"),
    "de/tests.html": inLanguage("de", "en", "<p>Noch nicht übersetzt.</p><p>Hold the code.</p>"),
    "fr/tests.html": inLanguage("fr", "fr", "<p>Tenir le code.</p>"),
    // Of another language than its page, and there is no page that it shows.
    "de/poem.html": inLanguage("de", "en", "<p>Shall I compare thee?</p>"),
  });
  const report = await survey();
  expect(report.leftOut).toEqual({
    untranslated: { count: 1, pages: [{ page: "de/tests.html", detail: "tests.html" }] },
  });
  expect(report.indexed).toBe(3);
});

test("pages that only frame another one in their language are left out, and it is found in theirs", async () => {
  const text =
    "Hold the code against what it promises, on every change and on every machine that it runs on.";
  const inLanguage = (lang: string, frame: string, content: string, name = "tests.html") =>
    `<html lang="${lang}"><head><link rel="alternate" hreflang="x-default" href="https://example.com/d/${name}"></head>` +
    `<body><main><h1 id="top">${content.slice(0, 8)}</h1><p>${frame}</p><p>${content.repeat(2)}</p><h2 id="run">Run</h2><p>npm test</p></main></body></html>`;
  await files({
    "tests.html": inLanguage("en", "On this page", text),
    "de/tests.html": inLanguage("de", "Auf dieser Seite", text),
    "fr/tests.html": inLanguage(
      "fr",
      "Sur cette page",
      "Tenir le code à ce qu’il promet, à chaque changement.",
    ),
    // Its original is not there.
    "es/other.html": inLanguage("es", "En esta página", `Pruebas: ${text}`, "other.html"),
  });
  const documents: SourceDocument[] = [];
  for await (const document of readSite(site, { baseUrl: "/d" })) documents.push(document);
  expect(documents.map(({ id, metadata }) => [id, metadata.lang, metadata.alternates])).toEqual([
    ["/d/es/other.html#top", "es", undefined],
    ["/d/es/other.html#run", "es", undefined],
    ["/d/fr/tests.html#top", "fr", undefined],
    ["/d/fr/tests.html#run", "fr", undefined],
    ["/d/tests.html#top", ["en", "de"], [{ lang: "de", url: "/d/de/tests.html#top" }]],
    ["/d/tests.html#run", ["en", "de"], [{ lang: "de", url: "/d/de/tests.html#run" }]],
  ]);
  const { leftOut } = await survey({ baseUrl: "/d" });
  expect(leftOut).toEqual({
    untranslated: { count: 1, pages: [{ page: "de/tests.html", detail: "tests.html" }] },
  });
});

test("a link that leaves the folder is refused, unless it is allowed", async () => {
  await files({ "docs/a.html": main("<p>A</p>"), "other/b.html": main("<p>B</p>") });
  await symlink("../other", join(site, "docs/linked"));
  const read = (options: SiteOptions) => surveySite(join(site, "docs"), options);
  await expect(read({})).rejects.toMatchObject({
    code: "LINK_OUTSIDE",
    message: expect.stringContaining("linked/b.html leads by a symbolic link"),
  });
  expect((await read({ followLinks: true })).indexed).toBe(2);
});
