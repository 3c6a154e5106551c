import { markdownTable } from "../markdown.ts";
import { PACKAGES } from "../packages.ts";
import type { SiteReport } from "./run.ts";

const HEAD = ["site (pages, queries)", "MRR@10", "recall@10", "index, MB", "index, s", "measured"];

/**
 * Renders docs/bench/site.md: a row a site.
 *
 * @param before the page as it is: its rows of other sites stay
 * @param measured version and date of these reports
 */
export function renderSites(before: string, reports: readonly SiteReport[], measured: string): string {
  const rows = rowsOf(before);
  for (const report of reports) {
    const row = rowOf(report, measured);
    const at = rows.findIndex(([name]) => name!.startsWith(`${report.site} (`));
    if (at < 0) rows.push(row);
    else rows[at] = row;
  }
  const intro = `Written by \`npm run bench:site\`: every title that one page alone has is a query, and that page the answer. A cell has annoy-edge as \`<annoy-search>\`
shows pages, in brackets its ranking alone; Pagefind ${PACKAGES.pagefind}; Orama ${PACKAGES["@orama/orama"]} (full text, titles with a boost of 2); all with their defaults, on 2 cores. Megabytes are
those that a search service, or a browser, may have to load.`;
  return `# Titles as queries\n\n${intro}\n\n${markdownTable(HEAD, rows)}\n`;
}

function rowsOf(page: string): string[][] {
  const lines = page.split("\n").filter((line) => line.startsWith("| "));
  return lines.slice(2).map((line) => line.slice(2, -2).split(" | "));
}

function rowOf({ site, pages, queries, results, load }: SiteReport, measured: string): string[] {
  const [ours, alone, ...others] = results;
  const score = (value: number) => value.toFixed(3).replace(/^0/, "");
  const cell = (value: (one: (typeof results)[number]) => string) => {
    const own = value(ours!);
    const ranking = value(alone!);
    return [own === ranking ? own : `${own} (${ranking})`, ...others.map(value)].join(", ");
  };
  return [
    `${site} (${pages}, ${queries})`,
    cell(({ mrr }) => score(mrr)),
    cell(({ recall }) => score(recall)),
    cell(({ indexBytes }) => (indexBytes / 1e6).toFixed(1)),
    cell(({ indexSeconds }) => indexSeconds.toFixed(0)),
    `${measured}, load ${Math.max(...load).toFixed(0)}`,
  ];
}
