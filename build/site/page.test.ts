import { describe, expect, test } from "vitest";
import { type Page, readPage } from "./page.ts";

function page(html: string): Page {
  const read = readPage(html);
  if ("skipped" in read) throw new Error(`skipped: ${read.skipped}`);
  return read;
}

const html = (body: string, head = "") =>
  `<!doctype html><html lang="en-GB"><head><title>Site title</title>${head}</head><body>${body}</body></html>`;
const outline = ({ sections }: Page) =>
  sections.map(({ anchor, heading, parents, text }) => [anchor, heading, parents.join(" > "), text]);

describe("content without configuration", () => {
  test("is the main element, without what stands around it", () => {
    const read = page(
      html(`<header><nav>Menu</nav>Logo</header>
        <main><h1>Guide</h1><nav>On this page</nav><p>Hello <b>wor</b>ld.<br>Next</p><aside>Advert</aside>
        <form>Sign up</form><p hidden>secret</p><script>let x;</script></main><footer>Imprint</footer>`),
    );
    expect(outline(read)).toEqual([["", "Guide", "", "Hello world.\nNext\n\nAdvert\nSign up"]]);
    expect(read).toMatchObject({ title: "Guide", lang: "en-gb" });
  });

  test("is a single article, or else the body without the site's header", () => {
    expect(outline(page(html("<p>Around</p><article><p>Inside</p></article>")))).toEqual([
      ["", "", "", "Inside"],
    ]);
    const body = "<header>Logo</header><p>Text</p><footer>Imprint</footer>";
    expect(outline(page(html(body)))).toEqual([["", "", "", "Text"]]);
    expect(page(html(body)).title).toBe("Site title");
  });

  test("is cut at headings that an anchor leads to, with the headings above", () => {
    const read = page(
      html(`<main><h1>API</h1><p>Intro</p>
        <section id="install"><h2>Install<a class="headerlink" href="#install">¶</a></h2><p>npm i</p>
        <h3 id="linux">Linux</h3><p>apt</p><h4>No anchor</h4><p>more</p></section>
        <h2><a name="use"></a>Use</h2><p>run</p>
        <dl><dt id="f">f(x)</dt><dd>Does it.</dd><dt>plain</dt><dd>term</dd></dl></main>`),
    );
    expect(outline(read)).toEqual([
      ["", "API", "", "Intro"],
      ["install", "Install", "API", "npm i"],
      ["linux", "Linux", "API > Install", "apt\n\nNo anchor\n\nmore"],
      ["use", "Use", "API", "run"],
      ["f", "f(x)", "API > Use", "Does it.\nplain\nterm"],
    ]);
  });

  test("is the article with the heading, where a generator puts contents and neighbours into main as well", () => {
    const beside = '<div class="theme-doc-toc">On this page</div><nav>Next</nav>';
    const read = page(
      html(`<main><article><header><h1>Guide</h1></header><p>Text</p></article>${beside}</main>`),
    );
    expect(outline(read)).toEqual([["", "Guide", "", "Text"]]);
    const list = page(html("<main><h1>Blog</h1><article><p>Post</p></article><p>Older</p></main>"));
    expect(outline(list)).toEqual([["", "Blog", "", "Post\n\nOlder"]]);
  });

  test("has no list of its own headings, but one of other pages", () => {
    const read = page(
      html(`<main><h1>Part</h1><ul class="toc"><li><a href="#x">Here</a></li></ul>
        <div class="toc"><a href="one.html">Chapter</a></div><h2 id="x">Here</h2><p>Text</p></main>`),
    );
    expect(outline(read)).toEqual([
      ["", "Part", "", "Chapter"],
      ["x", "Here", "Part", "Text"],
    ]);
  });

  test("leaves out the furniture of generators, and takes a book's index entries for no sections", () => {
    const read = page(
      html(`<main><div class="navheader"><a href="a.html">Prev</a></div><h1>Index</h1>
        <dl><dt id="i1">createdb, <a href="app.html">createdb</a></dt>
        <dt id="i2">CREATE, <a href="sql.html">CREATE</a></dt><dd><dl><dt id="i3">of a table, <a href="t.html">T</a></dt></dl></dd>
        <dt id="i4">real <a href="x.html">term</a></dt><dd>Explained.</dd></dl>
        <div class="navfooter">Next</div></main>`),
    );
    expect(outline(read)).toEqual([
      ["", "Index", "", "createdb, createdb\nCREATE, CREATE\n\nof a table, T"],
      ["i4", "real term", "Index", "Explained."],
    ]);
    expect(read.sections[0]).toMatchObject({ listed: { links: 3, prose: 0 } });
  });

  test("keeps the lines of code and the cells of tables apart", () => {
    const [section] = page(
      html(
        "<main><pre>a = 1\n  b = 2</pre><table><tr><td>x</td><td>y</td></tr><tr><td>z</td></tr></table></main>",
      ),
    ).sections;
    expect(section?.text).toBe("a = 1\n  b = 2\n\nx y\nz");
  });

  test("nests ten thousand deep without a fault", () => {
    const deep = `<main>${"<div>".repeat(10_000)}deep${"</div>".repeat(10_000)}</main>`;
    expect(page(html(deep)).sections[0]?.text).toBe("deep");
  });
});

describe("what pages say of themselves", () => {
  test.each(["search", "pagefind"])(
    "data-%s- attributes choose body, ignore, weight, filters and metadata",
    (own) => {
      const d = `data-${own}`;
      const read = page(
        html(
          `<p>Outside</p><div ${d}-body ${d}-filter="kind:guide, long"><h1>Real</h1>
         <p ${d}-ignore>Ignored <i ${d}-filter="author">Ada</i></p>
         <p ${d}-ignore="all">Gone <i ${d}-filter="author">Nobody</i></p>
         <p ${d}-weight="5">Weighty</p><p ${d}-weight="0">Weightless</p>
         <img ${d}-meta="image[src], alt-text[alt]" src="/cat.png" alt="a cat" ${d}-index-attrs="alt">
         <span ${d}-meta="date:2026-11-22" ${d}-sort="date:2026-11-22"></span>
         <span ${d}-sort="weight[data-weight]" data-weight="7"></span><b ${d}-filter="author">Bob</b></div>`,
          `<meta ${d}-default-meta="image[content]" content="/default.png"><meta ${d}-meta="site[content]" content="Docs">`,
        ),
      );
      expect(read.marked).toBe(true);
      expect(read.sections[0]?.text).toBe("Weighty\n\na cat Bob");
      expect(read.sections[0]?.important).toEqual(["Weighty"]);
      expect({ ...read.filters }).toEqual({ kind: ["guide, long"], author: ["Ada", "Bob"] });
      expect({ ...read.meta }).toEqual({
        image: "/cat.png",
        "alt-text": "a cat",
        date: "2026-11-22",
        site: "Docs",
      });
      expect({ ...read.sorts }).toEqual({ date: "2026-11-22", weight: 7 });
    },
  );

  test("what DocSearch reads is read: versions to filter by", () => {
    const head = `<meta name="docsearch:version" content="2.1, latest"><meta name="docsearch:language" content="en">
      <meta name="docsearch:docusaurus_tag" content="docs-default-2.1">`;
    expect({ ...page(html("<main>text</main>", head)).filters }).toEqual({ version: ["2.1", "latest"] });
  });

  test("names such as __proto__ are names", () => {
    const { filters, meta } = page(
      html('<main data-search-filter="__proto__:x" data-search-meta="constructor:y">text</main>'),
    );
    expect(Object.entries(filters)).toEqual([["__proto__", ["x"]]]);
    expect(Object.entries(meta)).toEqual([["constructor", "y"]]);
  });

  test("redirects, noindex and pages without text are no pages", () => {
    const skipped = (source: string, url?: string) => readPage(source, url);
    expect(skipped(html("x", '<meta http-equiv="refresh" content="0; url=/new">'))).toEqual({
      skipped: "redirect",
      detail: "/new",
    });
    expect(skipped(html("x", '<meta name="robots" content="noindex, follow">'))).toMatchObject({
      skipped: "noindex",
    });
    expect(skipped(html("<main><nav>Menu</nav></main>"))).toEqual({ skipped: "empty" });
    expect(skipped("")).toEqual({ skipped: "empty" });
  });

  test("canonical address, image, description and breadcrumbs are found", () => {
    const read = page(
      html(
        `<nav aria-label="Breadcrumb"><ol><li><a href="/">Home</a> /</li><li>› Guides</li></ol></nav>
         <main><h1>T</h1>text</main>`,
        `<link rel="canonical" href="/guides/t"><meta property="og:image" content="/og.png">
         <meta name="description" content="About T">`,
      ),
    );
    expect(read).toMatchObject({
      canonical: "/guides/t",
      image: "/og.png",
      description: "About T",
      breadcrumbs: ["Home", "Guides"],
    });
  });
});
