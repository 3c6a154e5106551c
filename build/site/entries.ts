import { attribute, type Element, elements, isElement } from "../sources/html/dom.ts";
import { headingLevelOf, type LeftOut } from "../sources/html/furniture.ts";
import { pageKey } from "./urls.ts";

/** Links of a page that are kept. */
const MAX_ENTRIES = 500;
/** Addresses that generators give to lists of posts: their pages, and those of a tag, a category, an author, a year. */
const LIST = /\/(?:page[/-]?\d+|tags?|categor(?:y|ies)|archives?|authors?|topics?)(?:\/|$)/;

export function isListAddress(url: string): boolean {
  return LIST.test(pageKey(url));
}

/**
 * Addresses of the pages that a page may be a list of: what its headings lead to, and where there are several articles what
 * these do. By `all`, what any link leads to.
 */
export function entriesOf(roots: readonly Element[], leftOut: LeftOut, all: boolean): string[] {
  const entries = new Set<string>();
  const within = (element: Element) => !leftOut(element);
  let articles = 0;
  for (const root of roots) {
    for (const element of elements(root, within)) {
      if (element.tagName === "article") articles++;
    }
  }
  for (const root of roots) {
    for (const element of elements(root, within)) {
      const href = element.tagName === "a" ? attribute(element, "href") : undefined;
      if (href === undefined || entries.size >= MAX_ENTRIES) continue;
      if (all || isEntry(element, articles > 1)) entries.add(href);
    }
  }
  return [...entries];
}

/** Whether a link is in a heading, or around one, or by `inArticles` in an article. */
function isEntry(link: Element, inArticles: boolean): boolean {
  for (let node = link.parentNode; node && isElement(node); node = node.parentNode) {
    if (headingLevelOf(node) > 0 || (inArticles && node.tagName === "article")) return true;
  }
  for (const inner of elements(link)) if (headingLevelOf(inner) > 0) return true;
  return false;
}
