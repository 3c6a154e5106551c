import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ownVersion, today } from "../machine.ts";
import { note, print, ROOT, tool } from "../tool.ts";
import { renderSites } from "./render.ts";
import { benchSite, type SiteReport } from "./run.ts";
import { fetchSite, isSiteName, SITES } from "./sites.ts";

const names = Object.keys(SITES);
const program = tool(
  "bench:site",
  `Searches built sites by their pages' titles, beside Pagefind and Orama, and writes their rows of docs/bench/site.md.
Sites: folders of built HTML, or the names of documentation in Debian's packages, which are fetched with
apt-get download: ${names.join(", ")} (all of them by default).`,
)
  .argument("[sites...]", "folders of built HTML, or names")
  .option("--out <file>", "where the report goes", join(ROOT, "docs", "bench", "site.md"))
  .parse();
const { out } = program.opts<{ out: string }>();

const reports: SiteReport[] = [];
for (const site of program.args.length > 0 ? program.args : names) {
  const folder = isSiteName(site) ? await fetchSite(site) : resolve(site);
  const name = isSiteName(site) ? SITES[site].package : `${basename(dirname(folder))}/${basename(folder)}`;
  const report = await benchSite(name, folder);
  if (report.missing.length === 0) reports.push(report);
  else note(`${name} gets no row: ${report.missing.join("; ")}`);
}
const before = existsSync(out) ? await readFile(out, "utf8") : "";
await mkdir(dirname(out), { recursive: true });
await writeFile(out, renderSites(before, reports, `${ownVersion()}, ${today()}`));
print(out);
