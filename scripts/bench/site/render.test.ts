import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { renderSites } from "./render.ts";
import type { SiteReport, SiteResult } from "./run.ts";

const page = await readFile(new URL("../../../docs/bench/site.md", import.meta.url), "utf8");
const result = (name: string, mrr: number): SiteResult => ({
  ...{ name, mrr, recall: 1, indexSeconds: 12.4, indexBytes: 3_630_000 },
});

test("docs/bench/site.md is what the command writes", () => {
  expect(renderSites(page, [], "")).toBe(page);
});

test("a site measured again replaces its row, and a new one is added", () => {
  const results = [result("ours", 1), result("alone", 0.9979), result("Pagefind", 0.99)];
  const report: SiteReport = {
    ...{ site: "git-doc", pages: 241, queries: 240, results, missing: [], load: [1, 2.6] },
  };
  const row =
    "| git-doc (241, 240) | 1.000 (.998), .990 | 1.000, 1.000 | 3.6, 3.6 | 12, 12 | 9.9.9, today, load 3 |";
  const again = renderSites(page, [report], "9.9.9, today");
  expect(again.split("\n")).toHaveLength(page.split("\n").length);
  expect(again.split("\n").filter((line) => line.startsWith("| git-doc"))).toEqual([row]);
  const added = renderSites(page, [{ ...report, site: "new" }], "9.9.9, today");
  expect(added).toBe(`${page}${row.replace("git-doc", "new")}\n`);
});
