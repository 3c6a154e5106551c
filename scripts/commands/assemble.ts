import type { Command } from "commander";
import { assemble } from "../../build/index.ts";
import { describeArtifact } from "../cli/describe.ts";
import { byteCount, decimal, leafCommand, perform, wholeNumber } from "../cli/run.ts";

interface Flags {
  readonly out: string;
  readonly name?: string;
  readonly targetRecall?: number;
  readonly shardBytes?: number;
  readonly jobs?: number;
}

/** `annoy-edge assemble`: artifacts built apart to one index of shards. */
export function addAssemble(program: Command): void {
  const command = leafCommand(program, "assemble", "join artifacts into one index of shards", [
    "assemble artifacts/part-0 artifacts/part-1 artifacts/part-2 --out artifacts/docs",
  ])
    .argument(
      "<dirs...>",
      "artifact folders: what build --only-shard made, or any of one metric and embedder",
    )
    .requiredOption("--out <dir>", "folder to write; replaced when it is an artifact already")
    .option("--name <name>", "name to publish under (default: the first artifact's)")
    .option(
      "--target-recall <r>",
      "recall@10 of all together (default: the highest of the artifacts')",
      decimal,
    )
    .option("--shard-bytes <size>", "upper bound of a shard in memory (default: 60MB)", byteCount)
    .option("--jobs <n>", "worker threads; -1 (default) for all cores", wholeNumber(-1));
  perform<Flags>(command, async ({ onProgress }, flags, args) => {
    // Commander gives a variadic argument as one list.
    const dirs = args.flat().filter((dir) => dir !== undefined);
    const { out, manifest } = await assemble(dirs, { ...flags, onProgress });
    return { result: { out, manifest }, text: `${out}\n${describeArtifact(manifest)}` };
  });
}
