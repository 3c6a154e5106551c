import { residentBytes } from "../../worker/core/format/budget.ts";
import { MAX_SHARDS } from "../../worker/core/format/constants.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { Manifest } from "../../worker/core/format/meta.ts";
import { type CorpusShape, SHARD_SAFETY, shardsNeeded } from "../plan/shards.ts";
import type { ForestSettings } from "../settings/options.ts";
import type { TextOptions } from "../text/options.ts";
import type { Sharding } from "./options.ts";

/**
 * Refuses a shard that takes more memory than it may: its hot part, and where its documents lie.
 *
 * @param name what people call it
 * @throws AnnoyEdgeError `SHARD_OVER_BUDGET`
 */
export function requireWithin(
  name: string,
  shard: Pick<Manifest, "hotBytes" | "items">,
  shardBytes: number,
): void {
  const bytes = residentBytes(shard);
  if (bytes <= shardBytes) return;
  throw new AnnoyEdgeError(
    "SHARD_OVER_BUDGET",
    `${name} takes ${bytes} bytes of memory; ${shardBytes} are allowed. Ask for more shards, allow more with --shard-bytes, or choose a smaller codec.`,
  );
}

/**
 * Number of shards of a corpus, and the most items of one: as many as its estimated resident bytes
 * (build/plan/resident.ts) and a tenth of safety leave within `shardBytes`.
 *
 * @throws AnnoyEdgeError `TOO_FEW_SHARDS`, `TOO_MANY_SHARDS`
 */
export function sizeShards(
  shape: CorpusShape,
  { codec }: ForestSettings,
  { keyword }: TextOptions,
  { shards, shardBytes }: Sharding,
): { readonly shards: number; readonly cap: number } {
  const { items } = shape;
  const { needed, cap, perItem, total } = shardsNeeded(shape, codec, keyword !== false, shardBytes);
  if (shards === "auto") {
    if (total <= shardBytes * SHARD_SAFETY) return { shards: 1, cap };
    if (needed <= MAX_SHARDS) return { shards: needed, cap };
    throw new AnnoyEdgeError(
      "TOO_MANY_SHARDS",
      `${items} items of about ${Math.round(perItem)} bytes in memory need ${needed} shards of ${shardBytes} bytes; ${MAX_SHARDS} is the most. Allow more with --shard-bytes, or choose a smaller codec.`,
    );
  }
  if (shards > items) {
    throw new AnnoyEdgeError(
      "TOO_MANY_SHARDS",
      `${items} items cannot be cut into ${shards} shards. Ask for fewer.`,
    );
  }
  if (shards > 1 && shards * cap < items) {
    throw new AnnoyEdgeError(
      "TOO_FEW_SHARDS",
      `${items} items take about ${Math.round(perItem)} bytes each in memory: ${shards} shards of ${shardBytes} bytes hold ${shards * cap} of them. Ask for ${needed} shards, allow more with --shard-bytes, or choose a smaller codec.`,
    );
  }
  return { shards, cap };
}
