import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { meanScores, scoreRanking } from "../../../build/evaluate/metrics.ts";
import { readSite } from "../../../build/site/read.ts";
import { orama } from "./orama.ts";
import { ours } from "./ours.ts";
import { pagefind } from "./pagefind.ts";
import { RANKS, type SiteContender, type SitePage, type TitleQuery } from "./types.ts";

export interface SiteResult {
  readonly name: string;
  readonly note: string;
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

export interface SiteBenchOptions {
  /** Folder of fetched packages. */
  readonly cache: string;
  readonly onNote: (line: string) => void;
}

const CONTENDERS: readonly SiteContender[] = [ours, pagefind, orama];

/** Indexes a folder of built HTML with every contender, and asks each for every page by its title. */
export async function benchSite(
  name: string,
  folder: string,
  options: SiteBenchOptions,
): Promise<SiteReport> {
  const { cache, onNote } = options;
  const before = loadavg()[0]!;
  const pages = await readPages(folder);
  const queries = titleQueries(pages);
  onNote(`${name}: ${pages.length} pages, ${queries.length} titles that one page bears`);
  const results: SiteResult[] = [];
  const missing: string[] = [];
  for (const contender of CONTENDERS) {
    const work = await mkdtemp(join(tmpdir(), "annoy-edge-bench-"));
    try {
      const answer = await contender.run({ folder, work, cache, pages, queries });
      const { indexSeconds, indexBytes } = answer;
      for (const ranking of [{ ...contender, found: answer.found }, ...(answer.also ? [answer.also] : [])]) {
        const scores = queries.map(({ url }, i) =>
          scoreRanking(ranking.found[i] ?? [], new Map([[url, 1]]), RANKS),
        );
        const { mrr, recall } = meanScores(scores);
        results.push({ name: ranking.name, note: ranking.note, mrr, recall, indexSeconds, indexBytes });
        onNote(`${ranking.name}: MRR@10 ${mrr.toFixed(4)}, indexed in ${indexSeconds.toFixed(1)} s`);
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
      missing.push(`${contender.name}: ${reason}`);
      onNote(`${contender.name} could not run: ${reason}`);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  return {
    site: name,
    pages: pages.length,
    queries: queries.length,
    results,
    missing,
    load: [before, loadavg()[0]!],
  };
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
  const bearers = new Map<string, number>();
  for (const { title } of pages) bearers.set(title, (bearers.get(title) ?? 0) + 1);
  return pages
    .filter(({ title }) => title.trim() !== "" && bearers.get(title) === 1)
    .map(({ title, url }) => ({ query: title, url }));
}
