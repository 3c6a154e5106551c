import { openLocalIndex } from "../../../build/local/local-index.ts";
import type { LocalIndex } from "../../../build/local/types.ts";
import { createRandom } from "../../../build/numeric/random.ts";
import { distanceBetween } from "../../../worker/core/forest/metrics.ts";
import { TopScores } from "../../../worker/core/forest/top.ts";
import { cpuMs, medians } from "../clock.ts";

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
const ROUNDS = 5;

interface Query {
  readonly item: number;
  readonly vector: Float32Array;
}

/**
 * Recall@10 of filtered searches against exact filtered search, and what they cost. Queries are vectors of the index's own
 * items, each without itself among its answers; filters pass random items.
 */
export async function measureFilters(dir: string, count = 100): Promise<FilterResult[]> {
  const index = await openLocalIndex(dir);
  try {
    const { forest } = index;
    const random = createRandom(2);
    const { nItems } = forest.artifact.header;
    const queries = Array.from({ length: count }, () => Math.floor(random() * nItems)).flatMap(
      (item): Query[] => {
        const vector = forest.vector(item);
        return vector ? [{ item, vector }] : [];
      },
    );
    const ways = SHARES.map((share) => {
      const { passing, filter } = randomFilter(nItems, share);
      // One more than wanted: the item itself is dropped.
      const search = () =>
        queries.map(({ vector }) => forest.search(vector, { k: K + 1, searchK: -1, ...filter }).items);
      return { share, passing, search };
    });
    const times = await medians(
      ways.map(
        ({ search }) =>
          () =>
            cpuMs(search),
      ),
      ROUNDS,
    );
    return ways.map(({ share, passing, search }, i) => ({
      share,
      recall: recallOf(queries, search(), nearest(forest, queries, passing)),
      milliseconds: times[i]! / queries.length,
    }));
  } finally {
    await index.close();
  }
}

/** A filter that passes a share of the items, and the items that it passes. */
function randomFilter(nItems: number, share: number) {
  const random = createRandom(1);
  const acceptBits = new Uint32Array(Math.ceil(nItems / 32));
  const passing: number[] = [];
  for (let item = 0; item < nItems; item++) {
    if (random() >= share) continue;
    acceptBits[item >>> 5]! |= 1 << (item & 31);
    passing.push(item);
  }
  const accept = (item: number) => ((acceptBits[item >>> 5]! >>> (item & 31)) & 1) === 1;
  const filter = { accept, acceptBits, acceptFraction: passing.length / nItems };
  return { passing, filter: share < 1 ? filter : {} };
}

function recallOf(queries: readonly Query[], found: readonly number[][], exact: readonly number[][]): number {
  let hits = 0;
  let wanted = 0;
  for (const [i, { item: own }] of queries.entries()) {
    const truth = exact[i]!;
    wanted += truth.length;
    const others = found[i]!.filter((item) => item !== own).slice(0, K);
    hits += others.filter((item) => truth.includes(item)).length;
  }
  return wanted === 0 ? 1 : hits / wanted;
}

/** The nearest of some items to each query, by the finest stored vectors; never the query's own. */
function nearest(
  { metric, vector }: LocalIndex["forest"],
  queries: readonly Query[],
  items: readonly number[],
): number[][] {
  const sign = metric === "dot" ? 1 : -1;
  const best = queries.map(() => new TopScores(K));
  // Items outside, so that each vector is decoded once.
  for (const item of items) {
    const other = vector(item);
    if (!other) continue;
    for (const [q, query] of queries.entries()) {
      if (item !== query.item) best[q]!.push(sign * distanceBetween(metric, query.vector, other), item);
    }
  }
  return best.map((top) => Array.from({ length: top.size }, (_, place) => top.keyAt(place)));
}
