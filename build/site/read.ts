import { stat } from "node:fs/promises";
import { resolve, sep } from "node:path";
import { convertPathToPattern } from "tinyglobby";
import { SourceError } from "../sources/errors.ts";
import { globFiles, type LinkOptions, withinRoot } from "../sources/files.ts";
import type { SourceDocument, SourceFile } from "../sources/types.ts";
import { withoutCopies } from "./copies.ts";
import { crawl } from "./crawl.ts";
import { pageDocuments } from "./documents.ts";
import type { FoundPage } from "./found-page.ts";
import { writeLlms } from "./llms.ts";
import { withOwnTitles } from "./names.ts";
import { isPage, type Page, readPage, type Skipped } from "./page.ts";
import { isHtml } from "./page-file.ts";
import { readPageFiles } from "./pages.ts";
import { createReport, type PageName, type ReportBuilder, type SiteReport } from "./report.ts";
import { type SiteBase, siteBase, urlOfAddress, urlOfFile, urlOfMarkdown } from "./urls.ts";

export interface SiteOptions extends LinkOptions {
  /** Base of the site: a path or an address, put before the pages' own paths. Default `/`. */
  readonly baseUrl?: string;
  /** Writes `llms.txt` and `llms-full.txt` into the folder of the site. */
  readonly llms?: boolean;
  /** File or address of a page that the report explains. */
  readonly explain?: string;
  readonly onPage?: (done: number, total: number) => void;
  /** Receives what became of the pages, when all are read; before an error, too, that says that none is left. */
  readonly onReport?: (report: SiteReport) => void;
}

/**
 * The documents of a site, one a section: of a folder of built HTML (or of Markdown and MDX), or of the pages that a
 * sitemap lists. What is passed over, and why, is in the report. When any page marks its content, pages that mark none are
 * left out, as Pagefind does.
 *
 * @throws SourceError `SOURCE_NOT_FOUND`, `SOURCE_EMPTY`, `UNREADABLE_SOURCE`, `LINK_OUTSIDE`
 */
export async function* readSite(location: string, options: SiteOptions = {}): AsyncGenerator<SourceDocument> {
  const base = siteBase(options.baseUrl);
  const report = createReport(options.explain);
  const pages: FoundPage[] = [];
  const source = /^https?:\/\//i.test(location)
    ? crawledPages(location, base, options, report)
    : builtPages(location, base, options, report);
  for await (const found of source) pages.push(found);
  const kept = withOwnTitles(withoutCopies(pages, report));
  if (kept.length === 0) {
    const finished = report.finish();
    options.onReport?.(finished);
    const reasons = Object.entries(finished.leftOut).map(([reason, { count }]) => `${reason}: ${count}`);
    const found = reasons.length === 0 ? "" : ` Pages left out, by reason: ${reasons.join(", ")}.`;
    throw new SourceError("SOURCE_EMPTY", `${location} holds no page with content to index.${found}`);
  }
  for (const found of kept) {
    const { url, source, page } = found;
    const { documents, linkLists } = pageDocuments(found);
    report.index({ url, source }, { ...page, documents: documents.map(outlineOf), linkLists });
    yield* documents;
  }
  if (options.llms) await writeLlms(location, base, kept);
  options.onReport?.(report.finish());
}

function outlineOf({ pageContent, metadata }: SourceDocument) {
  return { url: String(metadata.url), heading: String(metadata.heading), characters: pageContent.length };
}

/** The page, unless there is a reason why it is none, which is reported. */
function* reported(name: PageName, read: Page | Skipped, report: ReportBuilder): Generator<FoundPage> {
  if (isPage(read)) yield { ...name, page: read };
  else report.leaveOut(name, read.skipped, read.detail);
}

async function* builtPages(
  folder: string,
  base: SiteBase,
  options: SiteOptions,
  report: ReportBuilder,
): AsyncGenerator<FoundPage> {
  const found = await siteFiles(folder, options);
  const files = found.filter((file) => {
    const error = /(?:^|\/)404(?:\/index)?\.html?$/i.test(file.source);
    if (error) report.leaveOut(nameOf(file, undefined, base), "not-found-page");
    return !error;
  });
  let i = 0;
  for await (const read of readPageFiles(files)) {
    const file = files[i]!;
    options.onPage?.(i, files.length);
    i++;
    yield* reported(nameOf(file, isPage(read) ? read : undefined, base), read, report);
  }
}

function nameOf(file: SourceFile, page: Page | undefined, base: SiteBase): PageName {
  const { source } = file;
  if (isHtml(file)) return { source, url: urlOfFile(source, base) };
  const address = page?.address;
  return {
    source,
    url: address === undefined ? urlOfMarkdown(source, base) : urlOfAddress(address, source, base),
  };
}

async function* crawledPages(
  sitemap: string,
  base: SiteBase,
  { onPage, baseUrl }: SiteOptions,
  report: ReportBuilder,
): AsyncGenerator<FoundPage> {
  for await (const crawled of crawl(sitemap, { onPage })) {
    const { pathname, search } = new URL(crawled.url);
    const url = baseUrl === undefined ? crawled.url : base.prefix + (pathname + search).replace(/^\//, "");
    const name = { source: crawled.url, url };
    if ("html" in crawled) yield* reported(name, readPage(crawled.html, crawled.url), report);
    else report.leaveOut(name, crawled.skipped, crawled.detail);
  }
}

async function siteFiles(folder: string, options: LinkOptions): Promise<SourceFile[]> {
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
  const files = await withinRoot(
    paths.map((path) => resolve(path)),
    root,
    options,
  );
  return files
    .map((path) => ({
      path,
      source: path
        .slice(root.length + (root.endsWith(sep) ? 0 : 1))
        .split(sep)
        .join("/"),
    }))
    .sort((a, b) => (a.source < b.source ? -1 : 1));
}
