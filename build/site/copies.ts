import { createHash } from "node:crypto";
import { type Page, UNKNOWN_SITE } from "./page.ts";
import type { PageName, ReportBuilder } from "./report.ts";
import { pageKey } from "./urls.ts";

export interface FoundPage extends PageName {
  readonly page: Page;
}

/** A canonical address that more than this share of the pages name is a fault of their template. */
const SHARED = 0.5;
const MIN_SHARED = 3;

/**
 * Pages that are found under one address only, and are there once. Left out are pages that mark no content where others
 * do, pages whose canonical address is another page here, pages that show another one for want of a translation, and copies
 * that differ in nothing that can be asked for.
 */
export function withoutCopies(pages: readonly FoundPage[], report: ReportBuilder): FoundPage[] {
  const marked = pages.some(({ page }) => page.marked);
  const candidates = pages.filter((found) => {
    if (!marked || found.page.marked) return true;
    report.leaveOut(found, "unmarked");
    return false;
  });
  const canonical = canonicalsOf(candidates, report);
  const original = originalsOf(candidates);
  const contents = new Map<string, string>();
  const addresses = new Map<string, string>();
  return candidates.filter((found) => {
    const wanted = canonical(found);
    if (wanted !== undefined) {
      report.leaveOut(found, "canonical", wanted);
      return false;
    }
    const untranslated = original(found);
    if (untranslated !== undefined) {
      report.leaveOut(found, "untranslated", untranslated);
      return false;
    }
    const same = addresses.get(found.url);
    if (same !== undefined) {
      report.leaveOut(found, "same-address", same);
      return false;
    }
    const content = fingerprint(found.page);
    const other = contents.get(content);
    if (other !== undefined) {
      report.leaveOut(found, "copy", other);
      return false;
    }
    contents.set(content, found.source);
    addresses.set(found.url, found.source);
    return true;
  });
}

/** Key by which pages are the same: its text, and its language and filters, by which it may be asked for. */
function fingerprint({ title, sections, lang, filters }: Page): string {
  const filtered = Object.entries(filters).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify([title, sections, lang, filtered]))
    .digest("base64");
}

/**
 * The page that another one shows because it is not translated: it has the language that the other's content declares, its title
 * and its sections, before which the other may say that it is not translated.
 */
function originalsOf(pages: readonly FoundPage[]): (found: FoundPage) => string | undefined {
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
    return same.find((one) => text.endsWith(one.page.sections[0]?.text ?? ""))?.source;
  };
}

/** The page here that stands for a page; undefined when that is the page itself. */
function canonicalsOf(
  pages: readonly FoundPage[],
  report: ReportBuilder,
): (found: FoundPage) => string | undefined {
  const targets = new Map<FoundPage, string>();
  const counts = new Map<string, number>();
  for (const found of pages) {
    const { canonical, base } = found.page;
    if (canonical === undefined) continue;
    const own = URL.parse(found.url, UNKNOWN_SITE);
    const target = URL.parse(canonical, URL.parse(base ?? "", own?.href)?.href ?? own?.href ?? UNKNOWN_SITE);
    if (!target || !/^https?:$/.test(target.protocol) || canonical.trim() === "") {
      report.warn(
        `${found.source}: its canonical address ${JSON.stringify(canonical.slice(0, 200))} is none; it is ignored.`,
      );
      continue;
    }
    const key = pageKey(target.href);
    targets.set(found, key);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const here = new Map<string, FoundPage>();
  for (const found of pages) if (!here.has(pageKey(found.url))) here.set(pageKey(found.url), found);
  const ignored = new Set<string>();
  for (const [key, count] of counts) {
    const all = count === pages.length && count > 1;
    if (!all && (count < MIN_SHARED || count <= pages.length * SHARED)) continue;
    ignored.add(key);
    report.warn(`${count} of ${pages.length} pages name the same canonical address (${key}); it is ignored.`);
  }
  const next = (found: FoundPage): FoundPage | undefined => {
    const key = targets.get(found);
    return key === undefined || ignored.has(key) || key === pageKey(found.url) ? undefined : here.get(key);
  };
  return (found) => {
    // Pages that stand for each other in a circle: the first of them by address stays.
    const seen = [found];
    for (let other = next(found); other; other = next(other)) {
      const at = seen.indexOf(other);
      if (at > 0) break;
      if (at === 0) {
        const first = seen.reduce((a, b) => (a.url <= b.url ? a : b));
        return first === found ? undefined : first.source;
      }
      seen.push(other);
      if (seen.length > MAX_CHAIN) break;
    }
    return seen[1]?.source;
  };
}

/** Pages that stand for each other one after another. */
const MAX_CHAIN = 20;
