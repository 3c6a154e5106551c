import type { Forest } from "../../worker/core/forest/types.ts";
import type { CertifiedRecall } from "../../worker/core/format/meta.ts";
import type { ShardSet } from "../../worker/core/search/shards/types.ts";
import type { LocalIndex } from "../local/types.ts";
import { createRandom } from "../numeric/random.ts";
import { between, queriesFor } from "../recall/verify.ts";
import type { Progress } from "../settings/progress.ts";
import { recallsOf, type SearchedShard } from "../sharding/verify.ts";
import { DEPTHS, joinForests, liveItems, MOST_QUERIES, withRecalls } from "./measure.ts";

/** The vectors of a shard, of base and changes together where it has both. */
export function searchedShard({ forest, changes }: LocalIndex): SearchedShard {
  const joined = changes ? joinForests(changes) : forest;
  return { forest: joined, items: liveItems(joined) };
}

export interface CertifiedShards {
  readonly router: Forest;
  readonly set: ShardSet;
  readonly shards: readonly LocalIndex[];
}

/**
 * The recall of all shards with their changes, as a search routes and merges them: on vectors that lie between an item and
 * its neighbours and are none themselves. As many queries come from the changes as from the bases.
 */
export async function certifyShards(
  { router, set, shards }: CertifiedShards,
  certified: CertifiedRecall,
  onProgress?: (progress: Progress) => void,
): Promise<CertifiedRecall> {
  const searched = shards.map(searchedShard);
  const total = searched.reduce((sum, { items }) => sum + items.length, 0);
  const depths = DEPTHS.filter((k) => k < total);
  if (depths.length === 0) return { ...certified, queries: 0, heldOut: false };
  const firsts = shards.map(({ forest }) => forest.nItems);
  const wanted = Math.min(MOST_QUERIES, queriesFor(total, router.dimensions));
  const random = createRandom(1);
  const old = picker(searched, (s, item) => item < firsts[s]!);
  const fresh = picker(searched, (s, item) => item >= firsts[s]!);
  const queries = Array.from({ length: wanted }, (_, i) => {
    const [own, other] = i % 2 === 0 ? [old, fresh] : [fresh, old];
    const { forest, item } = (own.count > 0 ? own : other).pick(random());
    return between(forest, item, random);
  });
  const open = async (s: number) => searched[s]!;
  return withRecalls(certified, await recallsOf({ router, set, open }, queries, depths, onProgress));
}

/** Picks among some of the items of all shards. */
function picker(shards: readonly SearchedShard[], isOwn: (shard: number, item: number) => boolean) {
  const lists = shards.map(({ items }, s) => items.filter((item) => isOwn(s, item)));
  const count = lists.reduce((sum, { length }) => sum + length, 0);
  return {
    count,
    pick(share: number): { readonly forest: Forest; readonly item: number } {
      let place = Math.floor(share * count);
      const s = lists.findIndex(({ length }) => {
        place -= length;
        return place < 0;
      });
      return { forest: shards[s]!.forest, item: lists[s]!.at(place)! };
    },
  };
}
