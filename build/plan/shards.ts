import type { ForestSettings } from "../settings/options.ts";
import { estimateResident } from "./resident.ts";

/** What a corpus weighs, as far as it decides how many shards it takes. */
export interface CorpusShape {
  readonly items: number;
  readonly dimensions: number;
  /** Of `documents.jsonl`. */
  readonly documentBytes: number;
  readonly hasText: boolean;
}

/** The estimate is within a tenth of what is built. */
export const SHARD_SAFETY = 0.9;
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
  const { total, embedder } = estimateResident({
    items,
    dimensions,
    codec: codec === "auto" ? "int8" : codec,
    textBytes: hasText ? textBytes : 0,
    keyword: hasText && keyword,
  });
  // The embedder's table lies in the router.
  const perItem = (total - embedder) / items + FURTHER_BYTES;
  const cap = Math.max(1, Math.floor((shardBytes * SHARD_SAFETY) / perItem));
  return { needed: Math.ceil((items * SLACK) / cap), cap, perItem, total };
}
