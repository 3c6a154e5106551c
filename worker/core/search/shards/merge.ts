import { FACET_VALUES } from "../../columns/facets.ts";
import type { Metric } from "../../format/constants.ts";
import type { FacetCounts } from "../types.ts";
import type { ShardRanking, VectorSide, WordSide } from "./types.ts";

/**
 * One ranking out of those of the shards: by exact distance, by score, by item number where they are equal. Shards share
 * no items. O(n log n) of what came.
 */
export function mergeRankings(metric: Metric, rankings: readonly ShardRanking[], k: number): ShardRanking {
  const vectors = rankings.map((ranking) => ranking.vectors).filter((side) => side !== undefined);
  const words = rankings.map((ranking) => ranking.words).filter((side) => side !== undefined);
  const facets = rankings.map((ranking) => ranking.facets).filter((part) => part !== undefined);
  return {
    ...(vectors.length > 0 && { vectors: mergeVectors(metric, vectors, k) }),
    ...(words.length > 0 && { words: mergeWords(words, k) }),
    ...(facets.length > 0 && { facets: mergeFacets(facets) }),
    ...(rankings.some(({ estimated }) => estimated) && { estimated: true }),
  };
}

function mergeVectors(metric: Metric, sides: readonly VectorSide[], k: number): VectorSide {
  // Of inner products the larger are the nearer.
  const sign = metric === "dot" ? -1 : 1;
  const all = sides.flatMap(({ items, distances }) =>
    items.map((item, i) => ({ item, distance: distances[i]! })),
  );
  all.sort((a, b) => sign * (a.distance - b.distance) || a.item - b.item);
  const best = all.slice(0, k);
  return { items: best.map(({ item }) => item), distances: best.map(({ distance }) => distance) };
}

function mergeWords(sides: readonly WordSide[], k: number): WordSide {
  const all = sides.flatMap(({ items, scores, distances }) =>
    items.map((item, i) => ({ item, score: scores[i]!, distance: distances?.[i] ?? Number.NaN })),
  );
  all.sort((a, b) => b.score - a.score || a.item - b.item);
  const best = all.slice(0, k);
  return {
    items: best.map(({ item }) => item),
    scores: best.map(({ score }) => score),
    // A shard that lacks a word of the query knows nothing of what it would have been worth.
    bound: sides.reduce((most, { bound }) => Math.max(most, bound), 0),
    ...(sides.some(({ distances }) => distances) && { distances: best.map(({ distance }) => distance) }),
  };
}

function mergeFacets(parts: readonly FacetCounts[]): FacetCounts {
  const fields = [...new Set(parts.flatMap((part) => Object.keys(part)))];
  return Object.fromEntries(
    fields.map((field) => {
      const counts = new Map<string | number | boolean, number>();
      for (const part of parts) {
        for (const { value, count } of part[field] ?? []) counts.set(value, (counts.get(value) ?? 0) + count);
      }
      const entries = [...counts].map(([value, count]) => ({ value, count }));
      entries.sort((a, b) => b.count - a.count || compareValues(a.value, b.value));
      return [field, entries.slice(0, FACET_VALUES)];
    }),
  );
}

/** As a column has its values: texts in the order of their bytes, which is that of code points and not of UTF-16. */
function compareValues(a: string | number | boolean, b: string | number | boolean): number {
  if (typeof a !== "string" || typeof b !== "string") return Number(a) - Number(b);
  const [one, other] = [[...a], [...b]];
  const at = one.findIndex((character, i) => character !== other[i]);
  if (at === -1) return one.length - other.length;
  return one[at]!.codePointAt(0)! - (other[at]?.codePointAt(0) ?? -1);
}
