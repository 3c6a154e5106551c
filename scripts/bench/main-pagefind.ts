import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { build } from "../../build/pipeline/build.ts";
import { freePort, publishLocally, serve } from "../demo/index.ts";
import { machine } from "./machine.ts";
import { PACKAGES } from "./packages.ts";
import {
  askSide,
  type FirstAnswer,
  type Found,
  measureColdAnswer,
  measureFirstAnswer,
} from "./site/beside/measure.ts";
import { QUESTIONS, TITLES, TYPOS } from "./site/beside/questions.ts";
import { serveSides } from "./site/beside/server.ts";
import { ourSide, pagefindSide } from "./site/beside/sides.ts";
import { indexWithPagefind, launchChromium } from "./site/pagefind.ts";
import { fetchSite } from "./site/sites.ts";
import { table } from "./table.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const cache = join(root, ".bench");
const NAME = "site";
/** Queries of the first answer, and of another one on the same page. */
const QUERIES = ["rebase a branch", "delete untracked files"] as const;
const LISTS = { questions: QUESTIONS, "misspelled words": TYPOS, titles: TITLES } as const;

const program = new Command("npm run bench:pagefind --")
  .description(
    "Searches Git's documentation (Debian's package git-doc) in Chromium by <annoy-search> and by Pagefind's UI, and writes docs/bench/pagefind.md.",
  )
  .option("--embedder <name>", "as that of build", "encoder")
  .option("--artifact <dir>", "an artifact that is there, instead of a build")
  .option("--out <file>", "where the report goes", join(root, "docs", "bench", "pagefind.md"))
  .parse();
const options = program.opts<{ embedder: string; artifact?: string; out: string }>();
const note = (line: string) => process.stderr.write(`${line}\n`);

interface Measured {
  readonly name: string;
  readonly first: FirstAnswer;
  readonly found: Readonly<Record<string, Found>>;
}

const folder = await fetchSite("git", cache);
const work = await mkdtemp(join(tmpdir(), "annoy-edge-bench-"));
try {
  const artifact = options.artifact ?? join(work, NAME);
  if (!existsSync(artifact)) {
    note("annoy-edge indexes the site");
    await build({ site: folder, out: artifact, name: NAME, embedder: options.embedder });
  }
  note("Pagefind indexes the site");
  // The pages declare no language, and without one Pagefind stems nothing.
  await indexWithPagefind(folder, join(work, "pagefind"), cache, ["--force-language", "en"]);
  const state = join(work, "state");
  await publishLocally(artifact, { root, persistTo: state, onProgress: () => {} });
  const served = { root, port: await freePort(), persistTo: state, variables: { INDEX_NAME: NAME } };
  let worker = await serve(served);
  const sides = [ourSide, pagefindSide];
  const server = await serveSides({
    pages: Object.fromEntries(sides.map(({ page, html }) => [page, html])),
    folders: { "/pagefind/": join(work, "pagefind"), "/element/": join(root, "worker/ui/public") },
    worker: worker.url,
  });
  const browser = await launchChromium();
  try {
    const measured: Measured[] = [];
    for (const side of sides) {
      const found: Record<string, Found> = {};
      for (const [name, list] of Object.entries(LISTS)) {
        found[name] = await askSide(browser, server.url, side, list);
        const { first, five, missed } = found[name];
        note(`${side.name}, ${name}: ${first} first, ${five} among five\n  ${missed.join("\n  ")}`);
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
    await mkdir(join(options.out, ".."), { recursive: true });
    await writeFile(options.out, await render(measured, cold));
    process.stdout.write(`${options.out}\n`);
  } finally {
    await browser.close();
    await server.close();
    await worker.stop();
  }
} finally {
  await rm(work, { recursive: true, force: true });
}

async function render(measured: readonly Measured[], cold: number): Promise<string> {
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  const date = new Date().toISOString().slice(0, 10);
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(0)} kB`;
  const names = measured.map(({ name }) => name);
  const row = (what: string, value: (one: FirstAnswer) => string) => [
    what,
    ...measured.map(({ first }) => value(first)),
  ];
  return `${[
    "# Beside Pagefind",
    `Written by \`npm run bench:pagefind\`, ${date}: Git's documentation (git-doc, 242 files) in Chromium, by \`<annoy-search>\` (annoy-edge ${version}, embedder \`${options.embedder}\`, local workerd) and by Pagefind's UI ${PACKAGES.pagefind} (\`--force-language en\`, without its web worker, whose requests cannot be slowed down). ${machine()}; load average ${loadavg()[0]!.toFixed(1)}.`,
    "## Until the first answer",
    'Chromium\'s "Slow 4G" (180 kB a second, 562.5 ms before each answer), gzip; medians of 5; bytes with headers, without the page itself.',
    table(
      ["", ...names],
      [
        row("requests", ({ requests }) => String(requests)),
        row("of them after typing", ({ askedRequests }) => String(askedRequests)),
        row("bytes", ({ bytes }) => kilobytes(bytes)),
        row("of them after typing", ({ askedBytes }) => kilobytes(askedBytes)),
        row("page opened, query typed, first result", ({ opened }) => seconds(opened)),
        ["the same, the Worker just started", seconds(cold), "–"],
        row("the same on a second visit", ({ again }) => seconds(again)),
        row("another query on the same page", ({ next }) => seconds(next)),
      ],
    ),
    "## Answers",
    "Queries whose page is first, and among the first five; [the queries](../../scripts/bench/site/beside/questions.ts) were written before either search was asked.",
    table(
      ["", ...names],
      Object.entries(LISTS).map(([name, list]) => [
        `${list.length} ${name}`,
        ...measured.map(({ found }) => {
          const { first, five, none } = found[name]!;
          return `${first} first, ${five} among five${none > 0 ? `, ${none} show nothing` : ""}`;
        }),
      ]),
    ),
    "## What Pagefind does better",
    "It needs no server, nothing typed leaves the browser, and visited parts of the index are found offline. Another query on the same page often asks no server. Its index is built in seconds.",
  ].join("\n\n")}\n`;
}
