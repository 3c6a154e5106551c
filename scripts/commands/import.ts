import { type Command, Option } from "commander";
import {
  ANNOY_LAYOUTS,
  type BuildResult,
  type ImportAnnoyOptions,
  type ImportOptions,
  importAnnoy,
  importLangchain,
  METRICS,
} from "../../build/index.ts";
import { describeArtifact } from "../cli/describe.ts";
import { leafCommand, newCommand, type Outcome, perform, wholeNumber } from "../cli/run.ts";
import { addTextOptions, type TextFlags, withTextOptions } from "../cli/text-options.ts";

/** `annoy-edge import annoy` and `import langchain`: existing indexes to artifacts. */
export function addImport(program: Command): void {
  const group = newCommand("import", "make an artifact of an index of Annoy or LangChain").helpCommand(false);
  program.addCommand(group);
  addAnnoy(group);
  addLangchain(group);
}

function addAnnoy(group: Command): void {
  const command = leafCommand(group, "annoy", "an Annoy file (.ann) to an artifact", [
    "import annoy words.ann --dimensions 100 --metric angular --out artifacts/words",
    "import annoy words.ann --dimensions 100 --metric dot --documents words.jsonl --out artifacts/words",
  ])
    .argument("<file>", "the .ann file")
    .requiredOption("--dimensions <n>", "dimensions of the vectors: the file does not say", wholeNumber(1))
    .addOption(
      new Option("--metric <metric>", "the metric it was built by: the file does not say")
        .choices(METRICS)
        .makeOptionMandatory(),
    )
    .option("--documents <file>", ".jsonl with the items' documents, in item order")
    .addOption(
      new Option("--layout <layout>", "which of a metric's layouts it has (default: recognised)").choices(
        ANNOY_LAYOUTS,
      ),
    );
  addShared(command);
  perform<Omit<ImportAnnoyOptions, keyof TextFlags> & TextFlags>(
    command,
    async ({ onProgress }, flags, [file]) =>
      outcome(await importAnnoy(file!, { ...withTextOptions(flags), onProgress })),
  );
}

function addLangchain(group: Command): void {
  const command = leafCommand(
    group,
    "langchain",
    "a folder that LangChain's Annoy.save_local wrote to an artifact",
    ["import langchain my_index --out artifacts/mine"],
  ).argument("<folder>", "holds index.annoy and index.pkl; the pickle is read as data, nothing in it runs");
  addShared(command);
  perform<Omit<ImportOptions, keyof TextFlags> & TextFlags>(
    command,
    async ({ onProgress }, flags, [folder]) =>
      outcome(await importLangchain(folder!, { ...withTextOptions(flags), onProgress })),
  );
}

function addShared(command: Command): void {
  command
    .requiredOption("--out <dir>", "folder to write; replaced when it is an artifact already")
    .option(
      "--name <name>",
      "name to publish under (default: the first that the Worker here serves, else index)",
    )
    .addOption(
      new Option("--codec <codec>", "float32 (default) keeps Annoy's answers to the bit").choices([
        "float32",
        "int8",
        "int4",
      ]),
    )
    .option("--embedder <name>", "what made the vectors, when queries are to be texts (default: none)");
  addTextOptions(command);
}

function outcome({ out, manifest }: BuildResult): Outcome {
  return { result: { out, manifest }, text: `${out}\n${describeArtifact(manifest)}` };
}
