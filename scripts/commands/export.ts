import { type Command, Option } from "commander";
import {
  ANNOY_LAYOUTS,
  type ExportAnnoyOptions,
  type ExportAnnoyResult,
  exportAnnoy,
  exportLangchain,
} from "../../build/index.ts";
import { leafCommand, newCommand, type Outcome, perform, wholeNumber } from "../cli/run.ts";
import { count } from "../cli/terminal.ts";

/** `annoy-edge export annoy` and `export langchain`: artifacts to what Python loads. */
export function addExport(program: Command): void {
  const group = newCommand(
    "export",
    "write an artifact as a file that Spotify's Annoy or LangChain loads",
  ).helpCommand(false);
  program.addCommand(group);
  const annoy = leafCommand(group, "annoy", "an artifact to a file that Spotify's Annoy loads", [
    "export annoy artifacts/words --out words.ann",
    "export annoy artifacts/words --trees 50 --out words.ann",
  ]).argument("<dir>", "artifact folder");
  addShared(annoy, "--out <file>", "the .ann file to write");
  perform<ExportAnnoyOptions>(annoy, async ({ onProgress }, flags, [dir]) =>
    outcome(await exportAnnoy(dir!, { ...flags, onProgress })),
  );
  const langchain = leafCommand(
    group,
    "langchain",
    "an artifact to a folder that LangChain's Annoy.load_local loads",
    ["export langchain artifacts/words --out words_index"],
  ).argument("<dir>", "artifact folder");
  addShared(langchain, "--out <folder>", "the folder to write");
  perform<ExportAnnoyOptions>(langchain, async ({ onProgress }, flags, [dir]) =>
    outcome(await exportLangchain(dir!, { ...flags, onProgress })),
  );
}

function addShared(command: Command, out: string, description: string): void {
  command
    .requiredOption(out, description)
    .option(
      "--trees <n>",
      "trees to grow where the artifact has no Annoy trees (default: 10); -1 for twice as many nodes as items",
      wholeNumber(-1),
    )
    .addOption(
      new Option(
        "--layout <layout>",
        "node layout where a metric has two (default: what Annoy 1.17 loads)",
      ).choices(ANNOY_LAYOUTS),
    )
    .option("--seed <n>", "of the trees that are grown", wholeNumber(0))
    .option("--jobs <n>", "worker threads; -1 (default) for all cores", wholeNumber(-1));
}

function outcome(result: ExportAnnoyResult): Outcome {
  const { out, items, dimensions, metric, trees, layout, kept } = result;
  const origin = kept ? "as they were imported" : "grown for this file";
  const text = `${out}\n  ${count(items, "item")} of ${dimensions} dimensions, ${metric} (layout ${layout})\n  ${count(trees, "tree")}, ${origin}`;
  return { result, text };
}
