import { copyFile, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { Marked, type Tokens } from "marked";
import { PAGES, type SitePage } from "./pages.ts";

/** Files of the Worker's page that the site uses as they are. */
const SHARED = ["annoy-search.js", "favicon.svg", "fonts", "_headers"] as const;

/** Writes the project's documentation as a static site, with its search on every page. `out` is replaced. */
export async function renderSite(root: string, out: string): Promise<void> {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const linked = new Set<string>();
  for (const page of PAGES) {
    const markdown = await readFile(join(root, page.source), "utf8");
    await writeFile(join(out, page.file), renderPage(page, markdown, linked));
  }
  for (const source of linked) await cp(join(root, source), join(out, copyOf(source)));
  for (const name of SHARED) {
    await cp(join(root, "worker", "ui", "public", name), join(out, name), { recursive: true });
  }
  await cp(join(root, "docs", "images"), join(out, "images"), { recursive: true });
  await copyFile(join(import.meta.dirname, "site.css"), join(out, "site.css"));
}

/** One page of the site. Files that it links to and that are no pages are added to `linked`. */
function renderPage(page: SitePage, markdown: string, linked: Set<string>): string {
  const { html, title } = renderMarkdown(page, markdown, linked);
  const crumbs = [page.part, page.name].map((name) => `<li>${escapeHtml(name)}</li>`).join("");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}${page.file === "index.html" ? "" : " · annoy-edge"}</title>
<link rel="icon" href="favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="site.css">
<script type="module" src="annoy-search.js"></script>
</head>
<body>
<a class="skip" href="#content">To the content</a>
<header><a class="name" href="./">annoy-edge</a>
<annoy-search filters="part" messages='{"label":"Search the documentation","part":"Part"}'></annoy-search></header>
<nav aria-label="Pages">${navigation(page)}</nav>
<main id="content" data-search-body>
<nav aria-label="Breadcrumb" class="crumbs"><ol>${crumbs}</ol></nav>
<span hidden data-search-filter="part:${escapeHtml(page.part)}"></span>
${html}
</main>
</body>
</html>
`;
}

function navigation(current: SitePage): string {
  const parts = [...new Set(PAGES.map((page) => page.part))];
  return parts
    .map((part) => {
      const items = PAGES.filter((page) => page.part === part).map((page) => {
        const here = page === current ? ' aria-current="page"' : "";
        return `<li><a href="${addressOf(page)}"${here}>${escapeHtml(page.name)}</a></li>`;
      });
      return `<h2>${escapeHtml(part)}</h2><ul>${items.join("")}</ul>`;
    })
    .join("\n");
}

function renderMarkdown(
  page: SitePage,
  markdown: string,
  linked: Set<string>,
): { html: string; title: string } {
  const slugs = new Map<string, number>();
  let title = "";
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }: Tokens.Heading): string {
        if (depth === 1 && title === "") title = text;
        const id = slug(text, slugs);
        return `<h${depth} id="${id}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
    },
    walkTokens(token) {
      if (token.type === "link" || token.type === "image") token.href = linkFrom(page, token.href, linked);
      else if (token.type === "html") {
        token.text = token.text.replace(
          /\b(src|srcset)="([^"]+)"/g,
          (_: string, name: string, path: string) => `${name}="${linkFrom(page, path, linked)}"`,
        );
      }
    },
  });
  const html = marked.parse(markdown, { async: false });
  // Wide tables scroll within themselves, by keyboard, too.
  const scrolling = html
    .replaceAll("<table>", '<div class="wide" tabindex="0" role="group" aria-label="Table"><table>')
    .replaceAll("</table>", "</table></div>")
    .replaceAll("<pre>", '<pre tabindex="0">');
  return { html: scrolling, title };
}

/** A heading's anchor, as GitHub makes it, so that links between the documents hold on both. */
export function slug(text: string, taken: Map<string, number>): string {
  const base = text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");
  const count = taken.get(base) ?? 0;
  taken.set(base, count + 1);
  return count === 0 ? base : `${base}-${count}`;
}

/** A link of a document, as it must be in the site: to another page of it, to an image, to a copy of a file, or out. */
function linkFrom(page: SitePage, href: string, linked: Set<string>): string {
  if (/^(?:[a-z]+:|#)/i.test(href)) return href;
  const [path = "", anchor] = href.split("#");
  const source = posix.normalize(posix.join(posix.dirname(page.source), path));
  const target = PAGES.find((other) => other.source === source);
  if (target) return `${addressOf(target)}${anchor === undefined ? "" : `#${anchor}`}`;
  if (source.startsWith("docs/images/")) return source.slice("docs/".length);
  linked.add(source);
  return copyOf(source);
}

/** Returns the path of a project's file in the site. Names that begin with a dot are not served. */
function copyOf(source: string): string {
  return `files/${source.replaceAll("/.", "/").replace(/^\./, "")}`;
}

function addressOf(page: SitePage): string {
  return page.file === "index.html" ? "./" : page.file.replace(/\.html$/, "");
}

function escapeHtml(text: string): string {
  const names: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (character) => names[character] ?? character);
}
