import { MAX_SHARDS } from "../../worker/core/format/constants.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { Manifest } from "../../worker/core/format/meta.ts";
import type { ForestSettings } from "../forest/types.ts";
import type { TextOptions } from "../pipeline/text.ts";
import { residentBytes } from "../plan/resident.ts";
import { residentBytes as heldBytes } from "../publish/gate.ts";
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
  const bytes = heldBytes(shard);
  if (bytes <= shardBytes) return;
  throw new AnnoyEdgeError(
    "SHARD_OVER_BUDGET",
    `${name} takes ${bytes} bytes of memory; ${shardBytes} are allowed. Ask for more shards, allow more with --shard-bytes, or choose a smaller codec.`,
  );
}

/** What a corpus weighs, as far as it decides how many shards it takes. */
export interface CorpusShape {
  readonly items: number;
  readonly dimensions: number;
  /** Of `documents.jsonl`. */
  readonly documentBytes: number;
  readonly hasText: boolean;
}

/** The estimate is within a tenth of what is built. */
const SAFETY = 0.9;
/** Room for clusters to stay whole. */
const SLACK = 1.03;
/** Of a line of `documents.jsonl`, what is not text: braces, names, item, id. */
const LINE_OVERHEAD = 60;
/** `shardItems`, and a little for columns. */
const FURTHER_BYTES = 8;

/** How many shards of so many bytes a corpus needs, and the items that one of them holds at most. */
export function shardsNeeded(
  { items, dimensions, documentBytes, hasText }: CorpusShape,
  codec: ForestSettings["codec"],
  keyword: boolean,
  shardBytes: number,
): { readonly needed: number; readonly cap: number; readonly perItem: number; readonly total: number } {
  const textBytes = Math.max(0, documentBytes / items - LINE_OVERHEAD);
  const { total, embedder } = residentBytes({
    items,
    dimensions,
    codec: codec === "auto" ? "int8" : codec,
    textBytes: hasText ? textBytes : 0,
    keyword: hasText && keyword,
  });
  // The embedder's table lies in the router.
  const perItem = (total - embedder) / items + FURTHER_BYTES;
  const cap = Math.max(1, Math.floor((shardBytes * SAFETY) / perItem));
  return { needed: Math.ceil((items * SLACK) / cap), cap, perItem, total };
}

/**
 * How many shards a corpus is cut into, and how many items one holds at most: as many as its estimated resident bytes
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
    if (total <= shardBytes * SAFETY) return { shards: 1, cap };
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
