import { mkdir, readFile, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { machine } from "../build/bench/machine.ts";
import { PACKAGES } from "../build/bench/packages.ts";
import { benchSite, type SiteReport } from "../build/bench/site/run.ts";
import { columns } from "./describe.ts";
import { bytes } from "./terminal.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const program = new Command("npm run bench:site --")
  .description(
    "Searches built sites by their pages' titles, beside Pagefind and Orama, and writes docs/bench/site.md.",
  )
  .argument(
    "<folders...>",
    "folders of built HTML, such as those of Debian's packages python3-doc and debian-handbook (dpkg -x)",
  )
  .option("--out <file>", "where the report goes", join(root, "docs", "bench", "site.md"))
  .parse();
const { out } = program.opts<{ out: string }>();

const loadBefore = loadavg()[0]!;
const reports: SiteReport[] = [];
for (const folder of program.args) {
  reports.push(
    await benchSite(resolve(folder), join(root, ".bench"), (line) => process.stderr.write(`${line}\n`)),
  );
}
await mkdir(resolve(out, ".."), { recursive: true });
await writeFile(out, await render(reports));
process.stdout.write(`${out}\n`);

async function render(list: readonly SiteReport[]): Promise<string> {
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  const date = new Date().toISOString().slice(0, 10);
  const versions = `annoy-edge ${version}, Pagefind ${PACKAGES.pagefind}, Orama ${PACKAGES["@orama/orama"]}`;
  const parts = [
    "# Titles as queries",
    `Written by \`npm run bench:site\`, ${date}; ${machine()}; Node ${process.versions.node}; ${versions}.`,
    `Every title that one page alone bears is a query, and that page the answer. MRR@10 and recall@10 over pages; index time is wall time, at a load average of ${loadBefore.toFixed(1)} before and ${loadavg()[0]!.toFixed(1)} after; index size is what a search service, or a browser, may have to load.`,
    ...list.map(section),
  ];
  return `${parts.join("\n\n")}\n`;
}

function section({ site, pages, queries, results, missing }: SiteReport): string {
  const rows = results.map((r) => [
    r.name,
    r.mrr.toFixed(4),
    r.recall.toFixed(4),
    `${r.indexSeconds.toFixed(1)} s`,
    bytes(r.indexBytes),
    r.note,
  ]);
  const head = ["", "MRR@10", "recall@10", "index time", "index size", ""];
  const lines = [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`);
  process.stdout.write(`${columns([head, ...rows], [0, 5])}\n`);
  return [`## ${site}: ${pages} pages, ${queries} queries`, lines.join("\n"), ...missing].join("\n\n");
}
