import type { FusionMeta } from "../format/meta.ts";

/** One side of a fusion: best first, scores in 0..1. */
export interface RankedItems {
  readonly items: readonly number[];
  readonly scores: readonly number[];
}

export type Fusion = Pick<FusionMeta, "method" | "keywordWeight" | "rrfK">;

/** Each side gives at least this many items, so that one that both like meets itself. */
export const FUSION_DEPTH = 100;

/** For an index without calibrated weights. k = 20 was best on eight sets of documents. */
export const DEFAULT_FUSION: Fusion = { method: "rrf", keywordWeight: 0.5, rrfK: 20 };

/**
 * One ranking out of two. `rrf` adds reciprocal ranks (Cormack, Clarke and Büttcher 2009), w / (rrfK + rank), scaled
 * so that the first of both sides has 1; `score` adds the weighted scores. An item that one side does not have gets
 * nothing from it. Ties by item number. O(n log n).
 */
export function fuse(
  keyword: RankedItems,
  vector: RankedItems,
  { method, keywordWeight, rrfK }: Fusion,
): { items: number[]; scores: number[] } {
  const fused = new Map<number, number>();
  const add = ({ items, scores }: RankedItems, weight: number): void => {
    for (const [i, item] of items.entries()) {
      const part = method === "rrf" ? (rrfK + 1) / (rrfK + i + 1) : scores[i]!;
      fused.set(item, (fused.get(item) ?? 0) + weight * part);
    }
  };
  // A side that found nothing has no say: the other's scores keep their meaning.
  const weight = keyword.items.length === 0 ? 0 : vector.items.length === 0 ? 1 : keywordWeight;
  add(keyword, weight);
  add(vector, 1 - weight);
  const entries = [...fused].sort(([a, x], [b, y]) => y - x || a - b);
  return {
    items: entries.map(([item]) => item),
    scores: entries.map(([, score]) => Math.min(1, Math.max(0, score))),
  };
}
