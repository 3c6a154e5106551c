import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { renderPlot } from "./plot.ts";
import { renderMarkdown } from "./table.ts";
import type { BenchReport, SetResult } from "./types.ts";

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

/** The measurements that {@link writeReport} wrote; none where it has not. */
export async function readReport(folder: string): Promise<BenchReport> {
  try {
    return JSON.parse(await readFile(join(folder, RESULTS), "utf8")) as BenchReport;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { sets: [] };
    throw error;
  }
}

/** The report with one set's result in place of the older one, in the order of `ids`. */
export function withSet(report: BenchReport, result: SetResult, ids: readonly string[]): BenchReport {
  const sets = [...report.sets.filter(({ id }) => id !== result.id), result];
  return { ...report, sets: sets.sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id)) };
}
