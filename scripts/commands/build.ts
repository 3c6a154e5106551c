import { type Command, Option } from "commander";
import { type BuildOptions, build, SPLITTERS } from "../../build/index.ts";
import { describeArtifact } from "../describe.ts";
import { addForestOptions, addMetricOption } from "../forest-options.ts";
import { leafCommand, perform, wholeNumber } from "../run.ts";

/** `annoy-edge build`: documents to artifact. */
export function addBuild(program: Command): void {
  const command = leafCommand(program, "build", "build an artifact from documents", [
    "build --source docs --out artifacts/docs",
    'build --source "notes/**/*.md" faq.jsonl --out artifacts/help --name help --target-recall 0.98',
    "build --source vectors.jsonl --metric dot --codec float32 --out artifacts/vectors",
  ])
    .requiredOption("--source <paths...>", "files (.jsonl .csv .txt .md .html), folders or globs")
    .requiredOption("--out <dir>", "folder to write; replaced when it is an artifact already")
    .option("--name <name>", "name to publish under (default: INDEX_NAME of wrangler.toml here, else index)");
  command
    .addOption(new Option("--splitter <name>", "how texts are cut (default: auto)").choices(SPLITTERS))
    .option("--chunk-size <n>", "characters a chunk has at most (default: 1000)", wholeNumber(1))
    .option("--chunk-overlap <n>", "characters repeated of the chunk before (default: 200)", wholeNumber(0))
    .option("--embedder <name>", "static (default), or none when the documents bring vectors");
  command
    .option("--no-keyword", "no keyword index: vectors alone")
    .option("--language <code>", "stemming of the keyword index: en (default), de, ... or none")
    .option(
      "--filterable <fields...>",
      "metadata fields to filter by (default: those of few values), or none",
    );
  addMetricOption(command);
  addForestOptions(command);
  perform<Flags>(command, async ({ onProgress }, { keyword, language, filterable, ...flags }) => {
    const { out, manifest } = await build({
      ...flags,
      keyword: keyword && language !== undefined ? { language } : keyword,
      ...(filterable && { filterable: filterable.join() === "none" ? [] : filterable }),
      onProgress,
    });
    return { result: { out, manifest }, text: `${out}\n${describeArtifact(manifest)}` };
  });
}

interface Flags extends Omit<BuildOptions, "onProgress" | "keyword"> {
  readonly keyword: boolean;
  readonly language?: string;
}
