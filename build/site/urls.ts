import { OptionError } from "../settings/errors.ts";
import { decodeEscapes } from "../sources/decode.ts";

/** Base of a site: an origin with a path, or a path alone. Ends in a slash. */
export interface SiteBase {
  /** Put before every path: `/`, `/docs/`, `https://example.com/docs/`. */
  readonly prefix: string;
}

/** @throws OptionError */
export function siteBase(text = "/"): SiteBase {
  const valid = /^https?:\/\/[^/\s?#]+(?:\/[^\s?#]*)?$/i.test(text) || /^\/[^\s?#]*$/.test(text);
  if (!valid) {
    throw new OptionError(
      `baseUrl is ${JSON.stringify(text)}; it can be a path such as /docs/ or an address such as https://example.com/docs/.`,
    );
  }
  return { prefix: text.endsWith("/") ? text : `${text}/` };
}

/** The address of a built file: `guide/index.html` is served as `guide/`. */
export function urlOfFile(source: string, { prefix }: SiteBase): string {
  const path = source.replace(/(^|\/)index\.html?$/i, "$1");
  return prefix + path.split("/").map(encodeURIComponent).join("/");
}

/** The address of a Markdown file as most generators make it: without its ending, `index` and `README` as the folder. */
export function urlOfMarkdown(source: string, { prefix }: SiteBase): string {
  const path = source.replace(/\.(?:md|mdx|markdown)$/i, "").replace(/(^|\/)(?:index|readme)$/i, "$1");
  return prefix + path.split("/").map(encodeURIComponent).join("/");
}

/**
 * Address of a page whose front matter gives one: from the root of the site when it begins with a slash or holds one, else
 * in place of the last part of its own.
 */
export function urlOfAddress(address: string, source: string, { prefix }: SiteBase): string {
  const folder = address.includes("/") ? "" : source.replace(/[^/]*$/, "");
  const path = (folder + address).split("/").filter((part, i, all) => part !== "" || i === all.length - 1);
  return prefix + path.map((part) => encodeURIComponent(decodeEscapes(part))).join("/");
}

/**
 * Two addresses of one page compare equal by this: origin, fragment, query, `index.html`, `.html` and a slash at the
 * end make no difference.
 */
export function pageKey(url: string): string {
  const path = url.replace(/^https?:\/\/[^/]*/i, "").replace(/[?#].*$/s, "");
  let plain = path.replace(/(^|\/)index\.html?$/i, "$1").replace(/\.html?$/i, "");
  while (plain.endsWith("/")) plain = plain.slice(0, -1);
  return decodeEscapes(plain).toLowerCase() || "/";
}
