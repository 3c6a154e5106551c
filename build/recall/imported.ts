import { smallerIsNearer } from "../../worker/core/forest/metrics.ts";
import type { Forest, Neighbours } from "../../worker/core/forest/types.ts";
import type { CertifiedRecall, CertifiedRow } from "../../worker/core/format/meta.ts";
import { createRandom } from "../numeric/random.ts";
import { meanOf, round } from "../numeric/statistics.ts";
import { between } from "./verify.ts";

/** Multiply-adds spent on exact answers: a few seconds. */
const BUDGET = 1e9;
const MOST_QUERIES = 100;
const LEAST_QUERIES = 10;
const NEAREST = 100;
/** The table doubles Annoy's default searchK this often. */
const DOUBLINGS = 5;

/**
 * Measures what recall an imported forest reaches, at Annoy's default searchK for ten neighbours and at multiples of
 * it. Queries lie between an item and a neighbour of it without being either: the items' own leaves would give them
 * away. Exact answers are the forest's own, over the vectors as stored. Deterministic. Undefined for fewer than two items.
 */
export function certifyImported(forest: Forest, items: Uint32Array): CertifiedRecall | undefined {
  const { metric, dimensions, nTrees } = forest;
  const count = items.length;
  if (count < 2) return undefined;
  const affordable = Math.max(LEAST_QUERIES, Math.floor(BUDGET / (count * dimensions)));
  const wanted = Math.min(MOST_QUERIES, affordable, count);
  const random = createRandom(2);
  const queries = Array.from({ length: wanted }, (_, i) =>
    between(forest, items[Math.floor((i * count) / wanted)]!, random),
  );
  // A filter of which nothing is expected to pass is answered by looking at every item.
  const all = { accept: () => true, acceptFraction: 0 };
  const exact = queries.map((query) => forest.search(query, { k: NEAREST, ...all }));
  const sign = smallerIsNearer(metric) ? 1 : -1;
  const rows: CertifiedRow[] = [];
  for (let i = 0, searchK = 10 * nTrees; i <= DOUBLINGS; i++, searchK *= 2) {
    const found = queries.map((query) => forest.search(query, { k: NEAREST, searchK }));
    const recall = (k: number) =>
      round(meanOf([...found.entries()], ([q, f]) => recallOf(f, exact[q]!, k, sign)));
    const candidates = meanOf(found, (f) => f.candidates);
    rows.push({
      searchK,
      recallAt1: recall(1),
      recallAt10: recall(10),
      recallAt100: recall(100),
      candidates: Math.round(candidates),
      scored: Math.round(meanOf(found, (f) => f.scored)),
    });
    if (candidates >= count) break;
  }
  const { searchK, recallAt1, recallAt10, recallAt100 } = rows[0]!;
  const certified = { defaultSearchK: searchK, recallAt1, recallAt10, recallAt100 };
  return { target: 0, queries: wanted, heldOut: false, rows, ...certified };
}

/** The share of the k nearest that was found; whatever is as near as the k-th counts. */
function recallOf(found: Neighbours, exact: Neighbours, k: number, sign: number): number {
  const wanted = Math.min(k, exact.items.length);
  if (wanted === 0) return 1;
  const farthest = sign * exact.distances[wanted - 1]!;
  const hits = found.distances.slice(0, wanted).filter((d) => sign * d <= farthest).length;
  return hits / wanted;
}
