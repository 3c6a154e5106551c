import { loadavg } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { readManifest } from "../../build/artifact/folder.ts";
import { build } from "../../build/index.ts";
import { readWordNet } from "../../build/sources/wordnet.ts";
import { columns } from "../cli/describe.ts";
import { progressView } from "../cli/terminal.ts";
import { machine } from "./machine.ts";
import { measureFilters } from "./search/filters.ts";
import { measureTexts } from "./search/texts.ts";
import { measureTypos } from "./search/typos.ts";

/** `npm run bench:search`: recall and cost of filtered searches, and how many misspelled words find their documents. */
const program = new Command("npm run bench:search --")
  .description("Measures filtered recall against exact search, and searches for misspelled words.")
  .argument(
    "[dir]",
    "an artifact; left out: WordNet's 117,791 entries with a keyword index, built into .bench",
  )
  .option("--queries <file>", "instead: CPU of whole searches for these texts (judged queries)")
  .option("--json", "print one JSON object")
  .parse();
const { json, queries } = program.opts<{ json?: boolean; queries?: string }>();
const root = fileURLToPath(new URL("../..", import.meta.url));

const dir = program.args[0] === undefined ? await wordNet() : resolve(program.args[0]);
const before = loadavg()[0]!;
const manifest = await readManifest(dir);
const texts = queries === undefined ? undefined : await measureTexts(dir, resolve(queries));
const filters = texts ? [] : await measureFilters(dir);
const typos = texts ? undefined : manifest.keyword ? await measureTypos(dir) : undefined;
if (json) {
  process.stdout.write(`${JSON.stringify({ dir, items: manifest.items, filters, typos, texts })}\n`);
} else if (texts) {
  const rows = texts.map(({ mode, milliseconds, embedding }) => [
    mode,
    `${milliseconds.toFixed(2)} ms`,
    `${embedding.toFixed(2)} ms`,
  ]);
  process.stdout.write(
    `${manifest.name}: ${manifest.items} items; ${machine()}; load ${before.toFixed(1)}\n\n`,
  );
  process.stdout.write(`${columns([["mode", "CPU a query", "of it the text's vector"], ...rows], [0])}\n`);
} else {
  const unfiltered = filters[0]!.milliseconds;
  const rows = filters.map(({ share, recall, milliseconds }) => [
    share === 1 ? "no filter" : `${share * 100}% pass`,
    recall.toFixed(3),
    `${milliseconds.toFixed(2)} ms`,
    `${(milliseconds / unfiltered).toFixed(2)}x`,
  ]);
  process.stdout.write(
    `${manifest.name}: ${manifest.items} items; ${machine()}; load ${before.toFixed(1)}\n\n`,
  );
  process.stdout.write(`${columns([["", "recall@10", "CPU a query", "of unfiltered"], ...rows], [0])}\n`);
  process.stdout.write(
    typos
      ? `\nmisspelled by one edit, found among the first ten: ${(100 * typos.found).toFixed(1)}% of ${typos.words} words\n`
      : "\nno keyword index: no words to misspell\n",
  );
}

async function wordNet(): Promise<string> {
  const out = join(root, ".bench", "wordnet");
  const there = await readManifest(out).catch(() => undefined);
  if (there) return out;
  const view = progressView(process.stderr);
  const onProgress = view.update;
  await build({ name: "wordnet", documents: () => readWordNet(), rescore: "none", out, onProgress });
  view.end();
  return out;
}
