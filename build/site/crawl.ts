import { gunzipSync } from "node:zlib";
import { decodeHtml } from "../sources/charset.ts";
import { SourceError } from "../sources/errors.ts";

export interface CrawledPage {
  /** Where the page was found in the end, redirects followed. */
  readonly url: string;
  readonly html: string;
}

const AT_ONCE = 6;
const TIMEOUT_MS = 20_000;
const MAX_SITEMAPS = 1000;
/** As the protocol bounds it, unpacked. */
const MAX_SITEMAP_BYTES = 52_428_800;
const MAX_PAGES = 200_000;
const MAX_PAGE_BYTES = 20_000_000;

/**
 * Fetches the pages that a sitemap lists (https://www.sitemaps.org/protocol.html), sitemap indexes followed, in its
 * order. Only pages of the sitemap's own origin; what is gone (404, 410), leads away or is no HTML is passed over.
 *
 * @throws SourceError `UNREADABLE_SOURCE` naming the address that failed
 */
export async function* crawl(
  sitemap: string,
  onPage?: (done: number, total: number) => void,
): AsyncGenerator<CrawledPage> {
  const urls = await listed(sitemap);
  const seen = new Set<string>();
  let done = 0;
  for (let first = 0; first < urls.length; first += AT_ONCE) {
    const pages = await Promise.all(urls.slice(first, first + AT_ONCE).map(fetchPage));
    for (const page of pages) {
      onPage?.(done++, urls.length);
      // Two addresses may lead to one page.
      if (!page || seen.has(page.url)) continue;
      seen.add(page.url);
      yield page;
    }
  }
}

async function listed(sitemap: string): Promise<string[]> {
  let { origin } = new URL(sitemap);
  const pages = new Set<string>();
  const waiting = [sitemap];
  for (let read = 0; waiting.length > 0; read++) {
    if (read >= MAX_SITEMAPS) throw unreadable(sitemap, `it leads to more than ${MAX_SITEMAPS} sitemaps`);
    const url = waiting.shift()!;
    const response = await get(url);
    // A site that has moved, to https for one, lists its pages where they are now.
    if (read === 0) ({ origin } = new URL(response.url));
    const text = await textOf(response, url);
    const found = [...text.matchAll(/<loc>\s*(?:<!\[CDATA\[)?([^<\]]+?)(?:\]\]>)?\s*<\/loc>/gi)];
    const addresses = found.map((match) => unescapeXml(match[1]!)).filter((loc) => sameOrigin(loc, origin));
    if (/<sitemapindex[\s>]/i.test(text)) waiting.push(...addresses);
    else for (const address of addresses) pages.add(address);
    if (pages.size > MAX_PAGES) throw unreadable(sitemap, `it lists more than ${MAX_PAGES} pages`);
  }
  return [...pages];
}

/** The text of a sitemap, which may be a gzip file. */
async function textOf(response: Response, url: string): Promise<string> {
  const bytes = Buffer.from(await response.arrayBuffer());
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString();
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_SITEMAP_BYTES }).toString();
  } catch (cause) {
    throw unreadable(url, `it is not gzip, or more than ${MAX_SITEMAP_BYTES} bytes`, cause);
  }
}

async function fetchPage(url: string): Promise<CrawledPage | undefined> {
  const response = await get(url, [404, 410]);
  const type = response.headers.get("content-type") ?? "";
  const length = Number(response.headers.get("content-length") ?? 0);
  const elsewhere = !sameOrigin(response.url, new URL(url).origin);
  if (!response.ok || elsewhere || !/html/i.test(type) || length > MAX_PAGE_BYTES) {
    await response.body?.cancel();
    return undefined;
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { url: response.url.replace(/#.*$/, ""), html: decodeHtml(bytes, type) };
}

async function get(url: string, allowed: readonly number[] = []): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { "user-agent": "annoy-edge (site search indexer)" },
    });
  } catch (cause) {
    const reason =
      cause instanceof Error && cause.name === "TimeoutError" ? "it does not answer" : "it cannot be reached";
    throw unreadable(url, reason, cause);
  }
  if (!response.ok && !allowed.includes(response.status))
    throw unreadable(url, `it answers ${response.status}`);
  return response;
}

function sameOrigin(url: string, origin: string): boolean {
  return URL.canParse(url) && new URL(url).origin === origin;
}

function unescapeXml(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}

function unreadable(url: string, what: string, cause?: unknown): SourceError {
  return new SourceError("UNREADABLE_SOURCE", `${url} cannot be read: ${what}.`, { cause });
}
