import type { ForestSettings } from "../settings/options.ts";
import { estimateResident } from "./resident.ts";

/** Size of a corpus, as far as it decides the number of shards. */
export interface CorpusShape {
  readonly items: number;
  readonly dimensions: number;
  /** Bytes of `documents.jsonl`. */
  readonly documentBytes: number;
  readonly hasText: boolean;
}

/** The estimate is within a tenth of what is built. */
export const SHARD_SAFETY = 0.9;
/** Room for clusters to stay whole. */
const SLACK = 1.03;
/** Bytes of a line of `documents.jsonl` that are not text: braces, names, item, id. */
const LINE_OVERHEAD = 60;
/** `shardItems`, and a little for columns. */
const FURTHER_BYTES = 8;

/** Returns the number of shards of so many bytes that a corpus needs, and the most items of one. */
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
