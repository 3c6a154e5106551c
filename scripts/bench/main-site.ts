import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { renderSites } from "./site/render.ts";
import { benchSite, type SiteReport } from "./site/run.ts";
import { fetchSite, isSiteName, SITES } from "./site/sites.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const cache = join(root, ".bench");

const program = new Command("npm run bench:site --")
  .description(
    `Searches built sites by their pages' titles, beside Pagefind and Orama, and writes their rows of docs/bench/site.md.
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
  const report = await benchSite(name, folder, { cache, onNote: note });
  if (report.missing.length === 0) reports.push(report);
  else note(`${name} gets no row: ${report.missing.join("; ")}`);
}
const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
const before = existsSync(out) ? await readFile(out, "utf8") : "";
await mkdir(resolve(out, ".."), { recursive: true });
await writeFile(out, renderSites(before, reports, `${version}, ${new Date().toISOString().slice(0, 10)}`));
process.stdout.write(`${out}\n`);
