import type { Forest } from "../../forest/types.ts";
import type { ShardQuery, ShardSet } from "./types.ts";

/** Shards to ask, and the searchK of each. */
export interface Route {
  /** Shards whose vectors are searched, the likeliest first. */
  readonly near: readonly number[];
  /** Shards that are asked for words alone. */
  readonly rest: readonly number[];
  readonly searchK: number;
  readonly effort: number;
}

/**
 * The shards that a query needs: those that own its nearest centroids, as many as the certified recall asks for. Words
 * may stand anywhere, and what a filter passes may lie anywhere, so both ask all shards.
 *
 * A searchK of its own is shared out among the shards; one that is larger than the certified effort asks more of them.
 */
export function routeQuery({ meta, owners }: ShardSet, router: Forest, query: ShardQuery): Route {
  const all = meta.list.map((_, i) => i);
  const { vector, searchK, k } = query;
  const everywhere = vector === undefined || meta.partition === "random" || query.filter !== undefined;
  const near = everywhere ? all : nearest(vector, router, { meta, owners }, probesOf(meta, searchK, k), k);
  const rest =
    query.words === undefined && query.facets === undefined && !query.total
      ? []
      : all.filter((i) => !near.includes(i));
  return {
    near,
    rest,
    searchK: searchK === -1 ? -1 : Math.max(1, Math.ceil(searchK / near.length)),
    effort: meta.effort,
  };
}

type Meta = ShardSet["meta"];

function probesOf(meta: Meta, searchK: number, k: number): number {
  // Ten neighbours lie in fewer places than a hundred do.
  const usual = meta.rows.find(({ probes }) => probes === meta.probes);
  const far = meta.rows.find((row) => usual && row.recallAt100 >= usual.recallAt10)?.probes;
  const certified = k <= 10 ? meta.probes : Math.max(meta.probes, far ?? meta.rows.at(-1)?.probes ?? 0);
  if (searchK === -1) return certified;
  const expected = meta.expectedSearchK;
  return expected > 0 && searchK > expected ? Math.ceil((certified * searchK) / expected) : certified;
}

/** Owners of the nearest centroids, in their order; more of them while they hold too few items. */
function nearest(
  vector: Float32Array,
  router: Forest,
  { meta: { list }, owners }: Pick<ShardSet, "meta" | "owners">,
  probes: number,
  k: number,
): number[] {
  const found = new Set<number>();
  let items = 0;
  const { items: centroids } = router.search(vector, { k: owners.length });
  for (const [i, centroid] of centroids.entries()) {
    if (i >= probes && items >= k) break;
    const owner = owners[centroid];
    if (owner === undefined || found.has(owner) || !list[owner]) continue;
    found.add(owner);
    items += list[owner].items;
  }
  return [...found];
}
