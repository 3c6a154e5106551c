import { type Command, Option } from "commander";
import { byteCount, wholeNumber, wholeNumberOrAuto } from "./run.ts";

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
