import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { isPrivateAddress } from "./addresses.ts";
import { type CrawledPage, crawl } from "./crawl.ts";
import { createFetcher } from "./fetch.ts";
import { readSitemap } from "./sitemap.ts";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serve(
  answer: (path: string, response: ServerResponse, origin: string) => unknown,
): Promise<string> {
  let origin = "";
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    answer(request.url ?? "", response, origin);
  };
  server = createServer(listener);
  await new Promise<void>((done) => server?.listen(0, "127.0.0.1", done));
  // A TCP server's address is an object.
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return origin;
}

async function all(sitemap: string, timeout?: number): Promise<CrawledPage[]> {
  const pages: CrawledPage[] = [];
  for await (const page of crawl(sitemap, timeout === undefined ? {} : { timeout })) pages.push(page);
  return pages;
}

const html = (response: ServerResponse, body: string, headers = {}) =>
  response.writeHead(200, { "content-type": "text/html", ...headers }).end(body);

test.each([
  [
    "numeric references",
    "<urlset><url><loc>http://a/?x=1&#38;y=&#x32;</loc></url></urlset>",
    ["http://a/?x=1&y=2"],
  ],
  [
    "prefixes",
    '<sm:urlset xmlns:sm="x"><sm:url><sm:loc> http://a/ </sm:loc></sm:url></sm:urlset>',
    ["http://a/"],
  ],
  [
    "CDATA and comments",
    "<urlset><!-- <url><loc>http://no/</loc></url> --><url><loc><![CDATA[http://a/?b&c]]></loc></url></urlset>",
    ["http://a/?b&c"],
  ],
  [
    "images, which are no pages",
    "<urlset><url><loc>http://a/</loc><image:image><image:loc>http://a/i.png</image:loc></image:image></url></urlset>",
    ["http://a/"],
  ],
  ["lines of text", "http://a/\r\n\nhttp://a/b \n", ["http://a/", "http://a/b"]],
  [
    "RSS",
    "<rss><channel><link>http://a/</link><item><link>http://a/1</link></item></channel></rss>",
    ["http://a/1"],
  ],
  ["Atom", '<feed><link href="http://a/"/><entry><link href="http://a/1"/></entry></feed>', ["http://a/1"]],
  ["what is not XML quite", "<urlset><url><loc>http://a/?x&y</loc></url>", ["http://a/?x&y"]],
])("a sitemap may have %s", (_, text, addresses) => {
  expect(readSitemap(text)).toEqual({ isIndex: false, addresses });
});

test("pages are left out by X-Robots-Tag, status, type and origin; each for its reason", async () => {
  const origin = await serve((path, response, own) => {
    const paths = ["/a", "/noindex", "/google", "/gone", "/pdf", "/away", "/loop-out"];
    if (path === "/sitemap.txt")
      return response.end([...paths.map((p) => own + p), "https://x.example/"].join("\n"));
    if (path === "/noindex")
      return html(response, "x", { "x-robots-tag": ["nofollow", "noindex, nofollow"] });
    if (path === "/google") return html(response, "<p>for us", { "x-robots-tag": "googlebot: noindex" });
    if (path === "/pdf") return response.writeHead(200, { "content-type": "application/pdf" }).end("%PDF");
    if (path === "/away")
      return response.writeHead(302, { location: "http://127.0.0.1:9/latest/meta-data/" }).end();
    if (path === "/loop-out") return response.writeHead(301, { location: "file:///etc/passwd" }).end();
    if (path === "/a") return html(response, "<p>A");
    return response.writeHead(410).end();
  });
  const pages = await all(`${origin}/sitemap.txt`);
  const outcome = pages.map((page) => [
    page.url.replace(origin, ""),
    "html" in page ? page.html : page.skipped,
  ]);
  expect(outcome).toEqual([
    ["https://x.example/", "other-site"],
    ["/a", "<p>A"],
    ["/noindex", "noindex"],
    ["/google", "<p>for us"],
    ["/gone", "gone"],
    ["/pdf", "not-html"],
    ["/away", "other-site"],
    ["/loop-out", "other-site"],
  ]);
});

test("a body without an end is not read to its end, and a page that stalls is named", async () => {
  let sent = 0;
  const origin = await serve((path, response, own) => {
    if (path === "/long.txt") return response.end(`${own}/endless`);
    if (path === "/slow.txt") return response.end(`${own}/stalls`);
    response.writeHead(200, { "content-type": "text/html" });
    if (path === "/stalls") return response.write("<p>begins");
    const more = () => {
      while (!response.destroyed && response.write("x".repeat(1 << 20))) sent++;
    };
    response.on("drain", more);
    return more();
  });
  expect(await all(`${origin}/long.txt`)).toMatchObject([{ skipped: "too-large" }]);
  expect(sent).toBeLessThan(100);
  await expect(all(`${origin}/slow.txt`, 300)).rejects.toMatchObject({
    code: "UNREADABLE_SOURCE",
    message: `${origin}/stalls cannot be read: it does not answer within 0.3 s.`,
  });
});

test("an index of too many sitemaps is refused before they are asked for", async () => {
  let asked = 0;
  const origin = await serve((_, response, own) => {
    asked++;
    const entries = Array.from(
      { length: 300_000 },
      (_, i) => `<sitemap><loc>${own}/${i}.xml</loc></sitemap>`,
    );
    response.end(`<sitemapindex>${entries.join("")}</sitemapindex>`);
  });
  await expect(all(`${origin}/index.xml`)).rejects.toMatchObject({
    code: "UNREADABLE_SOURCE",
    message: expect.stringContaining("more than 1000 sitemaps"),
  });
  expect(asked).toBe(1);
});

test("a sitemap that leads to another site is refused", async () => {
  const origin = await serve((_, response) =>
    response.writeHead(302, { location: "http://other.example/" }).end(),
  );
  await expect(all(`${origin}/sitemap.xml`)).rejects.toMatchObject({
    message: expect.stringContaining("another site"),
  });
});

test("private addresses are refused to a site that is public, by number and by name", async () => {
  const origin = await serve((_, response) => html(response, "secret"));
  const fetcher = createFetcher({ allowPrivate: false, timeout: 5000 });
  const port = new URL(origin).port;
  for (const host of ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f000001", "2130706433"]) {
    await expect(
      fetcher.fetch(`http://${host}:${port}/`, { maxBytes: 100, follows: () => true }),
    ).rejects.toMatchObject({ message: expect.stringContaining("private network") });
  }
  fetcher.close();
  const addresses = [
    "10.1.2.3",
    "172.31.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "::1",
    "fe80::1%eth0",
    "fd00::1",
  ];
  expect(addresses.filter((address) => !isPrivateAddress(address))).toEqual([]);
  expect(["8.8.8.8", "172.32.0.1", "2606:4700::1111"].filter(isPrivateAddress)).toEqual([]);
});
