import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";

/** Items of one shard, by the whole index's numbers. */
export interface NumberedShard {
  /** Name of the shard in messages. */
  readonly name: string;
  readonly numbers: Uint32Array;
}

/**
 * Checks that shards' numbers ascend, that no item is in two of them, and that none is missing. O(items), a bit an item.
 *
 * @throws AnnoyEdgeError `CORRUPT_IDS`, `SHARDS_OVERLAP`, `SHARDS_INCOMPLETE`
 */
export function checkNumbering(shards: readonly NumberedShard[]): number {
  const total = shards.reduce((sum, { numbers }) => sum + numbers.length, 0);
  const seen = new Uint32Array(Math.ceil(total / 32));
  for (const { name, numbers } of shards) {
    for (const [i, item] of numbers.entries()) {
      if (i > 0 && item <= numbers[i - 1]!) {
        throw new AnnoyEdgeError(
          "CORRUPT_IDS",
          `The numbers in section shardItems of ${name} do not ascend at ${i}.`,
        );
      }
      if (item >= total) {
        throw new AnnoyEdgeError(
          "SHARDS_INCOMPLETE",
          `${name} holds item ${item} of the whole, and all shards together hold only ${total} items: one is missing, or is of another build.`,
        );
      }
      const bit = 1 << (item & 31);
      if ((seen[item >>> 5]! & bit) !== 0) {
        throw new AnnoyEdgeError("SHARDS_OVERLAP", `Item ${item} is in ${name} and in a shard before it.`);
      }
      seen[item >>> 5]! |= bit;
    }
  }
  return total;
}
