import type { Artifact } from "../format/artifact.ts";
import { distanceBetween, smallerIsNearer } from "./metrics.ts";
import { itemAt, openSlots, type SlotTable, slotOf } from "./slots.ts";
import { TopScores } from "./top.ts";
import type { Forest, Neighbours } from "./types.ts";
import { openVectors, prepareQuery, type VectorStore } from "./vectors.ts";

const BLOCK = 1024;

/** A forest without trees: every vector is scored. Right for small indexes and for tight filters. */
export function openFlat(artifact: Artifact): Forest {
  const { metric, dimensions, nItems } = artifact.header;
  const vectors = openVectors(artifact);
  const slots = openSlots(artifact);
  const decoded = decoder(vectors, slots);
  return {
    artifact,
    metric,
    dimensions,
    nItems,
    nTrees: 0,
    defaultSearchK: () => vectors.count,
    vector: decoded,
    distance(i, j) {
      const a = decoded(i);
      const b = decoded(j);
      return a && b ? distanceBetween(metric, a, b) : undefined;
    },
    search(query, { k, accept }) {
      const block = new Uint32Array(BLOCK);
      const scores = new Float32Array(BLOCK);
      const prepared = prepareQuery(metric, query);
      const top = new TopScores(Math.min(k, vectors.count));
      top.reset(k);
      let scored = 0;
      for (let slot = 0; slot < vectors.count; ) {
        let n = 0;
        for (; n < BLOCK && slot < vectors.count; slot++) {
          if (!accept || accept(itemAt(slots, slot))) block[n++] = slot;
        }
        vectors.score(prepared, block, n, scores);
        scored += n;
        for (let j = 0; j < n; j++) top.push(scores[j]!, itemAt(slots, block[j]!));
      }
      return finish(top, query, decoded, metric, scored);
    },
  };
}

/** Item to a new array with its vector. */
export function decoder(vectors: VectorStore, slots: SlotTable): (item: number) => Float32Array | undefined {
  return (item) => {
    const slot = slotOf(slots, item);
    if (slot < 0) return undefined;
    const out = new Float32Array(vectors.dimensions);
    vectors.decode(slot, out);
    return out;
  };
}

/** Annoy's distances of the kept items, in double precision, nearest first; ties by item number. */
function finish(
  top: TopScores,
  query: Float32Array,
  decoded: (item: number) => Float32Array | undefined,
  metric: Forest["metric"],
  scored: number,
): Neighbours {
  const keys = new Uint32Array(top.size);
  const scores = new Float64Array(top.size);
  const count = top.drain(keys, scores);
  const sign = smallerIsNearer(metric) ? 1 : -1;
  const hits: { item: number; distance: number }[] = [];
  for (let i = 0; i < count; i++) {
    const vector = decoded(keys[i]!);
    if (vector) hits.push({ item: keys[i]!, distance: distanceBetween(metric, query, vector) });
  }
  hits.sort((a, b) => sign * (a.distance - b.distance) || a.item - b.item);
  return {
    items: hits.map((h) => h.item),
    distances: hits.map((h) => h.distance),
    candidates: scored,
    scored,
  };
}
