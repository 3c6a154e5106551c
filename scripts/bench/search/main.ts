import { resolve } from "node:path";
import { readManifest } from "../../../build/artifact/folder.ts";
import { columns } from "../../cli/describe.ts";
import { load, machine } from "../machine.ts";
import { print, tool } from "../tool.ts";
import { buildWordNet } from "../wordnet.ts";
import { measureFilters } from "./filters.ts";
import { measureTexts } from "./texts.ts";
import { measureTypos } from "./typos.ts";

/** `npm run bench:search`: recall and cost of filtered searches, and how many misspelled words find their documents. */
const program = tool(
  "bench:search",
  "Measures filtered recall against exact search, and searches for misspelled words.",
)
  .argument(
    "[dir]",
    "an artifact; left out: WordNet's 117,791 entries with a keyword index, built into .bench",
  )
  .option("--queries <file>", "instead: CPU of whole searches for these texts (judged queries)")
  .option("--json", "print one JSON object")
  .parse();
const { json, queries } = program.opts<{ json?: boolean; queries?: string }>();

const dir = program.args[0] === undefined ? await buildWordNet("wordnet") : resolve(program.args[0]);
const loadBefore = load();
const { name, items, keyword } = await readManifest(dir);
const head = `${name}: ${items} items; ${machine()}; load ${loadBefore}`;
if (queries !== undefined) {
  const texts = await measureTexts(dir, resolve(queries));
  const rows = texts.map(({ mode, milliseconds, embedding }) => [mode, ms(milliseconds), ms(embedding)]);
  const table = columns([["mode", "CPU a query", "of it the text's vector"], ...rows], [0]);
  print(json ? { dir, items, texts } : `${head}\n\n${table}`);
} else {
  const filters = await measureFilters(dir);
  const typos = keyword && (await measureTypos(dir));
  const rows = filters.map(({ share, recall, milliseconds }) => [
    share === 1 ? "no filter" : `${share * 100}% pass`,
    recall.toFixed(3),
    ms(milliseconds),
    `${(milliseconds / filters[0]!.milliseconds).toFixed(2)}x`,
  ]);
  const table = columns([["", "recall@10", "CPU a query", "of unfiltered"], ...rows], [0]);
  const last = typos
    ? `misspelled by one edit, found among the first ten: ${(100 * typos.found).toFixed(1)}% of ${typos.words} words`
    : "no keyword index: no words to misspell";
  print(json ? { dir, items, filters, typos } : `${head}\n\n${table}\n\n${last}`);
}

function ms(milliseconds: number): string {
  return `${milliseconds.toFixed(2)} ms`;
}
