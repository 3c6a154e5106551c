import type { Page } from "./page.ts";

/** A name that stands on this many pages, and on more than half of all, is the site's and not a page's. */
const MIN_PAGES = 3;
const MOST_PAGES = 0.5;
/** A longer title is no title, and would be cut in too many ways. */
const MAX_TITLE = 300;
/** Between a page's title and the site's name: ` - `, ` | `, ` — `, ` :: `, `: `, ` (`. */
const SEPARATOR = /\s+(?:[-–—|·•»›~]|::)\s+|:\s+|\s+(?=\()/gu;

/**
 * Pages with titles of their own. Generators put the site's name into every `title`, and some into a first `h1`: all
 * pages together show which part they share. A section of such a name is left out, unless its text is the page's own.
 */
export function withOwnTitles<Found extends { readonly page: Page }>(found: readonly Found[]): Found[] {
  const pages = found.map(({ page }) => page);
  const headings = frequent(pages.map(({ names }) => names.headings));
  const texts = frequent(pages.map(({ sections }) => sections.slice(0, 1).map(({ text }) => text)));
  const endings = frequent(pages.map(({ names }) => endingsOf(names.head)));
  const beginnings = frequent(pages.map(({ names }) => beginningsOf(names.head)));
  return found.map((entry) => {
    const { page } = entry;
    const { given, headings: own, head } = page.names;
    const heading = own.find((name) => !headings.has(name));
    const title = given ?? heading ?? (withoutSite(head, endings, beginnings) || page.title);
    const sections = page.sections.flatMap((section, i) => {
      if (i > 0 || !headings.has(section.heading)) return [section];
      return section.text === "" || texts.has(section.text) ? [] : [{ ...section, heading: "" }];
    });
    return { ...entry, page: { ...page, title, sections: sections.length > 0 ? sections : page.sections } };
  });
}

/** The texts that most pages have. */
function frequent(lists: readonly (readonly string[])[]): ReadonlySet<string> {
  const counts = new Map<string, number>();
  for (const list of lists) for (const name of new Set(list)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const most = lists.length * MOST_PAGES;
  return new Set([...counts].filter(([, count]) => count >= MIN_PAGES && count > most).map(([name]) => name));
}

function separatorsOf(title: string): RegExpExecArray[] {
  return title.length > MAX_TITLE ? [] : [...title.matchAll(SEPARATOR)];
}

/** Longest first. */
function endingsOf(title: string): string[] {
  return separatorsOf(title).map(({ index }) => title.slice(index));
}

function beginningsOf(title: string): string[] {
  return separatorsOf(title)
    .map((separator) => title.slice(0, separator.index + separator[0].length))
    .reverse();
}

function withoutSite(title: string, endings: ReadonlySet<string>, beginnings: ReadonlySet<string>): string {
  const ending = endingsOf(title).find((text) => endings.has(text)) ?? "";
  const rest = title.slice(0, title.length - ending.length);
  const beginning = beginningsOf(rest).find((text) => beginnings.has(text)) ?? "";
  return rest.slice(beginning.length).trim();
}
