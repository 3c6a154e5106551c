import { join, resolve } from "node:path";
import { wholeNumber } from "../../cli/run.ts";
import { CACHE, note, print, tool } from "../tool.ts";
import { type MeasuredEmbedder, openEmbedder, withCache } from "./embedders.ts";
import type { Measured } from "./index.ts";
import { describeDifference, describeModes, type EmbedderScores, scoreModes } from "./modes.ts";
import { describeParagraphs, scoreParagraphs } from "./paragraphs.ts";
import { measurePooled } from "./pooled.ts";
import { describeReference, openReference, scoreReference } from "./reference.ts";
import { type JudgedSet, listSets, readSet } from "./sets.ts";

/** `npm run bench:relevance`: words, meaning and both on judged collections. */
const program = tool(
  "bench:relevance",
  "Measures nDCG@10 of words, meaning and both on a folder of judged collections.",
)
  .argument("<folder>", "each folder in it has corpus.jsonl, queries.jsonl and qrels.tsv")
  .option("--embedder <names...>", "static, or encoder files; the last is set beside the first", ["static"])
  .option("--sets <names>", "some sets, separated by commas; default: all")
  .option("--queries <n>", "most queries of a set: every n-th is taken", wholeNumber(1), 1500)
  .option("--reference <folder>", "instead: the encoder's vectors beside sentence-transformers' in float32")
  .option("--python <path>", "Python with sentence-transformers", "python3")
  .option("--paragraphs", "instead: paragraphs of 300 words as queries, beside their parts")
  .option("--pooled", "instead: words of all sets in one index, beside one index each")
  .option("--json", "print one JSON object")
  .parse();
const { embedder, sets, queries, reference, python, paragraphs, pooled, json } = program.opts<{
  embedder: string[];
  sets?: string;
  queries: number;
  reference?: string;
  python: string;
  paragraphs?: boolean;
  pooled?: boolean;
  json?: boolean;
}>();
const folder = resolve(program.args[0]!);
const cache = join(CACHE, "relevance", "vectors.sqlite");

const names = sets?.split(",") ?? (await listSets(folder));
const scores: EmbedderScores[] = [];
const measured: Measured[] = [];
for (const setting of embedder) {
  await using opened = await openEmbedder(setting, cache);
  measured.push(await measure(opened));
}
if (json) print({ folder, results: measured.map(({ result }) => result) });
else {
  const [first, last] = [scores[0], scores.at(-1)];
  const compared = first && last && first !== last ? [describeDifference(first, last)] : [];
  print([...measured.map(({ text }) => text), ...compared].join("\n\n"));
}

/** Measures what was asked for, by one embedder. */
async function measure(own: MeasuredEmbedder): Promise<Measured> {
  const { name } = own;
  if (reference) {
    await using other = await withCache(await openReference(reference, python), cache);
    return describeReference(name, await forEachSet((set) => scoreReference(set, own, other)));
  }
  if (pooled) return measurePooled(await forEachSet(async (set) => set), own);
  if (paragraphs) {
    return describeParagraphs(name, (await forEachSet((set) => scoreParagraphs(set, own))).flat());
  }
  const found = await forEachSet((set) => scoreModes(set, own));
  scores.push({ embedder: name, sets: found });
  return describeModes(name, found);
}

async function forEachSet<T>(run: (set: JudgedSet) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (const set of names) {
    note(set);
    results.push(await run(await readSet(join(folder, set), queries)));
  }
  return results;
}
