import { ANSWER_BYTES } from "../../format/work.ts";
import type { DetailsPart, ItemDetails, ShardCall } from "./types.ts";

/** A call carries 32 MiB at most, of which characters may take two bytes each: https://developers.cloudflare.com/workers/runtime-apis/rpc/#limitations */
export const MAX_CALL_BYTES = 24 * 1024 * 1024;

/**
 * As many details as there is room for; the caller asks again for the rest.
 *
 * @param least number returned whatever their bytes, so that repeated calls end
 */
export function firstPart(
  details: readonly ItemDetails[],
  maxBytes: number,
  least: number,
): DetailsPart & { readonly bytes: number } {
  let bytes = 0;
  for (const [i, one] of details.entries()) {
    const own = bytesOf(one);
    if (i >= least && bytes + own > maxBytes) {
      return { details: details.slice(0, i), rest: details.slice(i).map(({ item }) => item), bytes };
    }
    bytes += own;
  }
  return { details, rest: [], bytes };
}

/** Approximate bytes of an item's details in a call. */
export function bytesOf({ id = "", pageContent = "", metadata, vector, place }: ItemDetails): number {
  const characters = id.length + pageContent.length + (metadata ? JSON.stringify(metadata).length : 0);
  return 2 * characters + (vector?.byteLength ?? 0) + (place ? 200 : 0) + 50;
}

/** Bytes of a ranked item with its place, of one in a list, and of a call without either. */
const RANKED_BYTES = 400;
const LISTED_BYTES = 50;
const LEAST_BYTES = 20_000;
/** Bytes of a value of a facet, and of the values of all facets of a call. */
const VALUE_BYTES = 50;
export const MAX_FACET_BYTES = MAX_CALL_BYTES / 3;

/** Approximate memory that a call takes in a shard, in bytes. @param dimensions of the vectors */
export function bytesOfCall({ ranks, details, passing = [] }: ShardCall, dimensions: number): number {
  let bytes = LEAST_BYTES;
  let facetBytes = 0;
  for (const { k, facets = [], whole } of ranks) {
    bytes += k * RANKED_BYTES;
    facetBytes += facets.length * (whole?.facetValues ?? 0) * VALUE_BYTES;
  }
  bytes += Math.min(facetBytes, MAX_FACET_BYTES);
  for (const { items } of passing) bytes += items.length * LISTED_BYTES;
  for (const { items, vectors } of details) bytes += items.length * (vectors ? 4 * dimensions : LISTED_BYTES);
  // The documents of a call are bounded together.
  return bytes + (details.some(({ documents }) => documents) ? ANSWER_BYTES : 0);
}
