import { type Command, Option } from "commander";
import { CSV_TYPES, type UpdateOptions, type UpdateResult, update } from "../../build/index.ts";
import { describeArtifact, recallShortfall, table } from "../cli/describe.ts";
import { leafCommand, perform, wholeNumber } from "../cli/run.ts";
import { count } from "../cli/terminal.ts";

interface Flags extends Omit<UpdateOptions, "onProgress" | "cache"> {
  readonly cache: string | boolean;
}

/** `annoy-edge update`: changes on top of an artifact. */
export function addUpdate(program: Command): void {
  const command = leafCommand(
    program,
    "update",
    "add, replace and remove documents of an artifact without building it anew",
    [
      "update artifacts/docs --source changed.jsonl",
      "update artifacts/docs --source docs/new-page.md --remove docs/old-page.md",
      "update artifacts/docs --remove gone.txt",
    ],
  )
    .argument("<dir>", "artifact folder")
    .option("--source <paths...>", "files, folders or globs; documents replace those of the same id")
    .option(
      "--remove <ids...>",
      "ids of documents to remove; what is no id is read as a file of ids, one a line",
    )
    .option("--all", "the sources hold all documents there are: remove the others")
    .option("--out <dir>", "folder to write (default: the one that is updated)")
    .addOption(new Option("--csv-types <how>", "types of CSV columns, as in build").choices(CSV_TYPES))
    .option("--follow-links", "read what symbolic links lead to outside of a folder")
    .option("--embedder <name>", "the embedder of the build, where its keys or files are not found otherwise")
    .option("--cache <file>", "embedding cache (default: .annoy-edge/embeddings.sqlite)")
    .option("--no-cache", "embed every text anew")
    .option("--jobs <n>", "worker threads; -1 (default) for all cores", wholeNumber(-1));
  perform<Flags>(command, async ({ onProgress, note }, { cache, ...flags }, [dir]) => {
    const result = await update(dir!, {
      ...flags,
      // Commander's true is the default; the library's is to say nothing.
      ...(cache !== true && { cache }),
      onNote: note,
      onProgress,
    });
    const shortfall = recallShortfall(result.manifest);
    if (shortfall) note(`Warning: ${shortfall}`);
    return { result, text: describe(result) };
  });
}

function describe({ outcome, out, manifest, counts }: UpdateResult): string {
  const { added, changed, removed, unchanged } = counts;
  const documents = `${count(added)} added, ${count(changed)} replaced, ${count(removed)} removed, ${count(unchanged)} as they were`;
  if (outcome === "unchanged") return `${out} holds these documents already (${documents}).`;
  return `${out}\n${table([["documents", documents]])}\n${describeArtifact(manifest)}`;
}
