import { Parser } from "htmlparser2";

/** Entries of a sitemap, in its order. */
export interface Sitemap {
  /** Whether it lists other sitemaps. */
  readonly isIndex: boolean;
  readonly addresses: readonly string[];
}

/**
 * Reads a sitemap: XML (https://www.sitemaps.org/protocol.html), whatever prefixes its names have, a feed (RSS, Atom), or
 * lines of text. An address is trimmed; entities and numeric references are characters.
 */
export function readSitemap(text: string): Sitemap {
  if (!/^\s*</.test(text.slice(0, 1000))) {
    const lines = text.split(/\r\n|\r|\n/).map((line) => line.trim());
    return { isIndex: false, addresses: lines.filter((line) => line !== "") };
  }
  const addresses: string[] = [];
  const path: string[] = [];
  let isIndex = false;
  /** Parts of the address at hand; undefined outside of one. */
  let address: string[] | undefined;
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        const local = localName(name);
        if (path.length === 0) isIndex = local === "sitemapindex";
        if (isAddress(path.at(-1), local)) address = [];
        if (local === "link" && path.at(-1) === "entry" && isPageOf(attributes))
          addresses.push(attributes.href!.trim());
        path.push(local);
      },
      ontext(part) {
        address?.push(part);
      },
      onclosetag() {
        path.pop();
        if (!address) return;
        const text = address.join("").trim();
        if (text !== "") addresses.push(text);
        address = undefined;
      },
    },
    { xmlMode: true, decodeEntities: true },
  );
  parser.write(text);
  parser.end();
  return { isIndex, addresses };
}

/** `loc` of a page or a sitemap (an image's is its own), `link` of an RSS item. */
function isAddress(parent: string | undefined, name: string): boolean {
  return (
    (name === "loc" && (parent === "url" || parent === "sitemap")) || (name === "link" && parent === "item")
  );
}

/** Whether a link of an Atom entry leads to its page. */
function isPageOf({ href, rel }: Readonly<Record<string, string>>): boolean {
  return href !== undefined && (rel === undefined || rel === "alternate");
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1).toLowerCase();
}
