import type { Command } from "commander";
import {
  type EvaluateOptions,
  type Evaluation,
  evaluate,
  withConfiguredEmbedder,
} from "../../build/index.ts";
import { columns } from "../cli/describe.ts";
import { leafCommand, perform, wholeNumber } from "../cli/run.ts";
import { count } from "../cli/terminal.ts";

type Flags = EvaluateOptions & { readonly config?: string };

/** `annoy-edge evaluate`: how well an artifact answers judged queries. */
export function addEvaluate(program: Command): void {
  const command = leafCommand(program, "evaluate", "score an artifact on judged queries, in every mode", [
    "evaluate artifacts/docs --queries judged.jsonl",
    "evaluate artifacts/docs --queries judged.jsonl --compare artifacts/docs-before --match url",
  ])
    .argument("<dir>", "artifact folder")
    .requiredOption("--queries <file>", ".jsonl of {query, relevant: id, [ids] or {id: grade}, filter?}")
    .option("--compare <dir>", "a second artifact, scored beside the first")
    .option("--match <field>", "what relevant names: id (default), or a metadata field such as url")
    .option("-k, --k <n>", "ranks that count (default: 10)", wholeNumber(1))
    .option(
      "--config <file>",
      "brings the embedder, when it is one's own (default: annoy-edge.config.ts here)",
    );
  perform<Flags>(command, async ({ onProgress }, { config, ...flags }, [dir]) => {
    const result = await evaluate(dir!, { ...flags, ...(await withConfiguredEmbedder(config)), onProgress });
    return { result, text: describe(result) };
  });
}

function describe({ dir, compare, k, queries, modes }: Evaluation): string {
  const names = [`MRR@${k}`, `recall@${k}`, `nDCG@${k}`];
  const head = ["mode", ...names, ...(compare ? [...names, "better", "worse"] : [])];
  const rows = modes.map(({ mode, mrr, recall, ndcg, compared }) => [
    mode,
    ...[mrr, recall, ndcg].map(figure),
    ...(compare && compared ? [compared.mrr, compared.recall, compared.ndcg].map(figure) : []),
    ...(compare && compared ? [count(compared.better), count(compared.worse)] : []),
    ...(compare && !compared ? ["", "", "", "", ""] : []),
  ]);
  const title = compare ? `${dir}, then ${compare.dir}` : dir;
  return `${title}: ${count(queries)} queries\n${columns([head, ...rows], [0])}`;
}

function figure(value: number): string {
  return value.toFixed(4);
}
