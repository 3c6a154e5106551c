import { LEAF_BIT, NODE, NODE_WORDS, type NodeTable } from "./nodes.ts";
import type { Sketches } from "./sketches.ts";

/** Writes the approximate vector that a sketch stands for: the centre it is relative to, plus the residual's signs. */
export type SketchDecoder = (slot: number, row: Float32Array) => void;

/**
 * A decoder for forests whose vectors are nothing but sketches. A rotated residual r' with signs s has |r'|_1 / bits
 * as its mean coordinate; for the near-Gaussian coordinates that a random rotation gives, that is 2 / pi times the
 * stored factor. O(bits log bits) a vector.
 */
export function sketchDecoder(
  nodes: NodeTable,
  sketches: Sketches,
  dimensions: number,
  nSlots: number,
  translation: Float32Array | undefined,
): SketchDecoder {
  const { words, floats, centroids } = nodes;
  const leaves: number[] = [];
  for (let i = 0; i < nodes.count; i++) {
    const size = words[i * NODE_WORDS + NODE.count]!;
    if (size & LEAF_BIT && size !== LEAF_BIT >>> 0 && words[i * NODE_WORDS + NODE.first]! < nSlots)
      leaves.push(i);
  }
  const rotated = new Float32Array(sketches.rotation.bits);
  return (slot, row) => {
    const at = slot * sketches.stride;
    const code = (sketches.rows[at + sketches.stride - 1]! & 0xffff) * sketches.factorStep * (2 / Math.PI);
    rotated.fill(0);
    for (let i = 0; i < sketches.bits; i++)
      rotated[i] = (sketches.rows[at + (i >>> 5)]! >>> (i & 31)) & 1 ? code : -code;
    sketches.rotation.inverse(rotated);
    for (let i = 0; i < dimensions; i++) row[i] = rotated[i]! + (translation?.[i] ?? 0);
    if (sketches.centre) {
      for (let i = 0; i < dimensions; i++) row[i]! += sketches.centre[i]!;
      return;
    }
    const leaf = leaves[lastAtMost(leaves, slot, words)];
    if (leaf === undefined) return;
    const base = floats[leaf * NODE_WORDS + NODE.base]!;
    for (let i = 0; i < dimensions; i++) row[i]! += centroids[leaf * dimensions + i]! * base;
  };
}

/** Position of the last leaf that begins at or before `slot`. */
function lastAtMost(leaves: readonly number[], slot: number, words: Uint32Array): number {
  let low = 0;
  let high = leaves.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (words[leaves[middle]! * NODE_WORDS + NODE.first]! <= slot) low = middle;
    else high = middle - 1;
  }
  return low;
}
