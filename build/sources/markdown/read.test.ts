import { describe, expect, test } from "vitest";
import { readMarkdownPage } from "./read.ts";

const read = (text: string, name = "page.md") => readMarkdownPage(text, { path: name, source: name });
/** Anchor, heading and text of the sections. */
const outline = (text: string, name?: string) =>
  read(text, name).sections.map(({ anchor, heading, text: own }) => [anchor, heading, own]);
/** The text of all of them. */
const text = (markdown: string, name?: string) =>
  read(markdown, name)
    .sections.flatMap(({ heading, text: own }) => [heading, own])
    .filter((part) => part !== "")
    .join("\n");

describe("what is written is what is read", () => {
  test.each([
    ["options in a list", "- `--attempts <n>`: retries\n- `--quiet`", "--attempts <n>: retries\n--quiet"],
    [
      "code of many lines",
      "```cpp\n#include <unordered_map>\nstd::vector<Widget> all;\n\n# no heading\n--x  y | z\n```",
      "#include <unordered_map>\nstd::vector<Widget> all;\n\n# no heading\n--x  y | z",
    ],
    ["a fence within a longer fence", "````md\n```js\nx\n```\n````\n\nafter", "```js\nx\n```\n\nafter"],
    ["code by indentation", "Text:\n\n    <script src=x>\n    a && b", "Text:\n\n<script src=x>\na && b"],
    [
      "names with underscores, and operators",
      "`__init__` and `a || b`, snake_case_name, 2 * 3 * 4",
      "__init__ and a || b, snake_case_name, 2 * 3 * 4",
    ],
    [
      "a type in prose",
      "Use List<T> or git clone <repository-url>.",
      "Use List<T> or git clone <repository-url>.",
    ],
    [
      "an element that is named",
      "The <select> element, and <title>. More.",
      "The <select> element, and <title>. More.",
    ],
    ["character references and escapes", "AT&amp;T &copy; \\*not\\* &#x41;&lt;b&gt;", "AT&T © *not* A<b>"],
    ["emphasis within a word, and struck text", "un*believ*able ~~old~~ **bold**", "unbelievable old bold"],
    ["a table", "| a | b |\n|:--|--:|\n| `x\\|y` | 2 |", "a b\nx|y 2"],
    [
      "links by definitions, which are no text",
      'See [the guide][g] and [home].\n\n[g]: /guide "Title"\n[home]: https://example.com',
      "See the guide and home.",
    ],
    [
      "an image's words, and addresses",
      "![A cat](cat.png) <https://example.com/a>",
      "A cat https://example.com/a",
    ],
    ["tasks and quotations", "- [x] done\n- [ ] open\n\n> said\n> twice", "done\nopen\n\nsaid twice"],
    ["containers", ":::caution Watch out\nHot.\n:::", "caution Watch out Hot."],
    [
      "elements of HTML",
      "<details>\n<summary>More</summary>\n\nIt is *here*. Press <kbd>Ctrl</kbd>.\n\n</details>",
      "More\n\nIt is here. Press Ctrl.",
    ],
    [
      "no comments, of many lines or in one",
      "a <!-- secret --> b\n\n<!--\n## Draft\n\nsecret\n-->\n\nc",
      "a b\n\nc",
    ],
    ["no comment that nothing ends", "a\n\n<!-- secret\n\n## Draft", "a"],
    ["a comment in code", "`<!-- shown -->`", "<!-- shown -->"],
    [
      "no scripts and styles",
      "a\n\n<script>\nlet secret;\n\nmore\n</script>\n\n<style>p{}</style>\n\nb",
      "a\n\nb",
    ],
  ])("%s", (_, markdown, expected) => {
    expect(text(markdown)).toBe(expected);
  });

  test("a note stands in the section that refers to it", () => {
    const markdown =
      "# T\n\n## One\n\nMeasured.[^1] Again.[^b]\n\n## Two\n\nOther.\n\n[^1]: On the axolotl\n    cluster.\n[^b]: In *May*.";
    expect(outline(markdown)).toEqual([
      ["", "T", ""],
      ["one", "One", "Measured. Again.\n\nOn the axolotl cluster.\n\nIn May."],
      ["two", "Two", "Other."],
    ]);
    expect(outline(markdown, "page.mdx")).toEqual(outline(markdown));
  });
});

describe("headings", () => {
  test("underlined ones, GitHub's anchors, and own ones", () => {
    const markdown =
      "Release checklist\n=================\n\nDo.\n\nBefore *you* start\n---\nTell.\n\n## A & B {.wide #own}\n\n## Same {.flat}\n\n## Same\n\n# C#\n";
    expect(outline(markdown)).toEqual([
      ["", "Release checklist", "Do."],
      ["before-you-start", "Before you start", "Tell."],
      ["own", "A & B", ""],
      ["same", "Same", ""],
      ["same-1", "Same", ""],
      ["c", "C#", ""],
    ]);
  });

  test.each([
    ["```sh\n# comment\n```\n\n# Real", "Real"],
    ["# C#\n\ntext", "C#"],
    ["# Closed #\n\ntext", "Closed"],
    ["Title\n=====", "Title"],
    ["<h1 align=center>Project</h1>\n\n## Use", "Project"],
    ["<!-- # No -->\n\n## Only", "Only"],
    ["# `code` and [link](x)", "code and link"],
    ["---\ntitle: 1.10\n---\n# H", "1.10"],
    ["---\ntitle: 2024-05-01\n---\n", "2024-05-01"],
    ["---\ntitle: true\n---\n", "true"],
    ["---\ntitle: >\n  folded\n  text\n---\n", "folded text"],
    ["---\ntitle:\n---\n# H", "H"],
    ["---\ntitle: [a]\n---\n# H", "H"],
    ['+++\ntitle = "Winter tyres"\ndate = 2024-11-03\n[extra]\nx = 1\n+++\ntext', "Winter tyres"],
    ["+++\ntitle = 7\n+++\ntext", "7"],
    ['{\n  "title": "Json"\n}\n\ntext', "Json"],
    ["---toml\ntitle = 'T'\n---\ntext", "T"],
  ])("the title of %j", (markdown, title) => {
    expect(read(markdown).title).toBe(title);
  });

  test("front matter is metadata and no text; dates and long numbers are texts", () => {
    const { metadata, sections } = read(
      '+++\ntitle = "T"\ndate = 2024-11-03\ntags = ["car"]\nid = 1613986188345999361\n+++\n\nIn October.\n',
    );
    expect(metadata).toEqual({ title: "T", date: "2024-11-03", tags: ["car"], id: "1613986188345999361" });
    expect(sections.map((section) => section.text)).toEqual(["In October."]);
  });

  test("broken front matter is refused by the file's name", () => {
    for (const bad of ["---\na: [1\n---\n", "+++\na = \n+++\n", "---json\n{\n---\n"]) {
      expect(() => read(bad)).toThrow(
        expect.objectContaining({ code: "BAD_FRONT_MATTER", message: expect.stringContaining("page.md") }),
      );
    }
  });
});

test.each([
  ["draft: true", "draft"],
  ["draft: yes", "draft"],
  ["published: false", "draft"],
  ["status: draft", "draft"],
  ["pagefind: false", "excluded"],
  ["unlisted: true", "excluded"],
  ["search:\n  exclude: true", "excluded"],
  ["search_exclude: true", "excluded"],
  ["robots: noindex, nofollow", "excluded"],
  ["permalink: false", "excluded"],
  ["publishDate: 2999-01-01", "draft"],
  ["PublishDate: 2999-01-01 10:00:00 +01:00", "draft"],
  ["publishDate: 2020-01-01T10:00:00Z", undefined],
  ["expiryDate: 2020-01-01", "draft"],
  ["expiryDate: 2999-01-01", undefined],
  ["unpublishdate: soon", undefined],
  ["date: 2999-01-01", undefined],
  ["_build:\n  render: never", "draft"],
  ["build:\n  list: never", "excluded"],
  ["headless: true", "draft"],
  ["hidden: true", "excluded"],
  ["in_search_index: false", "excluded"],
  ["draft: false\npublished: true\nsearch: true", undefined],
])("front matter %j withholds a page as %s", (yaml, reason) => {
  expect(read(`---\n${yaml}\n---\ntext`).withheld?.reason).toBe(reason);
});

describe("MDX", () => {
  test("modules and expressions are no text, components and literals are", () => {
    const mdx = [
      'import X from "x";',
      "export const meta = {\n  a: 1,\n\n  b: '}',\n};",
      "# Page",
      '<X title="Shown" items={[\'a\']}>Hello</X> **bold** {props.version} {"text"} {/* no */}',
      '<Tabs>\n<Tab label="npm">\n\nRun `npm i {x}`.\n\n</Tab>\n</Tabs>',
      "{list.map((x) => <Item x={x} />)}",
      "## Sub {#own}",
      "- item",
      "## Other {/* #named */}",
      "```js\nimport y from 'y';\n# not {#it}\n```",
    ].join("\n\n");
    expect(outline(mdx, "page.mdx")).toEqual([
      ["", "Page", "Shown Hello bold text\n\nnpm\n\nRun npm i {x}."],
      ["own", "Sub", "item"],
      ["named", "Other", "import y from 'y';\n# not {#it}"],
    ]);
  });

  test("what is none is read as Markdown, with a warning", () => {
    const page = read("# Page\n\nA < b and {unclosed\n\n<div>\n\nText", "page.mdx");
    expect(page.warning).toMatch(/not valid MDX/);
    expect(page.title).toBe("Page");
    expect(page.sections.map((section) => section.text).join()).toContain("Text");
  });
});
