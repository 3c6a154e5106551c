import { openLocalIndex } from "../../../build/local/local-index.ts";
import type { LocalIndex } from "../../../build/local/types.ts";
import { createRandom } from "../../../build/numeric/random.ts";
import { distanceBetween } from "../../../worker/core/forest/metrics.ts";

export interface FilterResult {
  /** Share of the items that the filter passes; 1 is no filter. */
  readonly share: number;
  /** Share of the ten nearest passing items, by an exact scan, that are found with the certified default. */
  readonly recall: number;
  /** Milliseconds of CPU a query. */
  readonly milliseconds: number;
}

const K = 10;
const SHARES = [1, 0.5, 0.1, 0.01, 0.001];

/**
 * Recall@10 of filtered searches against exact filtered search, and what they cost. Queries are vectors of the index's own
 * items, each without itself among its answers; filters pass random items.
 */
export async function measureFilters(dir: string, queries = 100): Promise<FilterResult[]> {
  const index = await openLocalIndex(dir);
  try {
    const random = createRandom(2);
    const { nItems } = index.forest.artifact.header;
    const asked = Array.from({ length: queries }, () => Math.floor(random() * nItems));
    return SHARES.map((share) => measure(index, asked, share));
  } finally {
    await index.close();
  }
}

function measure({ forest }: LocalIndex, asked: readonly number[], share: number): FilterResult {
  const { nItems } = forest.artifact.header;
  const random = createRandom(1);
  const bits = new Uint32Array(Math.ceil(nItems / 32));
  const passing: number[] = [];
  for (let item = 0; item < nItems; item++) {
    if (random() >= share) continue;
    bits[item >>> 5]! |= 1 << (item & 31);
    passing.push(item);
  }
  const filter = share < 1 && {
    accept: (item: number) => ((bits[item >>> 5]! >>> (item & 31)) & 1) === 1,
    acceptBits: bits,
    acceptFraction: passing.length / nItems,
  };
  const queries = asked.flatMap((item): Query[] => {
    const vector = forest.vector(item);
    return vector ? [{ item, vector: Float32Array.from(vector) }] : [];
  });
  // One more than wanted: the item itself is dropped.
  const search = (vector: Float32Array) => forest.search(vector, { k: K + 1, searchK: -1, ...filter });
  for (const { vector } of queries.slice(0, 50)) search(vector);
  const before = process.cpuUsage();
  const found = queries.map(({ vector }) => search(vector).items);
  const { user, system } = process.cpuUsage(before);

  const exact = nearest(forest, queries, passing);
  let hits = 0;
  let wanted = 0;
  for (const [i, { item: own }] of queries.entries()) {
    const truth = exact[i]!;
    wanted += truth.length;
    const others = found[i]!.filter((item) => item !== own).slice(0, K);
    hits += others.filter((item) => truth.includes(item)).length;
  }
  return {
    share,
    recall: wanted === 0 ? 1 : hits / wanted,
    milliseconds: (user + system) / 1000 / queries.length,
  };
}

interface Query {
  readonly item: number;
  readonly vector: Float32Array;
}

/** The nearest of some items to each query, by the finest stored vectors; never the query's own. */
function nearest(
  forest: LocalIndex["forest"],
  queries: readonly Query[],
  items: readonly number[],
): number[][] {
  const { metric } = forest;
  const sign = metric === "dot" ? -1 : 1;
  const best = queries.map((): { item: number; distance: number }[] => []);
  // Items outside, so that each vector is decoded once.
  for (const item of items) {
    const vector = forest.vector(item);
    if (!vector) continue;
    for (const [q, query] of queries.entries()) {
      const list = best[q]!;
      const distance = sign * distanceBetween(metric, query.vector, vector);
      if (item === query.item || (list.length === K && distance >= list[K - 1]!.distance)) continue;
      list.push({ item, distance });
      list.sort((a, b) => a.distance - b.distance || a.item - b.item);
      if (list.length > K) list.pop();
    }
  }
  return best.map((list) => list.map(({ item }) => item));
}
