import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { renderPlot } from "./plot.ts";
import { renderMarkdown } from "./table.ts";
import type { BenchReport } from "./types.ts";

const RESULTS = "results.json";

/** Writes the measurements, a page with tables, and one plot a data set. Returns the files' paths. */
export async function writeReport(report: BenchReport, folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const files: [string, string][] = [
    [RESULTS, `${JSON.stringify(report, null, 1)}\n`],
    ["README.md", renderMarkdown(report)],
    ...report.sets.map((set): [string, string] => [`${set.id}.svg`, renderPlot(set)]),
  ];
  const paths: string[] = [];
  for (const [name, content] of files) {
    paths.push(join(folder, name));
    await writeFile(join(folder, name), content);
  }
  return paths;
}

/** The measurements that {@link writeReport} wrote, to be shown again. */
export async function readReport(folder: string): Promise<BenchReport> {
  return JSON.parse(await readFile(join(folder, RESULTS), "utf8")) as BenchReport;
}
