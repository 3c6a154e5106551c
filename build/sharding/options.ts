import { SHARD_BYTES } from "../../worker/core/format/budget.ts";
import { MAX_SHARDS, type Metric } from "../../worker/core/format/constants.ts";
import { OptionError } from "../settings/errors.ts";
import { integer, oneOf } from "../settings/options.ts";

/** Settings of the partition into shards, as a person writes them. */
export interface ShardOptions {
  /** Number of shards; `auto`: as many as `shardBytes` asks for, none when one would do. Left out: an index in one piece. */
  readonly shards?: number | "auto";
  /** `clusters` (default): what is near lies together, so that a query asks few shards. `random`: it asks them all. */
  readonly partition?: "clusters" | "random";
  /** Upper bound of what one shard keeps in memory, in bytes; default 60 MB. */
  readonly shardBytes?: number;
  /** Makes the artifact of this shard alone, for `assemble` to join with the others. Needs a number of shards. */
  readonly onlyShard?: number;
}

/** {@link ShardOptions}, checked and complete. */
export interface Sharding {
  readonly shards: number | "auto";
  readonly partition: "clusters" | "random";
  readonly shardBytes: number;
  readonly onlyShard?: number;
}

const LEAST_BYTES = 64 * 1024;

/** The settings of a build that is cut; undefined for one in a single piece. @throws OptionError */
export function shardingOf(options: ShardOptions, metric: Metric): Sharding | undefined {
  const { shards, partition, shardBytes, onlyShard } = options;
  if (shards === undefined) {
    const orphan = Object.entries({ partition, shardBytes, onlyShard }).find(
      ([, value]) => value !== undefined,
    );
    if (orphan) throw new OptionError(`${orphan[0]} is for an index that is cut: say shards as well.`);
    return undefined;
  }
  if (shards !== "auto") integer("shards", shards, 1, MAX_SHARDS, ", or auto");
  if (onlyShard !== undefined) {
    if (shards === "auto") {
      throw new OptionError("onlyShard needs a number of shards: every job must cut the index the same way.");
    }
    integer("onlyShard", onlyShard, 0, shards - 1);
  }
  if (metric === "hamming" && partition === "clusters") {
    throw new OptionError("partition clusters is not possible with metric hamming; it can be random.");
  }
  return {
    shards,
    // Bits have no means to gather around.
    partition:
      metric === "hamming" ? "random" : oneOf("partition", partition ?? "clusters", ["clusters", "random"]),
    shardBytes: integer("shardBytes", shardBytes ?? SHARD_BYTES, LEAST_BYTES, Number.MAX_SAFE_INTEGER),
    ...(onlyShard !== undefined && { onlyShard }),
  };
}
