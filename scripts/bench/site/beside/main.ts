import { existsSync } from "node:fs";
import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "../../../../build/pipeline/build.ts";
import { publishLocally, serve } from "../../../demo/index.ts";
import { freePort } from "../../../demo/port.ts";
import { note, print, ROOT, tool } from "../../tool.ts";
import { indexWithPagefind, launchChromium } from "../pagefind.ts";
import { fetchSite } from "../sites.ts";
import { askSide, type Found, measureColdAnswer, measureFirstAnswer } from "./measure.ts";
import { QUESTIONS, TITLES, TYPOS } from "./questions.ts";
import { type Measured, render } from "./render.ts";
import { serveSides } from "./server.ts";
import { ourSide, pagefindSide } from "./sides.ts";

const NAME = "site";
/** Queries of the first answer, and of another one on the same page. */
const QUERIES = ["rebase a branch", "delete untracked files"] as const;
const LISTS = { questions: QUESTIONS, "misspelled words": TYPOS, titles: TITLES } as const;

const { embedder, out, ...options } = tool(
  "bench:pagefind",
  "Searches Git's documentation (Debian's package git-doc) in Chromium by <annoy-search> and by Pagefind's UI, and writes docs/bench/pagefind.md.",
)
  .option("--embedder <name>", "as that of build", "encoder")
  .option("--artifact <dir>", "an artifact that is there, instead of a build")
  .option("--out <file>", "where the report goes", join(ROOT, "docs", "bench", "pagefind.md"))
  .parse()
  .opts<{ embedder: string; artifact?: string; out: string }>();

const folder = await fetchSite("git");
await using work = await mkdtempDisposable(join(tmpdir(), "annoy-edge-bench-"));
const artifact = options.artifact ?? join(work.path, NAME);
if (!existsSync(artifact)) {
  note("annoy-edge indexes the site");
  await build({ site: folder, out: artifact, name: NAME, embedder });
}
note("Pagefind indexes the site");
const pagefind = join(work.path, "pagefind");
// The pages declare no language, and without one Pagefind stems nothing.
await indexWithPagefind(folder, pagefind, ["--force-language", "en"]);

const target = { root: ROOT, persistTo: join(work.path, "state") };
await publishLocally(artifact, target);
const served = { ...target, port: await freePort(), variables: { INDEX_NAME: NAME } };
let worker = await serve(served);
await using cleanup = new AsyncDisposableStack();
cleanup.defer(() => worker.stop());
const sides = [ourSide, pagefindSide];
await using server = await serveSides({
  pages: Object.fromEntries(sides.map(({ page, html }) => [page, html])),
  folders: { "/pagefind/": pagefind, "/element/": join(ROOT, "worker/ui/public") },
  worker: worker.url,
});
await using browser = await launchChromium();

const measured: Measured[] = [];
for (const side of sides) {
  const found: Record<string, Found> = {};
  for (const [name, list] of Object.entries(LISTS)) {
    const answers = await askSide(browser, server.url, side, list);
    found[`${list.length} ${name}`] = answers;
    note(`${side.name}, ${name}: ${answers.first} first, ${answers.five} among five`);
    note(`  ${answers.missed.join("\n  ")}`);
  }
  const first = await measureFirstAnswer(browser, server.url, side, QUERIES);
  note(`${side.name}: ${JSON.stringify(first)}`);
  measured.push({ name: side.name, first, found });
}
const restart = async () => {
  await worker.stop();
  worker = await serve({ ...served, until: "code" });
};
const cold = await measureColdAnswer(browser, server.url, ourSide, { query: QUERIES[0], restart });
note(`annoy-edge, its index not loaded: ${cold.toFixed(0)} ms`);
await mkdir(dirname(out), { recursive: true });
await writeFile(out, render(measured, cold, embedder));
print(out);
