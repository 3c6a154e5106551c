import { gunzipSync } from "node:zlib";
import { decodeHtml, decodeXml } from "../sources/charset.ts";
import { isPrivateHost } from "./addresses.ts";
import { createFetcher, type Fetcher, unreadable } from "./fetch.ts";
import type { Reason } from "./report.ts";
import { forbidsIndexing } from "./robots.ts";
import { readSitemap } from "./sitemap.ts";

/** A page as it was fetched, or why it is none. */
export type CrawledPage =
  | {
      /** Address of the page, redirects followed. */
      readonly url: string;
      readonly html: string;
    }
  | { readonly url: string; readonly skipped: Reason; readonly detail?: string };

export interface CrawlOptions {
  readonly onPage?: ((done: number, total: number) => void) | undefined;
  /** Milliseconds that an answer may take; default 20,000. */
  readonly timeout?: number;
}

const AT_ONCE = 6;
const TIMEOUT_MS = 20_000;
const MAX_SITEMAPS = 1000;
/** As the protocol bounds it, unpacked. */
const MAX_SITEMAP_BYTES = 52_428_800;
const MAX_PAGES = 200_000;
const MAX_PAGE_BYTES = 20_000_000;

/**
 * Fetches the pages that a sitemap lists, sitemap indexes followed, in its order. Only pages of the sitemap's own origin
 * are asked for, wherever redirects lead; private addresses only when the sitemap's is one.
 *
 * @throws SourceError `UNREADABLE_SOURCE` naming the address that failed
 */
export async function* crawl(
  sitemap: string,
  { onPage, timeout = TIMEOUT_MS }: CrawlOptions = {},
): AsyncGenerator<CrawledPage> {
  if (!URL.canParse(sitemap)) throw unreadable(sitemap, "it is no address");
  const allowPrivate = await isPrivateHost(new URL(sitemap).hostname);
  const fetcher = createFetcher({ allowPrivate, timeout });
  try {
    const { pages, elsewhere } = await listed(sitemap, fetcher);
    for (const url of elsewhere) yield { url, skipped: "other-site" };
    const seen = new Set<string>();
    let done = 0;
    for (let first = 0; first < pages.length; first += AT_ONCE) {
      const fetched = await Promise.all(
        pages.slice(first, first + AT_ONCE).map((url) => fetchPage(url, fetcher)),
      );
      for (const page of fetched) {
        onPage?.(done++, pages.length);
        // Two addresses may lead to one page.
        if (seen.has(page.url)) continue;
        seen.add(page.url);
        yield page;
      }
    }
  } finally {
    fetcher.close();
  }
}

async function listed(
  sitemap: string,
  fetcher: Fetcher,
): Promise<{ readonly pages: readonly string[]; readonly elsewhere: readonly string[] }> {
  let origin: string | undefined;
  const pages = new Set<string>();
  const elsewhere = new Set<string>();
  const waiting = [sitemap];
  const known = new Set(waiting);
  for (let next = 0; next < waiting.length; next++) {
    const url = waiting[next]!;
    const { text, url: found } = await fetchSitemap(url, fetcher, origin);
    // A site that has moved, to https for one, lists its pages where they are now.
    origin ??= new URL(found).origin;
    const { isIndex, addresses } = readSitemap(text);
    for (const address of addresses) {
      const target = URL.parse(address);
      if (!target) continue;
      target.hash = "";
      if (target.origin !== origin) elsewhere.add(target.href);
      else if (!isIndex) pages.add(target.href);
      else if (!known.has(target.href)) {
        known.add(target.href);
        waiting.push(target.href);
      }
      if (waiting.length > MAX_SITEMAPS)
        throw unreadable(url, `it leads to more than ${MAX_SITEMAPS} sitemaps`);
      if (pages.size + elsewhere.size > MAX_PAGES)
        throw unreadable(url, `it lists more than ${MAX_PAGES} pages`);
    }
  }
  return { pages: [...pages], elsewhere: [...elsewhere] };
}

/** The text of a sitemap, which may be a gzip file. */
async function fetchSitemap(
  url: string,
  fetcher: Fetcher,
  origin: string | undefined,
): Promise<{ readonly text: string; readonly url: string }> {
  const { hostname } = new URL(url);
  const answer = await fetcher.fetch(url, {
    maxBytes: MAX_SITEMAP_BYTES,
    follows: (target) =>
      origin === undefined ? isSameHost(hostname, target.hostname) : target.origin === origin,
  });
  if (answer.leadsTo !== undefined)
    throw unreadable(url, `it leads to ${answer.leadsTo}, which is another site`);
  if (answer.status !== 200) throw unreadable(url, `it answers ${answer.status}`);
  const { body } = answer;
  if (!body) throw unreadable(url, `it has more than ${MAX_SITEMAP_BYTES} bytes`);
  if (body[0] !== 0x1f || body[1] !== 0x8b) return { text: decodeXml(body, answer.type), url: answer.url };
  try {
    return { text: decodeXml(gunzipSync(body, { maxOutputLength: MAX_SITEMAP_BYTES })), url: answer.url };
  } catch (cause) {
    throw unreadable(url, `it is not gzip, or more than ${MAX_SITEMAP_BYTES} bytes`, cause);
  }
}

/** Sites move between a name and the same with `www`, and from http to https. */
function isSameHost(one: string, other: string): boolean {
  const plain = (host: string) => host.replace(/^www\./, "");
  return plain(one) === plain(other);
}

async function fetchPage(url: string, fetcher: Fetcher): Promise<CrawledPage> {
  const { origin } = new URL(url);
  const isHtml = (type: string) => /^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(type);
  const answer = await fetcher.fetch(url, {
    maxBytes: MAX_PAGE_BYTES,
    follows: (target) => target.origin === origin,
    wants: ({ status, type, robots }) => status === 200 && isHtml(type) && !robots.some(isForbidden),
  });
  if (answer.leadsTo !== undefined) return { url, skipped: "other-site", detail: answer.leadsTo };
  if (answer.status === 404 || answer.status === 410) {
    return { url, skipped: "gone", detail: `${answer.status}` };
  }
  if (answer.status !== 200) throw unreadable(url, `it answers ${answer.status}`);
  const forbidding = answer.robots.find(isForbidden);
  if (forbidding !== undefined) {
    return { url: answer.url, skipped: "noindex", detail: `X-Robots-Tag: ${forbidding}` };
  }
  if (!isHtml(answer.type)) return { url: answer.url, skipped: "not-html", detail: answer.type };
  if (!answer.body)
    return { url: answer.url, skipped: "too-large", detail: `more than ${MAX_PAGE_BYTES} bytes` };
  return { url: answer.url, html: decodeHtml(answer.body, answer.type) };
}

function isForbidden(line: string): boolean {
  return forbidsIndexing(line, { header: true });
}
