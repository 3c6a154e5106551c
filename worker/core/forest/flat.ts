import type { Artifact } from "../format/artifact.ts";
import { ArtifactError } from "../format/errors.ts";
import { finishHits, ruledOutBy } from "./finish.ts";
import { itemVectors } from "./item-vectors.ts";
import { createMeter, type Meter } from "./meter.ts";
import { type PreparedQuery, prepareQuery } from "./query.ts";
import { itemAt, openSlots, type SlotTable, slotOf } from "./slots.ts";
import { TopScores } from "./top.ts";
import type { Forest, ForestSearchOptions } from "./types.ts";
import type { VectorStore } from "./vector-stores.ts";
import { openVectors } from "./vectors.ts";

const BLOCK = 1024;

/** A forest without trees: every vector is scored. Right for small indexes. */
export function openFlat(artifact: Artifact): Forest {
  const { metric, dimensions, nItems } = artifact.header;
  const vectors = openVectors(artifact, "vectors");
  if (!vectors) throw new ArtifactError("MISSING_SECTION", "The artifact has no section vectors.");
  const rescore = openVectors(artifact, "rescore");
  const stored = rescore ?? vectors;
  const slots = openSlots(artifact);
  const { decode, ...vectorsByItem } = itemVectors(artifact.header, slots, stored.decode);
  return {
    artifact,
    metric,
    dimensions,
    nItems,
    nTrees: 0,
    defaultSearchK: () => vectors.count,
    ...vectorsByItem,
    search(query, options) {
      const { k, searchK = -1, work } = options;
      if (searchK === 0) return { items: [], distances: [], met: 0, candidates: 0, scored: 0 };
      const prepared = prepareQuery(metric, query);
      const kept = keptForRescoring(k, rescore !== undefined);
      const meter = createMeter(work, dimensions);
      const scan = { vectors, slots, query: prepared, meter };
      const { top, scored } = exactScan(scan, kept, options);
      meter.finish(0, 0, scored + top.size);
      const ruledOut = ruledOutBy(vectors, prepared, slots, top);
      const { items, distances } = finishHits({ metric, query, k }, top.sorted(), decode, ruledOut);
      return { items, distances, met: scored, candidates: scored, scored };
    },
  };
}

/**
 * Number of the best by quick scores whose distance is computed in double precision. A few more than k make up for
 * products of small integers; twice as many and some where rescoring vectors are in memory, because among near duplicates
 * only those tell one from the other.
 */
export function keptForRescoring(k: number, hasRescore: boolean): number {
  return hasRescore ? 2 * k + 16 : k + 8 + (k >>> 2);
}

/** Vectors to scan, and what with. */
interface Scan {
  readonly vectors: VectorStore;
  readonly slots: SlotTable;
  readonly query: PreparedQuery;
  readonly meter: Meter;
}

/**
 * Scores every accepted vector. O(vectors x dimensions); with `acceptBits`, O(items / 32 + accepted x dimensions).
 */
export function exactScan(
  { vectors, slots, query, meter }: Scan,
  kept: number,
  { accept, acceptBits: bits }: Pick<ForestSearchOptions, "accept" | "acceptBits">,
): { top: TopScores; scored: number } {
  const block = new Uint32Array(BLOCK);
  const scores = new Float32Array(BLOCK);
  const top = new TopScores(Math.min(kept, vectors.count));
  let scored = 0;
  let n = 0;
  const flush = () => {
    vectors.score(query, block, n, scores);
    scored += n;
    meter.count(0, 0, scored);
    for (let j = 0; j < n; j++) top.push(scores[j]!, itemAt(slots, block[j]!));
    n = 0;
  };
  const take = (item: number, slot: number) => {
    if (slot < 0 || (accept && !accept(item))) return;
    block[n++] = slot;
    if (n === BLOCK) flush();
  };
  if (bits) {
    for (let w = 0; w < bits.length; w++) {
      for (let word = bits[w]!; word !== 0; word &= word - 1) {
        const item = w * 32 + 31 - Math.clz32(word & -word);
        take(item, slotOf(slots, item));
      }
    }
  } else {
    for (let slot = 0; slot < vectors.count; slot++) take(itemAt(slots, slot), slot);
  }
  flush();
  return { top, scored };
}
