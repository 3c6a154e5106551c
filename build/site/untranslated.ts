import { type FoundPage, linkedFrom } from "./found-page.ts";
import type { Page } from "./page.ts";
import { pageKey } from "./urls.ts";

/** Share of a page's words that are those of another from which it is no translation: the rest is the theme's own. */
const SAME = 0.9;

/** Returns a function that finds the page that another one shows for want of a translation. */
export function originalsOf(pages: readonly FoundPage[]): (found: FoundPage) => FoundPage | undefined {
  const ofContent = originalsByContent(pages);
  const ofDefault = originalsByDefault(pages);
  return (found) => ofContent(found) ?? ofDefault(found);
}

/**
 * Originals by the language that the content declares: they have it, the page's title and its sections, before which the page
 * may say that it is not translated. Starlight's are such.
 */
function originalsByContent(pages: readonly FoundPage[]): (found: FoundPage) => FoundPage | undefined {
  const key = (lang: string | undefined, { title, sections }: Page) =>
    JSON.stringify([lang, title, sections.slice(1)]);
  const originals = new Map<string, FoundPage[]>();
  if (pages.some(({ page }) => page.contentLang !== undefined)) {
    for (const found of pages) {
      if (found.page.contentLang !== undefined) continue;
      const own = key(found.page.lang, found.page);
      originals.set(own, [...(originals.get(own) ?? []), found]);
    }
  }
  return ({ page }) => {
    if (page.contentLang === undefined) return undefined;
    const text = page.sections[0]?.text ?? "";
    const same = originals.get(key(page.contentLang, page)) ?? [];
    return same.find((one) => text.endsWith(one.page.sections[0]?.text ?? ""));
  };
}

/**
 * Originals by the address that a page names for readers of any other language, where that page is in another one and has
 * the same headings and nearly the same words: Docusaurus' own labels are in the page's language, and nothing else.
 */
function originalsByDefault(pages: readonly FoundPage[]): (found: FoundPage) => FoundPage | undefined {
  const here = new Map<string, FoundPage>();
  if (pages.some((found) => found.page.default !== undefined)) {
    for (const found of pages) here.set(pageKey(found.url), found);
  }
  return (found) => {
    const address = found.page.default === undefined ? undefined : linkedFrom(found, found.page.default);
    const other = address && here.get(pageKey(address.href));
    if (!other || other === found || !found.page.lang || other.page.lang === found.page.lang)
      return undefined;
    return isSame(found.page, other.page) ? other : undefined;
  };
}

function isSame(page: Page, other: Page): boolean {
  const headings = ({ sections }: Page) => sections.slice(1).map(({ heading }) => heading);
  if (headings(page).join("\n") !== headings(other).join("\n")) return false;
  const left = new Map<string, number>();
  for (const word of wordsOf(other)) left.set(word, (left.get(word) ?? 0) + 1);
  let all = 0;
  let same = 0;
  for (const word of wordsOf(page)) {
    all++;
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    same++;
  }
  return same >= SAME * all;
}

function wordsOf({ title, sections }: Page): string[] {
  const text = [title, ...sections.flatMap(({ heading, text }) => [heading, text])].join("\n");
  return text.match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
}
