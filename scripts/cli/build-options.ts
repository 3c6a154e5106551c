import { type Command, Option } from "commander";
import { CODECS, METRICS } from "../../build/index.ts";
import { byteCount, decimal, wholeNumber, wholeNumberOrAuto } from "./run.ts";

/** The options that shape a forest. */
export function addForestOptions(command: Command): Command {
  const vectors = CODECS.filter((codec) => codec !== "none");
  return command
    .addOption(
      new Option("--codec <codec>", "how vectors are stored (default: int8)").choices(["auto", ...vectors]),
    )
    .addOption(
      new Option(
        "--rescore <codec>",
        "finer vectors behind the codec: int4 or int8, in memory; float32, read by range (default: auto)",
      ).choices(["auto", ...CODECS]),
    )
    .option("--trees <n>", "number of trees, or auto (default)", wholeNumberOrAuto(0, 10_000))
    .option("--target-recall <r>", "recall@10 that the default searchK must reach (default: 0.95)", decimal)
    .option("--leaf <n>", "items a leaf holds at most, or auto (default)", wholeNumberOrAuto(1, 65_536))
    .option("--max-bytes <size>", "upper bound of forest and vectors in memory, such as 45MB", byteCount)
    .option("--seed <n>", "same input, settings and seed give the same bytes (default: 0)", wholeNumber(0))
    .option("--jobs <n>", "worker threads; -1 (default) for all cores", wholeNumber(-1));
}

export function addMetricOption(command: Command): Command {
  return command.addOption(
    new Option("--metric <metric>", "how distance is measured (default: angular)").choices(METRICS),
  );
}

/** The options that cut an index into shards. */
export function addShardOptions(command: Command): Command {
  return command
    .option(
      "--shards <n>",
      "cut the index into so many shards, or auto: as many as memory asks for",
      wholeNumberOrAuto(1, 500),
    )
    .addOption(
      new Option(
        "--partition <how>",
        "clusters (default): a query asks few shards; random: it asks all",
      ).choices(["clusters", "random"]),
    )
    .option("--shard-bytes <size>", "upper bound of a shard in memory (default: 60MB)", byteCount)
    .option(
      "--only-shard <i>",
      "make the artifact of this shard alone, counted from 0, for assemble",
      wholeNumber(0),
    );
}
