import type { Forest } from "../../worker/core/forest/types.ts";
import type { CertifiedRecall } from "../../worker/core/format/meta.ts";
import type { ShardSet } from "../../worker/core/search/shards/types.ts";
import type { LocalIndex } from "../local/types.ts";
import { liveItems, queriesFor } from "../recall/verify.ts";
import type { Progress } from "../settings/progress.ts";
import { recallsOf } from "../sharding/verify.ts";
import {
  DEPTHS,
  joinForests,
  type MeasuredPart,
  MOST_QUERIES,
  mixedQueries,
  withRecalls,
} from "./measure.ts";

/** The vectors of a shard, of base and changes together where it has both. */
export function searchedShard({ forest, changes }: LocalIndex): MeasuredPart {
  const joined = changes ? joinForests(changes) : forest;
  return { forest: joined, items: liveItems(joined), first: forest.nItems };
}

export interface CertifiedShards {
  readonly router: Forest;
  readonly set: ShardSet;
  readonly shards: readonly LocalIndex[];
}

/** The recall of all shards with their changes, as a search routes and merges them. */
export async function certifyShards(
  { router, set, shards }: CertifiedShards,
  certified: CertifiedRecall,
  onProgress?: (progress: Progress) => void,
): Promise<CertifiedRecall> {
  const searched = shards.map(searchedShard);
  const total = searched.reduce((sum, { items }) => sum + items.length, 0);
  const depths = DEPTHS.filter((k) => k < total);
  if (depths.length === 0) return { ...certified, queries: 0, heldOut: false };
  const wanted = Math.min(MOST_QUERIES, queriesFor(total, router.dimensions));
  const queries = mixedQueries(searched, wanted);
  const open = async (s: number) => searched[s]!;
  return withRecalls(certified, await recallsOf({ router, set, open }, queries, depths, onProgress));
}
