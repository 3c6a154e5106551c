import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { measureDemo, measureEffort } from "./relevance/effort.ts";
import { type MeasuredEmbedder, measuredBy, openMeasured } from "./relevance/embedders.ts";
import { compareToReference } from "./relevance/exact.ts";
import { measurePooled } from "./relevance/languages.ts";
import { measureSet } from "./relevance/measure.ts";
import { measureParagraphs } from "./relevance/paragraphs.ts";
import { openReference } from "./relevance/reference.ts";
import {
  describeDifference,
  describeEffort,
  describeParagraphs,
  describeReference,
  describeScores,
  describeWords,
  type EmbedderScores,
  scoresOf,
} from "./relevance/report.ts";
import { type JudgedSet, listSets, readSet } from "./relevance/sets.ts";

/** `npm run bench:relevance`: words, meaning and both on judged collections. */
const program = new Command("npm run bench:relevance --")
  .description("Measures nDCG@10 of words, meaning and both on a folder of judged collections.")
  .argument("<folder>", "each folder in it has corpus.jsonl, queries.jsonl and qrels.tsv")
  .option("--embedder <names...>", "static, or encoder files; the last is set beside the first", ["static"])
  .option("--sets <names>", "some sets, separated by commas; default: all")
  .option("--queries <n>", "most queries of a set: every n-th is taken", "1500")
  .option("--reference <folder>", "instead: the encoder's vectors beside sentence-transformers' in float32")
  .option("--python <path>", "Python with sentence-transformers", "python3")
  .option("--paragraphs", "instead: paragraphs of 300 words as queries, beside their parts")
  .option("--pooled", "instead: words of all sets in one index, beside one index each")
  .option("--effort", "instead: vectors at the default searchK beside a whole walk and a scan")
  .option("--demo", "with --effort: the demo and its questions, too")
  .option("--json", "print one JSON object")
  .parse();
const { embedder, sets, queries, reference, python, paragraphs, pooled, effort, demo, json } = program.opts<{
  embedder: string[];
  sets?: string;
  queries: string;
  reference?: string;
  python: string;
  paragraphs?: boolean;
  pooled?: boolean;
  effort?: boolean;
  demo?: boolean;
  json?: boolean;
}>();
const folder = resolve(program.args[0]!);
const root = fileURLToPath(new URL("../..", import.meta.url));
const kept = join(root, ".bench", "relevance");
const cache = join(kept, "vectors.sqlite");
const index = join(kept, "index");

async function forEachSet<T>(
  measured: MeasuredEmbedder,
  measure: (set: JudgedSet) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  for (const name of sets?.split(",") ?? (await listSets(folder))) {
    results.push(await measure(await readSet(join(folder, name), Number(queries))));
    process.stderr.write(`${measured.name}: ${name}\n`);
  }
  return results;
}

const against = reference && (await measuredBy(await openReference(reference, python), cache));
const measures: { result: object; text: string }[] = [];
const scores: EmbedderScores[] = [];
for (const setting of embedder) {
  const measured = await openMeasured(setting, cache);
  measures.push(await measure(measured));
  measured.close();
}
if (against) against.close();
if (json) {
  process.stdout.write(`${JSON.stringify({ folder, results: measures.map(({ result }) => result) })}\n`);
} else {
  const difference = scores.length > 1 ? [describeDifference(scores[0]!, scores.at(-1)!)] : [];
  process.stdout.write([...measures.map(({ text }) => text), ...difference].join("\n"));
}

/** Measures what was asked for, by one embedder. */
async function measure(measured: MeasuredEmbedder): Promise<{ result: object; text: string }> {
  const { name } = measured;
  const indexing = { embedder: measured.embedder, out: index };
  if (against) {
    const sets = await forEachSet(measured, (set) => compareToReference(set, measured, against));
    return { result: { embedder: name, sets }, text: describeReference(name, sets) };
  }
  if (effort) {
    const sets = await forEachSet(measured, (set) => measureEffort(set, measured, index));
    if (demo) sets.push(await measureDemo(root, measured));
    return { result: { embedder: name, sets }, text: describeEffort(name, sets) };
  }
  if (pooled) {
    const read = await forEachSet(measured, async (set) => set);
    const words = { sets: read.map((set) => set.name), ways: await measurePooled(read, indexing) };
    return { result: words, text: describeWords(words) };
  }
  if (paragraphs) {
    const found = await forEachSet(measured, (set) => measureParagraphs(set, indexing));
    const sets = found.filter((score) => score !== undefined);
    return { result: { embedder: name, sets }, text: describeParagraphs(name, sets) };
  }
  const result = scoresOf(name, await forEachSet(measured, (set) => measureSet(set, indexing)));
  scores.push(result);
  return { result, text: describeScores(result) };
}
