import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { surveySite } from "./survey.ts";

let site: string;
beforeEach(async () => {
  site = await mkdtemp(join(tmpdir(), "annoy-edge-lists-"));
});
afterEach(() => rm(site, { recursive: true, force: true }));

const TITLES = ["Oak for keels", "Larch in spring", "Copper rivets"] as const;
const summary = (i: number) => `${TITLES[i]} took us weeks of patient work in the rain.`;
const POSTS = Object.fromEntries(
  TITLES.map((title, i) => [
    `blog/p${i}/index.html`,
    main(
      `<article><h1>${title}</h1><p>${summary(i)}</p><p>Then tool ${i} broke beside the river.</p></article>`,
    ),
  ]),
);

function main(text: string, head = ""): string {
  return `<html><head>${head}</head><body><main>${text}</main></body></html>`;
}

const entries = (entry: (title: string, i: number) => string) => TITLES.map(entry).join("");

async function listsAmong(pages: Record<string, string>): Promise<readonly string[]> {
  for (const [name, text] of Object.entries({ ...POSTS, ...pages })) {
    await mkdir(dirname(join(site, name)), { recursive: true });
    await writeFile(join(site, name), text);
  }
  const { leftOut, indexed } = await surveySite(site);
  const lists = leftOut.list?.pages.map(({ page }) => page) ?? [];
  expect(indexed).toBe(TITLES.length + Object.keys(pages).length - lists.length);
  return lists;
}

test("lists of posts are left out, whatever generator made them", async () => {
  const post = (title: string, i: number) =>
    `<article><h2><a href="/blog/p${i}/">${title}</a></h2><time>July ${i}, 2026</time><p>${summary(i)}</p><a href="/blog/p${i}/">Read more</a></article>`;
  const pages = {
    // Docusaurus, Starlight, MkDocs Material, Hugo.
    "blog/index.html": main(`<h1>Blog</h1>${entries(post)}`),
    "blog/page/2/index.html": main(post(TITLES[2], 2)),
    // Jekyll, and themes of which a card is one link.
    "index.html": main(
      `<h1>Posts</h1><ul>${entries((title, i) => `<li><h3><a href="blog/p${i}/">${title}</a></h3>${summary(i)}</li>`)}</ul>`,
    ),
    "cards.html": main(
      entries((title, i) => `<a href="blog/p${i}/"><h2>${title}</h2><p>${summary(i)}</p></a>`),
    ),
    "papermod.html": main(
      entries(
        (title, i) =>
          `<article><h2>${title}</h2><p>${summary(i)}</p><a href="blog/p${i}/" aria-label="${title}"></a></article>`,
      ),
    ),
    // Titles alone, where the address says that it is a list.
    "tags/boats/index.html": main(
      `<h1>Boats</h1><ul>${entries((title, i) => `<li><a href="/blog/p${i}/">${title}</a></li>`)}</ul>`,
    ),
    "archive.html": main(
      `<h2>2026</h2><ul>${entries((title, i) => `<li><a href="/blog/p${i}/">July ${i} - ${title}</a></li>`)}</ul>`,
    ),
    // All pages in one.
    "print_page/index.html": main(TITLES.map((title, i) => `<h1>${title}</h1><p>${summary(i)}</p>`).join("")),
    // What Docusaurus calls a list.
    "blog/tags/index.html": main(
      "<h1>Tags</h1>boats",
      '<meta name="docsearch:docusaurus_tag" content="blog_tags_list">',
    ),
  };
  expect((await listsAmong(pages)).toSorted()).toEqual(Object.keys(pages).sort());
});

test("pages with words of their own stay", async () => {
  const own = [
    "Start here if water comes in between planks.",
    "Makes wood shine and keeps rot out.",
    "Hammer gently.",
  ];
  const pages = {
    "guides.html": main(
      entries((title, i) => `<h2><a href="/blog/p${i}/">${title}</a></h2><p>${own[i]}</p>`),
    ),
    "contents.html": main(
      `<h1>Contents</h1>${entries((title, i) => `<a href="/blog/p${i}/">${title}</a><br>`)}`,
    ),
    "tags/what/index.html": main(
      "<h1>Tags</h1><p>A tag groups posts, such as <a href='/blog/p0/'>Oak for keels</a>.</p>",
    ),
    "related.html": main(
      `<article><h1>Ash for oars</h1><p>${own.join(" ")}</p></article>${entries((title, i) => `<article><a href="/blog/p${i}/">${title}</a></article>`)}`,
    ),
  };
  expect(await listsAmong(pages)).toEqual([]);
});
