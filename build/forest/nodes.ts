import { bitsOfSlot, LEAF_BIT, NODE, NODE_WORDS } from "../../worker/core/forest/compact/nodes.ts";
import type { Geometry } from "../numeric/geometry.ts";
import type { TreeNode } from "./tree.ts";

/** The node sections of a compact forest, and what the other sections need to know of it. */
export interface EncodedNodes {
  readonly nodes: Uint32Array;
  readonly centroids: Int8Array;
  readonly roots: Uint32Array;
  readonly leafItems: Uint32Array;
  /** Slot to row: the rows of the first tree's leaves, one leaf behind the other. */
  readonly order: Uint32Array;
  /** For every slot, its leaf of the first tree, counted from 0. */
  readonly leafOf: Uint32Array;
  /** The point that sketches of each of those leaves are relative to, `dimensions` numbers each. */
  readonly centres: Float32Array;
  readonly splitNodes: number;
  readonly leafNodes: number;
}

/**
 * Lays the trees out: the roots' children first, then the children of every split node in the order of their parents
 * (the order that worker/core/forest/compact/nodes.ts checks).
 *
 * @param reach what the best child of a split node is expected to rank above the node itself
 */
export function encodeNodes(
  trees: readonly (readonly TreeNode[])[],
  geometry: Geometry,
  reach: number,
): EncodedNodes {
  const { dimensions } = geometry;
  const count = geometry.rows.length / geometry.width;
  const ordered: { node: TreeNode; tree: number }[] = trees.flatMap((children, tree) =>
    children.map((node) => ({ node, tree })),
  );
  const roots = new Uint32Array(trees.length * 2);
  let nextChild = 0;
  for (const [t, children] of trees.entries()) {
    roots[t * 2] = nextChild;
    roots[t * 2 + 1] = children.length;
    nextChild += children.length;
  }
  for (let i = 0; i < ordered.length; i++) {
    const { node, tree } = ordered[i]!;
    for (const child of node.children ?? []) ordered.push({ node: child, tree });
  }
  const words = new Uint32Array(ordered.length * NODE_WORDS);
  const floats = new Float32Array(words.buffer);
  const centroids = new Int8Array(ordered.length * dimensions);
  const order = new Uint32Array(count);
  const leafOf = new Uint32Array(count);
  const slotOf = new Uint32Array(count);
  const firstLeaves = ordered.filter(({ node, tree }) => tree === 0 && node.rows).length;
  const centres = new Float32Array(firstLeaves * dimensions);
  let slot = 0;
  let leaf = 0;
  for (const [i, { node, tree }] of ordered.entries()) {
    const step = quantise(node.centroid, dimensions, centroids, i * dimensions);
    const at = i * NODE_WORDS;
    const weight = node.rows && geometry.spherical ? meanProduct(geometry, node.rows, node.centroid) : 1;
    const bias = geometry.spherical ? 0 : -halfSquares(node.centroid);
    floats[at + NODE.scale] = step;
    floats[at + NODE.bias] = node.rows ? bias : bias + reach;
    floats[at + NODE.base] = node.rows ? step * weight : 0;
    if (node.rows) {
      words[at + NODE.count] = (node.rows.length | LEAF_BIT) >>> 0;
      if (tree > 0) continue;
      words[at + NODE.first] = slot;
      for (const row of node.rows) {
        slotOf[row] = slot;
        leafOf[slot] = leaf;
        order[slot++] = row;
      }
      const base = floats[at + NODE.base]!;
      for (let j = 0; j < dimensions; j++)
        centres[leaf * dimensions + j] = centroids[i * dimensions + j]! * base;
      leaf++;
    } else {
      words[at + NODE.first] = nextChild;
      words[at + NODE.count] = node.children!.length;
      nextChild += node.children!.length;
    }
  }
  const leafItems = packLaterTrees(ordered, words, slotOf, trees.length, count);
  const leafNodes = ordered.filter(({ node }) => node.rows).length;
  // Every root is a split node of its own, though it needs no record.
  const splitNodes = ordered.length - leafNodes + trees.length;
  return { nodes: words, centroids, roots, leafItems, order, leafOf, centres, splitNodes, leafNodes };
}

function packLaterTrees(
  ordered: readonly { node: TreeNode; tree: number }[],
  words: Uint32Array,
  slotOf: Uint32Array,
  trees: number,
  count: number,
): Uint32Array {
  const bits = bitsOfSlot(count);
  const packed = new Uint32Array(Math.ceil((count * (trees - 1) * bits) / 32));
  let position = 0;
  for (const [i, { node, tree }] of ordered.entries()) {
    if (tree === 0 || !node.rows) continue;
    words[i * NODE_WORDS + NODE.first] = count + position;
    for (const slot of node.rows.map((row) => slotOf[row]!).sort()) {
      const bit = position * bits;
      const word = Math.floor(bit / 32);
      const shift = bit & 31;
      packed[word]! |= slot << shift;
      if (shift + bits > 32) packed[word + 1]! |= slot >>> (32 - shift);
      position++;
    }
  }
  return packed;
}

/** Writes int8 codes of the first `dimensions` coordinates; returns the step between codes. */
function quantise(centroid: Float32Array, dimensions: number, codes: Int8Array, at: number): number {
  let largest = 0;
  for (let i = 0; i < dimensions; i++) largest = Math.max(largest, Math.abs(centroid[i]!));
  const step = largest / 127;
  if (step > 0) for (let i = 0; i < dimensions; i++) codes[at + i] = Math.round(centroid[i]! / step);
  return step;
}

function halfSquares(centroid: Float32Array): number {
  let sum = 0;
  for (const x of centroid) sum += x * x;
  return sum / 2;
}

/** The mean inner product of a leaf's rows with its direction: how far along it their mean lies. */
function meanProduct({ rows, width }: Geometry, list: Uint32Array, direction: Float32Array): number {
  let sum = 0;
  for (const row of list) for (let i = 0; i < width; i++) sum += rows[row * width + i]! * direction[i]!;
  return list.length > 0 ? sum / list.length : 0;
}

/**
 * Rank of a promising split node's best child above its own, on average over some rows: added to the rank of
 * split nodes, so that a walk compares them with leaves fairly. The node that a row itself belongs to says nothing of
 * other queries and is left out.
 */
export function measureReach(children: readonly TreeNode[], geometry: Geometry, rows: Uint32Array): number {
  const { dimensions, spherical } = geometry;
  const rank = (node: TreeNode, row: number) => {
    let sum = 0;
    for (let i = 0; i < dimensions; i++) sum += node.centroid[i]! * geometry.rows[row * geometry.width + i]!;
    return spherical ? sum : sum - halfSquares(node.centroid);
  };
  const splits = children.filter((node) => node.children);
  let sum = 0;
  let count = 0;
  for (const row of rows) {
    const ranked = splits.map((node) => ({ node, rank: rank(node, row) })).sort((a, b) => b.rank - a.rank);
    for (const { node, rank: own } of ranked.slice(1, 9)) {
      let best = Number.NEGATIVE_INFINITY;
      for (const child of node.children!) best = Math.max(best, rank(child, row));
      sum += best - own;
      count++;
    }
  }
  return count > 0 ? sum / count : 0;
}
