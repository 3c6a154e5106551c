import { createHash } from "node:crypto";
import { type FoundPage, linkedFrom, type Shown } from "./found-page.ts";
import { listsOf } from "./lists.ts";
import type { Page } from "./page.ts";
import type { ReportBuilder } from "./report.ts";
import { originalsOf } from "./untranslated.ts";
import { pageKey } from "./urls.ts";

/** A canonical address that more than this share of the pages name is a fault of their template. */
const SHARED = 0.5;
const MIN_SHARED = 3;

/**
 * Pages that are found under one address only, and are there once. Left out are pages that mark no content where others
 * do, pages whose canonical address is another page here, lists that repeat the pages they lead to, pages that show another one for want of a translation, which that
 * one then names, and copies that differ in nothing that can be asked for.
 */
export function withoutCopies(pages: readonly FoundPage[], report: ReportBuilder): FoundPage[] {
  const marked = pages.some(({ page }) => page.marked);
  const candidates = pages.filter((found) => {
    if (!marked || found.page.marked) return true;
    report.leaveOut(found, "unmarked");
    return false;
  });
  const canonical = canonicalsOf(candidates, report);
  const list = listsOf(candidates);
  const original = originalsOf(candidates);
  const shownIn = new Map<FoundPage, Shown[]>();
  const contents = new Map<string, string>();
  const addresses = new Map<string, string>();
  const kept = candidates.filter((found) => {
    const wanted = canonical(found);
    if (wanted !== undefined) {
      report.leaveOut(found, "canonical", wanted);
      return false;
    }
    const listed = list(found);
    if (listed !== undefined) {
      report.leaveOut(found, "list", listed);
      return false;
    }
    const untranslated = original(found);
    if (untranslated !== undefined) {
      report.leaveOut(found, "untranslated", untranslated.source);
      const { page, url } = found;
      const others = shownIn.get(untranslated) ?? [];
      if (page.lang) shownIn.set(untranslated, [...others, { lang: page.lang, url }]);
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
  return kept.map((found) => {
    const shown = shownIn.get(found);
    return shown ? { ...found, shownIn: shown } : found;
  });
}

/** Key by which pages are the same: its text, and its language and filters, by which it may be asked for. */
function fingerprint({ title, sections, lang, filters }: Page): string {
  const filtered = Object.entries(filters).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify([title, sections, lang, filtered]))
    .digest("base64");
}

/** The page here that stands for a page; undefined when that is the page itself. */
function canonicalsOf(
  pages: readonly FoundPage[],
  report: ReportBuilder,
): (found: FoundPage) => string | undefined {
  const targets = new Map<FoundPage, string>();
  const counts = new Map<string, number>();
  for (const found of pages) {
    const { canonical } = found.page;
    if (canonical === undefined) continue;
    const target = linkedFrom(found, canonical);
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
