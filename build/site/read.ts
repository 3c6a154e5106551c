import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { resolve, sep } from "node:path";
import { convertPathToPattern } from "tinyglobby";
import { SourceError } from "../sources/errors.ts";
import { globFiles } from "../sources/files.ts";
import type { SourceDocument, SourceFile } from "../sources/types.ts";
import { crawl } from "./crawl.ts";
import { pageDocuments } from "./documents.ts";
import { withOwnTitles } from "./names.ts";
import { type Page, readPage } from "./page.ts";
import { isHtml } from "./page-file.ts";
import { readPageFiles } from "./pages.ts";
import { pageKey, type SiteBase, siteBase, urlOfFile, urlOfMarkdown } from "./urls.ts";

export interface SiteOptions {
  /** Where the site is served: a path or an address, put before the pages' own paths. Default `/`. */
  readonly baseUrl?: string;
  readonly onPage?: (done: number, total: number) => void;
}

interface FoundPage {
  readonly url: string;
  readonly page: Page;
}

/**
 * The documents of a site, one a section: of a folder of built HTML (or of Markdown and MDX), or of the pages that a
 * sitemap lists. Redirects, pages that ask not to be indexed, pages whose canonical address is another page here, and
 * copies of a page are passed over. When any page marks its content, pages that mark none are left out, as Pagefind does.
 *
 * @throws SourceError `SOURCE_NOT_FOUND`, `SOURCE_EMPTY`, `UNREADABLE_SOURCE`
 */
export async function* readSite(location: string, options: SiteOptions = {}): AsyncGenerator<SourceDocument> {
  const base = siteBase(options.baseUrl);
  const pages: FoundPage[] = [];
  const source = /^https?:\/\//i.test(location)
    ? crawledPages(location, base, options)
    : builtPages(location, base, options);
  for await (const found of source) pages.push(found);
  const kept = withOwnTitles(withoutCopies(pages));
  if (kept.length === 0) {
    throw new SourceError("SOURCE_EMPTY", `${location} holds no page with content to index.`);
  }
  for (const { url, page } of kept) yield* pageDocuments(url, page);
}

async function* builtPages(
  folder: string,
  base: SiteBase,
  { onPage }: SiteOptions,
): AsyncGenerator<FoundPage> {
  const files = await siteFiles(folder);
  let i = 0;
  for await (const page of readPageFiles(files)) {
    const file = files[i]!;
    onPage?.(i, files.length);
    i++;
    if (typeof page !== "object") continue;
    yield { url: isHtml(file) ? urlOfFile(file.source, base) : urlOfMarkdown(file.source, base), page };
  }
}

async function* crawledPages(
  sitemap: string,
  base: SiteBase,
  { onPage, baseUrl }: SiteOptions,
): AsyncGenerator<FoundPage> {
  for await (const { url, html } of crawl(sitemap, onPage)) {
    const page = readPage(html);
    if (typeof page !== "object") continue;
    const { pathname, search } = new URL(url);
    yield { url: baseUrl === undefined ? url : base.prefix + (pathname + search).replace(/^\//, ""), page };
  }
}

async function siteFiles(folder: string): Promise<SourceFile[]> {
  const root = resolve(folder);
  const info = await stat(root).catch(() => undefined);
  if (!info?.isDirectory()) throw new SourceError("SOURCE_NOT_FOUND", `There is no folder ${folder}.`);
  const find = (endings: string) =>
    globFiles(`${convertPathToPattern(root)}/**/*.{${endings}}`, { caseSensitiveMatch: false });
  const html = await find("html,htm");
  const paths = html.length > 0 ? html : await find("md,mdx,markdown");
  if (paths.length === 0) {
    throw new SourceError("SOURCE_EMPTY", `The folder ${folder} holds no HTML, and no Markdown either.`);
  }
  return paths
    .map((path) => resolve(path))
    .map((path) => ({
      path,
      source: path
        .slice(root.length + 1)
        .split(sep)
        .join("/"),
    }))
    .filter(({ source }) => !/(?:^|\/)404(?:\/index)?\.html?$/i.test(source))
    .sort((a, b) => (a.source < b.source ? -1 : 1));
}

/** Pages that are found under one address only, and are there once. */
function withoutCopies(pages: readonly FoundPage[]): FoundPage[] {
  const marked = pages.some(({ page }) => page.marked);
  const candidates = marked ? pages.filter(({ page }) => page.marked) : pages;
  const keys = new Set(candidates.map(({ url }) => pageKey(url)));
  const contents = new Set<string>();
  return candidates.filter(({ url, page }) => {
    const own = pageKey(url);
    if (page.canonical !== undefined) {
      const wanted = pageKey(new URL(page.canonical, new URL(url, "http://site/")).href);
      if (wanted !== own && keys.has(wanted)) return false;
    }
    const content = createHash("sha256")
      .update(JSON.stringify([page.title, page.sections]))
      .digest("base64");
    if (contents.has(content)) return false;
    contents.add(content);
    return true;
  });
}
