import { describe, expect, test } from "vitest";
import { parseKeywordQuery } from "../../worker/core/keyword/query.ts";
import { readMarkdownPage } from "../sources/markdown/read.ts";
import { readPage } from "./page.ts";
import { readSitemap } from "./sitemap.ts";

/**
 * Time that grows with the length: texts of the worst shapes at two lengths, one four times the other. Work that grows
 * with the square takes sixteen times as long. What takes no time at all is not compared.
 */
const SHORT = 10_000;
/** The parser of MDX takes ten times as long as the others. */
const SHORT_MDX = 2_500;
const TIMES = 4;
const MOST = 10;
/** Milliseconds of CPU below which a ratio says nothing. */
const NOTHING = 300;

type Shape = (length: number) => string;
const repeated =
  (part: string, around: readonly [string, string] = ["", ""]): Shape =>
  (length) =>
    around[0] + part.repeat(Math.ceil(length / part.length)) + around[1];
const numbered =
  (part: (i: number) => string, around: readonly [string, string] = ["", ""]): Shape =>
  (length) => {
    const parts: string[] = [];
    for (let size = 0, i = 0; size < length; i++) size += parts.push(part(i)) && parts[i]!.length;
    return around[0] + parts.join("") + around[1];
  };

const markdown: Record<string, Shape> = {
  "marks that close a heading": repeated(" #", ["# a", " x"]),
  "brackets that open": repeated("["),
  "brackets that close": repeated("]"),
  "links without an end": repeated("[a]("),
  "backticks of all lengths": numbered((i) => `${"`".repeat(i)} `),
  "emphasis that crosses": repeated("*a_ "),
  "emphasis within words": repeated("a**b"),
  "tags in a line": repeated("<b>x</b>"),
  comments: repeated("a <!--"),
  "names in angle brackets": repeated("a List<T> "),
  blanks: repeated(" ", ["a", "b"]),
  "blank lines": repeated("\n", ["a", "b"]),
  quotations: repeated(">", ["", "a"]),
  items: repeated("- a\n"),
  "items within items": repeated("- "),
  "keys of front matter": numbered((i) => `k${i}: 1\n`, ["---\n", "---\nx"]),
  "keys of TOML": numbered((i) => `k${i} = 1\n`, ["+++\n", "+++\nx"]),
  footnotes: (length) =>
    numbered((i) => `x[^a${i}]\n\n`)(length / 2) + numbered((i) => `[^a${i}]: b\n\n`)(length / 2),
  "cells of a table": (length) => `|${"a|".repeat(length / 4)}\n|${"-|".repeat(length / 4)}`,
  braces: repeated("{a "),
};
const pages: Record<string, Shape> = {
  "formatting that nothing closes": numbered((i) => `<b id=${i}><p>`),
  "a million inline tags": repeated("<b>x</b><i>"),
  "blocks within blocks": repeated("<div>"),
  "paragraphs within spans": repeated("<span><p>"),
  "tables within tables": repeated("<table><tr><td>"),
  mains: repeated("<main>x"),
  asides: repeated("<aside>x", ["<main>", ""]),
  contents: repeated("<div class=toc><a href=#x>a</a>", ["<main>", ""]),
  filters: repeated("<div data-search-filter=a>x"),
  weights: repeated("<div data-search-weight=5>x"),
  crumbs: repeated("/", ["<nav class=breadcrumb><a>x", "x</a></nav><p>y"]),
  slashes: repeated("/", ['<link rel=canonical href="', '"><p>x']),
  "blanks of a refresh": repeated(" ", ['<meta http-equiv=refresh content="0;', 'x"><p>x']),
  blanks: repeated(" ", ["<p>a", "b"]),
  "terms of a list": repeated("<dt id=a>x<dd>y", ["<dl>", ""]),
  attributes: numbered((i) => `a${i} `, ["<p ", ">x"]),
};
const sitemaps: Record<string, Shape> = {
  "blanks of an address": repeated(" ", ["<urlset><url><loc>", "x</loc></url></urlset>"]),
  references: repeated("&#38;", ["<urlset><url><loc>", "</loc></url></urlset>"]),
  addresses: repeated("<url><loc>http://a/b</loc></url>", ["<urlset>", "</urlset>"]),
  elements: repeated("<urlset>"),
};

const file = (name: string) => ({ path: name, source: name });
const queries: Record<string, Shape> = {
  "low quotes": repeated("„"),
  "low quotes and words": repeated("„a "),
  "high quotes": repeated("“"),
  "low quotes that close": repeated("„a“"),
  guillemets: repeated("«"),
  "guillemets and words": repeated("-«a "),
  quotes: repeated('"'),
  "excluded low quotes": repeated("-„ "),
  "excluded quotes": repeated('-"a '),
  dashes: repeated("-"),
  apostrophes: repeated("a'"),
  dots: repeated("a."),
};

type Reader = readonly [string, Record<string, Shape>, (text: string) => unknown, number];
const readers: readonly Reader[] = [
  ["Markdown", markdown, (text) => readMarkdownPage(text, file("a.md")), SHORT],
  ["MDX", markdown, (text) => readMarkdownPage(text, file("a.mdx")), SHORT_MDX],
  ["HTML", pages, (text) => readPage(text, "a.html"), SHORT],
  ["a sitemap", sitemaps, readSitemap, SHORT],
  ["a query", queries, (text) => parseKeywordQuery(text, "en"), SHORT],
];

describe.each(readers)("%s takes time that grows with its length", (_, shapes, read, length) => {
  test.each(Object.entries(shapes))("%s", (_name, shape) => {
    const short = cpu(() => read(shape(length)));
    const long = cpu(() => read(shape(length * TIMES)));
    expect(long <= NOTHING || long <= MOST * short, `${short} ms, then ${long} ms`).toBe(true);
  });
});

/** Milliseconds of CPU: other processes do not count. */
function cpu(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
