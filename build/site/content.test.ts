import { describe, expect, test } from "vitest";
import { type Page, readPage } from "./page.ts";

function page(body: string, url?: string, head = ""): Page {
  const read = readPage(`<!doctype html><html><head>${head}</head><body>${body}</body></html>`, url);
  if ("skipped" in read) throw new Error(`skipped: ${read.skipped}`);
  return read;
}
const outline = (body: string, url?: string) =>
  page(body, url).sections.map(({ anchor, heading, text }) => [anchor, heading, text]);
const text = (body: string, url?: string) =>
  outline(body, url)
    .map(([, heading, own]) => `${heading} ${own}`.trim())
    .join(" ");

describe("what a site marks as content is content", () => {
  test.each([
    ["an aside", "<main><aside class=note><p>Never unplug.</p></aside></main>", "Never unplug."],
    ["a footnote", '<main><aside role="doc-footnote"><p>Measured.</p></aside></main>', "Measured."],
    [
      "a form and its labels",
      "<main><form><label>Name</label><p>As in the passport.</p></form></main>",
      "Name\n\nAs in the passport.",
    ],
    ["a header", "<main><header><p>Summary.</p></header></main>", "Summary."],
    [
      "a footer that says something",
      "<article><p>a</p><footer><p>Notes: one.</p></footer></article>",
      "a\n\nNotes: one.",
    ],
    ["who is quoted", "<main><blockquote>To be<footer>Hamlet</footer></blockquote></main>", "To be\nHamlet"],
    [
      "a button of an accordion",
      '<main><button aria-expanded="false">What is it?</button><p>This.</p></main>',
      "What is it?\n\nThis.",
    ],
    [
      "a shadow root",
      '<main><x-a><template shadowrootmode="open"><p>narwhal</p></template></x-a></main>',
      "narwhal",
    ],
    ["what a search in the page opens", '<main><p hidden="until-found">found</p></main>', "found"],
    ["panels of tabs", '<main><div role="tabpanel" hidden>npm i</div></main>', "npm i"],
    [
      "panels that a style shuts",
      '<main><div role="tabpanel" style="display:none">npm i</div></main>',
      "npm i",
    ],
    ["other styles", '<main><p style="--x-display:none; display: block">shown</p></main>', "shown"],
    [
      "a panel that a button opens",
      '<main><h3><button aria-controls="c">Q</button></h3><div id="c" hidden>A</div></main>',
      "Q A",
    ],
    [
      "an open dialog, details",
      "<main><dialog open>Open.</dialog><details><summary>S</summary>D</details></main>",
      "Open.\nS\nD",
    ],
    [
      "a word with its reading",
      "<main><p><ruby>東京<rp>(</rp><rt>とうきょう</rt></ruby>の駅</p></main>",
      "東京の駅",
    ],
    [
      "labels of a drawing",
      "<main><svg><title>icon</title><text>Client</text><text>Server</text></svg></main>",
      "Client\nServer",
    ],
    [
      "a formula",
      "<main><math><mi>x</mi><mo>+</mo><mn>2</mn><annotation>x+2</annotation></math></main>",
      "x + 2",
    ],
    ["both mains", "<main>one</main><main>two</main><main hidden>three</main>", "one two"],
    [
      "sections beside the article",
      "<main><article><h1>A</h1><p>a</p></article><section><h2>B</h2><p>b</p></section></main>",
      "A a B b",
    ],
    [
      "a page in a form, with a field of search",
      '<form><input type="search"><h1>Hours</h1><p>Nine.</p></form>',
      "Hours Nine.",
    ],
    [
      "buttons of tabs as words of their own",
      "<main><div><button>npm</button><button>yarn</button></div><x-tab><b slot=title>Tab</b>Text</x-tab></main>",
      "npm yarn\nTab Text",
    ],
    ["words between soft breaks", "<main><p>Donau<wbr>dampf</p><p>a<br>b</p></main>", "Donaudampf\n\na\nb"],
  ])("%s", (_, body, expected) => {
    expect(text(body)).toBe(expected);
  });

  test.each([
    [
      "a site's aside, header and footer",
      "<header>Logo</header><p>x</p><aside>beside</aside><footer>Imprint</footer>",
    ],
    [
      "the language of a block of code",
      '<main><div class="language-js vp-adaptive-theme"><button class="copy"></button><span class="lang">js</span><pre>x</pre></div></main>',
    ],
    ["a plain template", "<main><p>x</p><template><p>inert</p></template></main>"],
    [
      "hidden text, closed dialogs",
      '<main><p>x</p><p hidden>no</p><dialog>no</dialog><p aria-hidden=true>no</p><p style="color: red; DISPLAY : none">no</p></main>',
    ],
    [
      "a form that searches",
      '<main><p>x</p><form role="search"><label>Search</label></form><form><input name="q"><label>Find</label></form></main>',
    ],
    [
      "buttons that copy",
      '<main><p>x</p><button class="btn-copy">Kopieren</button><button aria-label="Copy code">c</button></main>',
    ],
    [
      "links to edit and go on",
      '<main><p>x</p><footer><a href="e">Edit</a><nav><a href="n">Next</a></nav></footer></main>',
    ],
    ["a menu in an aside", `<main><p>x</p><aside>${'<a href="a.html">Page</a> '.repeat(6)}</aside></main>`],
    [
      "the page's own contents, by the file's name",
      '<main><ul class="toc"><li><a href="page.html#a">A</a></li></ul><p>x</p></main>',
    ],
    [
      "names for readers of screens",
      '<main><p>x<a href="#x"><span class="sr-only">Section titled X</span></a></p></main>',
    ],
  ])("but not %s", (_, body) => {
    expect(text(body, "guide/page.html")).toBe("x");
  });

  test("an accordion's question is a heading with its address, also by its role", () => {
    const body = `<main><h2 id="cancel"><button>How do I cancel?</button></h2><p>So.</p>
      <div role="heading" aria-level="2" id="pay"><button>How do I pay?</button></div><p>Thus.</p></main>`;
    expect(outline(body)).toEqual([
      ["cancel", "How do I cancel?", "So."],
      ["pay", "How do I pay?", "Thus."],
    ]);
  });

  test("an API's reference is no list of links, one without explanations neither", () => {
    const entry = (i: number) =>
      `<div><pre>proc <a href="#p${i}">op${i}</a>(x: <a href="s.html#float">float</a>)</pre></div>`;
    const signatures = Array.from({ length: 100 }, (_, i) => entry(i)).join("");
    const [section] = page(`<main><h1>API</h1>${signatures}</main>`).sections;
    expect(section!.listed.prose).toBe(100);
    const rows = Array.from(
      { length: 100 },
      (_, i) => `<tr><td><a href="https://other.example/${i}">pkg${i}</a></td><td>${i}</td></tr>`,
    );
    expect(page(`<main><table>${rows.join("")}</table></main>`).sections[0]!.listed.links).toBe(0);
  });

  test("a refresh that leads to the page itself is none", () => {
    const refresh = (content: string) => `<meta http-equiv="refresh" content="${content}">`;
    expect(page("x", "a/b.html", refresh("0; url=b.html")).sections).toHaveLength(1);
    expect(page("x", "a/b.html", refresh("10; url=c.html")).sections).toHaveLength(1);
    expect(page("x", "a/b.html", refresh("0; url=#top")).sections).toHaveLength(1);
  });
});
