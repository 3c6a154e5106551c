import { mkdtempDisposable } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { meanScores, scoreRanking } from "../../../build/evaluate/metrics.ts";
import { readSite } from "../../../build/site/read.ts";
import { note } from "../tool.ts";
import { orama } from "./orama.ts";
import { ours } from "./ours.ts";
import { pagefind } from "./pagefind.ts";
import { RANKS, type SiteContender, type SitePage, type TitleQuery } from "./types.ts";

export interface SiteResult {
  readonly name: string;
  readonly mrr: number;
  readonly recall: number;
  readonly indexSeconds: number;
  readonly indexBytes: number;
}

export interface SiteReport {
  readonly site: string;
  readonly pages: number;
  readonly queries: number;
  readonly results: readonly SiteResult[];
  /** Contenders that could not run, and why. */
  readonly missing: readonly string[];
  /** Load averages before and after. */
  readonly load: readonly [number, number];
}

const CONTENDERS: readonly SiteContender[] = [ours, pagefind, orama];

/** Indexes a folder of built HTML with every contender, and asks each for every page by its title. */
export async function benchSite(site: string, folder: string): Promise<SiteReport> {
  const before = loadavg()[0]!;
  const pages = await readPages(folder);
  const queries = titleQueries(pages);
  note(`${site}: ${pages.length} pages, ${queries.length} titles that one page bears`);
  const results: SiteResult[] = [];
  const missing: string[] = [];
  for (const contender of CONTENDERS) {
    await using work = await mkdtempDisposable(join(tmpdir(), "annoy-edge-bench-"));
    try {
      const answer = await contender.run({ folder, work: work.path, pages, queries });
      const { rankings, indexSeconds, indexBytes } = answer;
      for (const [name, found] of Object.entries(rankings)) {
        const scores = queries.map(({ url }, i) => scoreRanking(found[i] ?? [], new Map([[url, 1]]), RANKS));
        const { mrr, recall } = meanScores(scores);
        results.push({ name, mrr, recall, indexSeconds, indexBytes });
        note(`${name}: MRR@10 ${mrr.toFixed(4)}, indexed in ${indexSeconds.toFixed(1)} s`);
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
      missing.push(`${contender.name}: ${reason}`);
      note(`${contender.name} could not run: ${reason}`);
    }
  }
  const load = [before, loadavg()[0]!] as const;
  return { site, pages: pages.length, queries: queries.length, results, missing, load };
}

/** The pages as one text each, for contenders that are given documents instead of a folder. */
async function readPages(folder: string): Promise<SitePage[]> {
  const pages = new Map<string, { title: string; texts: string[] }>();
  for await (const { pageContent, metadata } of readSite(folder)) {
    const { page, title, heading } = metadata as { page: string; title: string; heading?: string };
    const entry = pages.get(page) ?? { title, texts: [] };
    if (heading && heading !== title) entry.texts.push(heading);
    entry.texts.push(pageContent);
    pages.set(page, entry);
  }
  return [...pages].map(([url, { title, texts }]) => ({ url, title, text: texts.join("\n") }));
}

/** Titles that one page alone bears: any other would be a coin toss. */
function titleQueries(pages: readonly SitePage[]): TitleQuery[] {
  const bearers = Map.groupBy(pages, ({ title }) => title);
  return pages
    .filter(({ title }) => title.trim() !== "" && bearers.get(title)!.length === 1)
    .map(({ title, url }) => ({ query: title, url }));
}
