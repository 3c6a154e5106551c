import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { columns } from "../cli/describe.ts";
import { bytes } from "../cli/terminal.ts";
import { machine } from "./machine.ts";
import { PACKAGES } from "./packages.ts";
import { benchSite, type SiteReport } from "./site/run.ts";
import { fetchSite, isSiteName, SITES } from "./site/sites.ts";
import { table } from "./table.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const cache = join(root, ".bench");

const program = new Command("npm run bench:site --")
  .description(
    `Searches built sites by their pages' titles, beside Pagefind and Orama, and writes docs/bench/site.md.
Sites: folders of built HTML, or the names of documentation in Debian's packages, which are fetched with
apt-get download: ${Object.keys(SITES).join(", ")} (all of them by default).`,
  )
  .argument("[sites...]", "folders of built HTML, or names")
  .option("--out <file>", "where the report goes", join(root, "docs", "bench", "site.md"))
  .parse();
const { out } = program.opts<{ out: string }>();
const named = program.args.length > 0 ? program.args : Object.keys(SITES);

const note = (line: string) => process.stderr.write(`${line}\n`);
const reports: SiteReport[] = [];
for (const site of named) {
  const folder = isSiteName(site) ? await fetchSite(site, cache) : resolve(site);
  const name = isSiteName(site) ? SITES[site].package : `${basename(dirname(folder))}/${basename(folder)}`;
  reports.push(await benchSite(name, folder, { cache, onNote: note }));
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
    "Every title that one page alone bears is a query, and that page the answer. MRR@10 and recall@10 over pages; index time is wall time on a machine as loaded as stated; index size is what a search service, or a browser, may have to load.",
    ...list.map(section),
  ];
  return `${parts.join("\n\n")}\n`;
}

function section({ site, pages, queries, results, missing, load }: SiteReport): string {
  const rows = results.map((r) => [
    r.name,
    r.mrr.toFixed(4),
    r.recall.toFixed(4),
    `${r.indexSeconds.toFixed(1)} s`,
    bytes(r.indexBytes),
    r.note,
  ]);
  const head = ["", "MRR@10", "recall@10", "index time", "index size", ""];
  process.stderr.write(`${columns([head, ...rows], [0, 5])}\n`);
  const [before, after] = load;
  return [
    `## ${site}: ${pages} pages, ${queries} queries`,
    table(head, rows),
    `Load average ${before.toFixed(1)} before and ${after.toFixed(1)} after.`,
    ...missing,
  ].join("\n\n");
}
