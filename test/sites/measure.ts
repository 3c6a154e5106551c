import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openLocalIndex, type SiteReport } from "../../build/index.ts";
import { readSite } from "../../build/site/read.ts";
import { decodeHtml } from "../../build/sources/charset.ts";
import { visibleWords, wordsOf } from "./words.ts";

/** Number of ten questions that lead to the page that answers among the first five pages. */
export const MIN_ANSWERED = 8;
const SHOWN = 5;
/** Share of the visible words that are indexed, of all and of the words in elements of one name. */
export const MIN_INDEXED = 0.99;
const MIN_WORDS = 2000;

/** Questions whose page is not among the first ones, with those that are. */
export async function missedQuestions(
  artifact: string,
  questions: readonly (readonly [question: string, page: string])[],
  base = "/",
): Promise<string[]> {
  const index = await openLocalIndex(artifact);
  const missed: string[] = [];
  for (const [question, page] of questions) {
    const { hits } = await index.search({ query: question, k: 40, mode: "hybrid" });
    const pages = [...new Set(hits.map(({ document }) => document?.metadata.page))].slice(0, SHOWN);
    if (!pages.includes(`${base}${page}`)) missed.push(`${question}: ${pages.join(" ")}`);
  }
  await index.close?.();
  return missed;
}

interface Share {
  readonly seen: number;
  readonly indexed: number;
}

export interface Coverage {
  readonly all: Share;
  /** Elements of whose words too few are indexed. */
  readonly poor: readonly (Share & { readonly element: string })[];
}

/** The visible words of a site's pages against those that are indexed. */
export async function wordsIndexed(site: string): Promise<Coverage> {
  const indexed = new Map<string, Map<string, number>>();
  let report: SiteReport | undefined;
  const onReport = (finished: SiteReport) => {
    report = finished;
  };
  for await (const { pageContent, metadata } of readSite(site, { onReport })) {
    const page = decodeURIComponent(String(metadata.page).slice(1)).replace(/(?:^|\/)$/, "$&index.html");
    const counts = indexed.get(page) ?? new Map<string, number>();
    indexed.set(page, counts);
    for (const word of wordsOf(`${pageContent} ${metadata.heading} ${metadata.title}`)) {
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  const lists = new Set(report?.linkLists.map(({ page }) => page));
  const totals = new Map<string, { seen: number; indexed: number }>();
  for (const [page, have] of indexed) {
    // Of lists of links only the beginning is indexed, and the report says so.
    if (lists.has(page)) continue;
    for (const [element, words] of visibleWords(decodeHtml(await readFile(join(site, page))))) {
      const total = totals.get(element) ?? { seen: 0, indexed: 0 };
      totals.set(element, total);
      for (const [word, count] of words) {
        const found = Math.min(count, have.get(word) ?? 0);
        have.set(word, (have.get(word) ?? 0) - found);
        total.seen += count;
        total.indexed += found;
      }
    }
  }
  const all = { seen: 0, indexed: 0 };
  for (const { seen, indexed: found } of totals.values()) {
    all.seen += seen;
    all.indexed += found;
  }
  const shares = [...totals].map(([element, total]) => ({ element, ...total }));
  const poor = shares.filter((share) => share.seen >= MIN_WORDS && share.indexed / share.seen < MIN_INDEXED);
  return { all, poor };
}
