import type { DetailsPart, ItemDetails } from "./types.ts";

/** A call carries 32 MiB at most, of which characters may take two bytes each: https://developers.cloudflare.com/workers/runtime-apis/rpc/#limitations */
export const MAX_CALL_BYTES = 24 * 1024 * 1024;

/**
 * As many details as there is room for; whoever asked asks again for the rest.
 *
 * @param least how many there are whatever they take, so that asking again comes to an end
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

/** About what one takes on the way. */
export function bytesOf({ id = "", pageContent = "", metadata, vector, place }: ItemDetails): number {
  const characters = id.length + pageContent.length + (metadata ? JSON.stringify(metadata).length : 0);
  return 2 * characters + (vector?.byteLength ?? 0) + (place ? 200 : 0) + 50;
}
