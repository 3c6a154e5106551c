import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build, openLocalIndex, type SiteReport } from "../../build/index.ts";
import { readSite } from "../../build/site/read.ts";
import { decodeHtml } from "../../build/sources/charset.ts";
import { unpacked } from "./packages.ts";
import { SITES } from "./questions.ts";
import { visibleWords, wordsOf } from "./words.ts";

/** Number of ten questions that lead to the page that answers among the first five pages. */
const MIN_ANSWERED = 8;
const SHOWN = 5;
/** Share of the visible words that are indexed, of all and of the words in elements of one name. */
const MIN_INDEXED = 0.99;
const MIN_WORDS = 2000;

let out: string;
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), "annoy-edge-sites-"));
});
afterAll(() => rm(out, { recursive: true, force: true }));

describe.each(SITES)("a site of $name", ({ name, package: pack, folder, questions }) => {
  test("answers questions with the page that does", async () => {
    const site = join(await unpacked(pack), folder);
    const artifact = join(out, name.replace(/\W/g, ""));
    await build({ site, out: artifact, name: "site" });
    const index = await openLocalIndex(artifact);
    const missed: string[] = [];
    for (const [question, page] of questions) {
      const { hits } = await index.search({ query: question, k: 40, mode: "hybrid" });
      const pages = [...new Set(hits.map(({ document }) => document?.metadata.page))].slice(0, SHOWN);
      if (!pages.includes(`/${page}`)) missed.push(`${question}: ${pages.join(" ")}`);
    }
    await index.close?.();
    expect(questions.length - missed.length, missed.join("\n")).toBeGreaterThanOrEqual(MIN_ANSWERED);
  });

  test("has its visible words in the index", async () => {
    const site = join(await unpacked(pack), folder);
    const indexed = new Map<string, Map<string, number>>();
    let report: SiteReport | undefined;
    const documents = readSite(site, {
      onReport: (finished) => {
        report = finished;
      },
    });
    for await (const { pageContent, metadata } of documents) {
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
    const sum = [...totals.values()].reduce((a, b) => ({
      seen: a.seen + b.seen,
      indexed: a.indexed + b.indexed,
    }));
    const shares = [...totals].map(([element, total]) => ({
      element,
      ...total,
      share: total.indexed / total.seen,
    }));
    const poor = shares.filter(({ seen, share }) => seen >= MIN_WORDS && share < MIN_INDEXED);
    process.stdout.write(
      `${name}: ${sum.indexed} of ${sum.seen} visible words are indexed (${((100 * sum.indexed) / sum.seen).toFixed(2)}%)\n`,
    );
    expect(sum.indexed / sum.seen).toBeGreaterThanOrEqual(MIN_INDEXED);
    expect(poor).toEqual([]);
  });
});
