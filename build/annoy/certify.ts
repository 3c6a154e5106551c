import type { Forest } from "../../worker/forest/types.ts";
import type { CertifiedRecall } from "../../worker/format/meta.ts";
import { measureRecall, type Truth } from "../forest/certify.ts";

/** Multiply-adds spent on exact answers: a few seconds. */
const BUDGET = 2e9;
const MOST_QUERIES = 200;
const NEAREST = 100;
/** The table doubles Annoy's default searchK this often. */
const DOUBLINGS = 5;

/**
 * Measures what recall an imported forest reaches, at Annoy's default searchK for ten neighbours and at multiples of
 * it, on items spread evenly over the index, each against all others. The trees have seen them: not held out.
 * Undefined for fewer than two items.
 */
export function certifyImported(forest: Forest, items: Uint32Array): CertifiedRecall | undefined {
  const { metric, dimensions } = forest;
  const count = items.length;
  if (count < 2) return undefined;
  const vectors = new Float32Array(count * dimensions);
  const rows = new Map<number, number>();
  for (const [row, item] of items.entries()) {
    vectors.set(forest.vector(item)!, row * dimensions);
    rows.set(item, row);
  }
  const affordable = Math.max(10, Math.floor(BUDGET / (count * dimensions)));
  const wanted = Math.min(MOST_QUERIES, affordable, Math.floor(count / 2));
  const queries = Uint32Array.from({ length: wanted }, (_, i) => Math.floor((i * count) / wanted));
  const isQuery = new Uint8Array(count);
  for (const row of queries) isQuery[row] = 1;
  const others = Uint32Array.from(rows.values()).filter((row) => isQuery[row] === 0);
  const truth: Truth = {
    metric,
    vectors,
    dimensions,
    queries,
    // The forest's own exact scan, which a filter of known small share asks for.
    nearest: Array.from(queries, (row) => {
      const { items: found } = forest.search(vectors.slice(row * dimensions, (row + 1) * dimensions), {
        k: NEAREST,
        searchK: -2,
        accept: (item) => isQuery[rows.get(item)!] === 0,
        acceptFraction: 0,
      });
      return Uint32Array.from(found, (item) => rows.get(item)!);
    }),
    itemOf: (row) => items[row]!,
    rowOf: (item) => rows.get(item)!,
    heldOut: false,
  };
  const table = [];
  for (let i = 0, searchK = 10 * forest.nTrees; i <= DOUBLINGS; i++, searchK *= 2) {
    const measured = measureRecall(forest, truth, searchK, [1, 10, 100], wanted);
    const [recallAt1, recallAt10, recallAt100] = measured.recall.map((x) => Math.round(x * 1e4) / 1e4);
    table.push({
      searchK,
      recallAt1: recallAt1!,
      recallAt10: recallAt10!,
      recallAt100: recallAt100!,
      candidates: Math.round(measured.candidates),
      scored: Math.round(measured.scored),
    });
    if (measured.candidates >= others.length) break;
  }
  const { searchK, recallAt1, recallAt10, recallAt100 } = table[0]!;
  return {
    target: 0,
    queries: wanted,
    heldOut: false,
    rows: table,
    defaultSearchK: searchK,
    recallAt1,
    recallAt10,
    recallAt100,
  };
}
