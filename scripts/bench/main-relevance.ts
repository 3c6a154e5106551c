import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { type EffortScores, measureDemo, measureEffort } from "./relevance/effort.ts";
import { type MeasuredEmbedder, measuredBy, openMeasured } from "./relevance/embedders.ts";
import { compareToReference, type ReferenceScores } from "./relevance/exact.ts";
import { measurePooled, type WordScores } from "./relevance/languages.ts";
import { measureSet, type SetScores } from "./relevance/measure.ts";
import { measureParagraphs, type ParagraphScores } from "./relevance/paragraphs.ts";
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
const scores: EmbedderScores[] = [];
const parts: { embedder: string; sets: ParagraphScores[] }[] = [];
const efforts: { embedder: string; sets: EffortScores[] }[] = [];
const words: { sets: string[]; ways: WordScores[] }[] = [];
const references: { embedder: string; sets: ReferenceScores[] }[] = [];
for (const setting of embedder) {
  const measured = await openMeasured(setting, cache);
  if (against) {
    const compared = await forEachSet(measured, (set) => compareToReference(set, measured, against));
    references.push({ embedder: measured.name, sets: compared });
  } else if (effort) {
    const found = await forEachSet(measured, (set) => measureEffort(set, measured, index));
    if (demo) found.push(await measureDemo(root, measured));
    efforts.push({ embedder: measured.name, sets: found });
  } else if (pooled) {
    const read = await forEachSet(measured, async (set) => set);
    const ways = await measurePooled(read, measured.embedder, index);
    words.push({ sets: read.map(({ name }) => name), ways });
  } else if (paragraphs) {
    const found = await forEachSet(measured, (set) => measureParagraphs(set, measured.embedder, index));
    parts.push({ embedder: measured.name, sets: found.filter((score) => score !== undefined) });
  } else {
    const found: SetScores[] = await forEachSet(measured, (set) => measureSet(set, measured.embedder, index));
    scores.push(scoresOf(measured.name, found));
  }
  measured.close();
}
if (against) against.close();

if (json)
  process.stdout.write(`${JSON.stringify({ folder, results: scores, references, parts, words, efforts })}\n`);
else {
  const texts = [
    ...scores.map(describeScores),
    ...(scores.length > 1 ? [describeDifference(scores[0]!, scores.at(-1)!)] : []),
    ...references.map(({ embedder: name, sets: compared }) => describeReference(name, compared)),
    ...efforts.map(({ embedder: name, sets: found }) => describeEffort(name, found)),
    ...words.map(describeWords),
    ...parts.map(({ embedder: name, sets: found }) => describeParagraphs(name, found)),
  ];
  process.stdout.write(`${texts.join("\n")}`);
}
