import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { columns } from "../cli/describe.ts";
import { openMeasured } from "./relevance/embedders.ts";
import { gainOf, measureSet, type SetScores } from "./relevance/measure.ts";
import { listSets, readSet } from "./relevance/sets.ts";

/** `npm run bench:relevance`: words, meaning and both on judged collections. */
const program = new Command("npm run bench:relevance --")
  .description("Measures nDCG@10 of words, meaning and both on a folder of judged collections.")
  .argument("<folder>", "each folder in it has corpus.jsonl, queries.jsonl and qrels.tsv")
  .option("--embedder <names...>", "static, or encoder files", ["static"])
  .option("--sets <names>", "some sets, separated by commas; default: all")
  .option("--queries <n>", "most queries of a set: every n-th is taken", "1500")
  .option("--json", "print one JSON object")
  .parse();
const { embedder, sets, queries, json } = program.opts<{
  embedder: string[];
  sets?: string;
  queries: string;
  json?: boolean;
}>();
const folder = resolve(program.args[0]!);
const kept = join(fileURLToPath(new URL("../..", import.meta.url)), ".bench", "relevance");

const results: { embedder: string; sets: SetScores[]; mean: number; least: number }[] = [];
for (const setting of embedder) {
  const measured = await openMeasured(setting, join(kept, "vectors.sqlite"));
  const scores: SetScores[] = [];
  for (const name of sets?.split(",") ?? (await listSets(folder))) {
    const set = await readSet(join(folder, name), Number(queries));
    scores.push(await measureSet(set, measured.embedder, join(kept, "index")));
    process.stderr.write(`${measured.name}: ${name}\n`);
  }
  measured.close();
  const gains = scores.map(gainOf);
  results.push({
    embedder: measured.name,
    sets: scores,
    mean: gains.reduce((sum, gain) => sum + gain, 0) / gains.length,
    least: Math.min(...gains),
  });
}

if (json) process.stdout.write(`${JSON.stringify({ folder, results })}\n`);
else {
  for (const { embedder: name, sets: scores, mean, least } of results) {
    const rows = scores.map((score) => [
      score.set,
      String(score.documents),
      String(score.queries),
      ...[score.words, score.meaning, score.both].map((x) => x.toFixed(3)),
      gainOf(score).toFixed(3),
    ]);
    const head = ["set", "documents", "queries", "words", "meaning", "both", "gain"];
    process.stdout.write(`${name}\n\n${columns([head, ...rows], [0])}\n`);
    process.stdout.write(`\n  mean gain ${mean.toFixed(3)}, least ${least.toFixed(3)}\n\n`);
  }
}
