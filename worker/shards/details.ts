import type { ItemDetails } from "../search/shards/types.ts";
import type { DetailsPart } from "./address.ts";

/** A call carries 32 MiB at most, of which characters may take two bytes each: https://developers.cloudflare.com/workers/runtime-apis/rpc/#limitations */
const MAX_BYTES = 24 * 1024 * 1024;

/** As many details as one call carries, at least one; whoever asked asks again for the rest. */
export function firstPart(details: readonly ItemDetails[], maxBytes = MAX_BYTES): DetailsPart {
  let bytes = 0;
  for (const [i, one] of details.entries()) {
    bytes += bytesOf(one);
    if (i > 0 && bytes > maxBytes) {
      return { details: details.slice(0, i), rest: details.slice(i).map(({ item }) => item) };
    }
  }
  return { details, rest: [] };
}

function bytesOf({ id, pageContent = "", metadata, vector }: ItemDetails): number {
  const characters = id.length + pageContent.length + (metadata ? JSON.stringify(metadata).length : 0);
  return 2 * characters + (vector?.byteLength ?? 0);
}
